// One side of the timer benches, in its own process: timer-sides.mjs SIDE OPERATION PENDING BATCHES prints nanoseconds per
// operation. The whole cost counts, including garbage collection.

import { median, randomFrom } from "./measure.mjs";
import { drawer } from "./timer-draws.mjs";
import { rivals } from "./timer-rivals.mjs";

// Operations between two reads of the clock. The loop passes the time to its core once per 256 timers. This is a multiple of
// that, so that each batch includes all its work.
const BATCH = 512;
const WARM_SHARE = 0.6;
const FIRED = 1_500_000; // in all, in three runs or more
const RUNS = 75; // or fewer
const AT_ONCE = 1000;
const OURS = "wasm-ioloop/timers";
const LONGEST = 600; // seconds, so that nothing fires during a measurement

const callback = () => {};
const [name, operation, pendingText, batchesText] = process.argv.slice(2);
const [size, batches] = [Number(pendingText), Number(batchesText)];

// Where programs without a loop run.
const inCallback = (measure) => new Promise((resolve) => setTimeout(() => resolve(measure())));

/** Each side can make a timer of some seconds, restart it, and cancel it; and run a task where its programs run. */
const sides = {
  setTimeout: async () => ({
    within: inCallback,
    // oxlint-disable-next-line no-implied-eval -- it is a function
    make: (seconds, callback) => setTimeout(callback, seconds * 1000),
    restart: (timer) => timer.refresh(),
    cancel: (timer) => clearTimeout(timer),
  }),
  ours: async () => {
    const { IOLoop } = await import("wasm-ioloop");
    const loop = new IOLoop();
    const { reactor } = loop;
    return {
      within: async (measure) => {
        let result;
        loop.nextTick(() => {
          result = measure();
          if (!(result instanceof Promise)) loop.stop();
        });
        const ended = loop.start();
        if (!(result instanceof Promise)) await ended;
        return result;
      },
      make: (seconds, callback) => loop.timer(seconds, callback),
      restart: (id) => reactor.again(id),
      cancel: (id) => loop.remove(id),
    };
  },
  "ours-timers": async () => {
    const { clearTimeout, setTimeout } = await import("wasm-ioloop/timers");
    return {
      within: inCallback,
      make: (seconds, callback) => setTimeout(callback, seconds * 1000),
      restart: (timer) => timer.refresh(),
      cancel: (timer) => clearTimeout(timer),
    };
  },
  core: async () => alone(new (await import("wasm-ioloop/core")).Core(1)),
  undici: async () => ({ within: inCallback, ...rivals.undici() }),
  heap: async () => ({ within: inCallback, ...(await rivals.heap()) }),
  twin: async () => alone(new (await import("../build/twin/core.js")).TwinCore(1)),
};

// A core without a host: times and commands are passed as a host does it.
function alone(core) {
  const { calls } = core;
  const most = core.commands.length;
  let [commands, untimed] = [0, 0];
  const give = () => {
    calls.handleCommands(commands, 0);
    commands = untimed = 0;
  };
  return {
    within: async (measure) => measure(),
    make: (seconds) => {
      const id = calls.handleTimer(seconds * 1000, 0, NaN);
      core.refresh();
      if (++untimed === most) give();
      return id;
    },
    restart: (id) => {
      core.commands[commands++] = id;
      if (commands === most) give();
    },
    cancel: (id) => calls.handleTimerRemove(id),
  };
}

// A new timer stays pending and replaces a random other one. So timers live as long as they do with that many pending, and
// their garbage is old.
const makeSome = ({ side, pending, places, delays, made }) => {
  for (let i = 0; i < BATCH; i++) made[i] = side.make(delays[i], callback);
  return () => {
    for (let i = 0; i < BATCH; i++) {
      side.cancel(pending[places[i]]);
      pending[places[i]] = made[i];
    }
  };
};

/** The measured operations. Each does BATCH of them, and returns a function that restores the state, which is not measured. */
const operations = {
  "make-random": makeSome,
  "make-one": makeSome,
  restart: ({ side, pending, places }) => {
    for (let i = 0; i < BATCH; i++) side.restart(pending[places[i]]);
    return () => {};
  },
  cancel: ({ side, pending, places, delays }) => {
    for (let i = 0; i < BATCH; i++) side.cancel(pending[places[i]]);
    return () => {
      for (let i = 0; i < BATCH; i++) pending[places[i]] = side.make(delays[i], callback);
    };
  },
  // A new timer takes the place of the next one that is cancelled.
  mix: ({ side, pending, places, delays, made }) => {
    for (let i = 0; i < BATCH; i += 20) {
      const end = Math.min(i + 20, BATCH);
      made[0] = side.make(delays[i], callback);
      side.cancel(pending[places[i + 1]]);
      pending[places[i + 1]] = made[0];
      for (let j = i + 2; j < end; j++) side.restart(pending[places[j]]);
    }
    return () => {};
  },
};

// Calls the measured function, after calls of another one: an engine that has only seen a single function would inline it into the
// bench, with results that depend on the code around it.
const call = (work, given) => work(given);
call(() => {});

function measure(side) {
  const work = operations[operation];
  const draw = operation === "make-one" ? drawer(size, LONGEST / 2, LONGEST / 2) : drawer(size, 1, LONGEST);
  const delays = new Float64Array(BATCH);
  const places = new Int32Array(BATCH);
  const pending = [];
  while (pending.length < size) {
    draw(places, delays);
    for (let i = 0; i < BATCH && pending.length < size; i++) pending.push(side.make(delays[i], callback));
  }
  const made = [];
  for (let i = 0; i < BATCH; i++) made.push(pending[0]); // so that its elements have the final kind
  const warm = WARM_SHARE * batches; // engines compile hot code in several steps, in the background
  let milliseconds = 0;
  for (let batch = 0; batch < batches; batch++) {
    draw(places, delays);
    const begin = performance.now();
    const putBack = call(work, { side, pending, delays, places, made });
    if (batch >= warm) milliseconds += performance.now() - begin;
    putBack();
  }
  return (milliseconds * 1e6) / (BATCH * (batches - warm));
}

// Timers made and fired, all due together: the CPU time from the first one made to the last callback. The median of the last third of
// several runs counts, so that the code is warm: few timers need more runs than many.
function fire(side) {
  return new Promise((resolve) => {
    const seconds = Math.max(0.02, size / 2e6); // all of them are made before they are due
    const times = Math.max(3, Math.min(Math.ceil(FIRED / size), RUNS));
    const runs = [];
    const again = () => {
      const begin = process.cpuUsage();
      let left = size;
      const fired = () => {
        if (--left > 0) return;
        const { user, system } = process.cpuUsage(begin);
        runs.push(((user + system) * 1000) / size);
        if (runs.length < times) side.make(0, again); // in a separate callback, like the first run
        else resolve(median(runs.slice(-Math.ceil(times / 3))));
      };
      for (let i = 0; i < size; i++) side.make(seconds, fired);
    };
    again();
  });
}

// Promises of timers of 1 to 10 ms, a thousand at a time, while others are pending: the CPU time for each.
async function awaitSome(side) {
  const { setTimeout: sleep } = await import(name === "setTimeout" ? "node:timers/promises" : `${OURS}/promises`);
  const random = randomFrom(1);
  const pending = [];
  for (let i = 0; i < size; i++) pending.push(side.make(1 + random() * LONGEST, callback));
  const times = Math.max(2, batches / 50);
  let begin;
  for (let time = 0; time < times; time++) {
    if (time === times >> 1) begin = process.cpuUsage();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => awaited(sleep, 1 + (at % 10))));
  }
  const { user, system } = process.cpuUsage(begin);
  return ((user + system) * 1000) / ((times - (times >> 1)) * AT_ONCE);
}

async function awaited(sleep, milliseconds) {
  await sleep(milliseconds);
}

const work = { fire, await: awaitSome }[operation] ?? measure;
const side = await sides[name]();
const nanoseconds = await side.within(() => work(side));
console.log(JSON.stringify({ nanoseconds }));
process.exit(0);
