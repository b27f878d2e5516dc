// Timers of the loop against the runtime's own: what one costs to make, restart and cancel while so many are pending, as a
// program sees it, with id and callback.
//
//   node --expose-gc bench/timers.mjs [ROUNDS] [PENDING]…

import { IOLoop } from "wasm-ioloop";
import { compare, median, randomFrom, table } from "./measure.mjs";

const [rounds = 5, ...sizes] = process.argv.slice(2).map(Number);
const BATCH = 500; // operations between two looks at the clock
const BATCHES = 400;
const LONGEST = 600; // seconds: nothing fires while it is measured

const callback = () => {};

/** The two sides: each makes a timer of so many seconds, restarts it, cancels it. */
const sides = {
  setTimeout: () => ({
    make: (seconds) => setTimeout(callback, seconds * 1000),
    restart: (timer) => timer.refresh(),
    cancel: (timer) => clearTimeout(timer),
  }),
  loop: () => {
    const loop = new IOLoop();
    return {
      make: (seconds) => loop.timer(seconds, callback),
      restart: (id) => loop.reactor.again(id),
      cancel: (id) => loop.remove(id),
    };
  },
};

/** What is measured. Each does BATCH operations, and gives what puts things back as they were, which is not measured. */
const operations = {
  "make, random delay": ({ side, delays }) => {
    const made = [];
    for (let i = 0; i < BATCH; i++) made.push(side.make(delays[i]));
    return () => made.forEach(side.cancel);
  },
  "make, one delay": ({ side }) => {
    const made = [];
    for (let i = 0; i < BATCH; i++) made.push(side.make(300));
    return () => made.forEach(side.cancel);
  },
  restart: ({ side, pending, places }) => {
    for (let i = 0; i < BATCH; i++) side.restart(pending[places[i]]);
    return () => {};
  },
  cancel: ({ side, pending, delays }) => {
    for (let i = 0; i < BATCH; i++) side.cancel(pending[i]);
    return () => {
      for (let i = 0; i < BATCH; i++) pending[i] = side.make(delays[i]);
    };
  },
  "90 % restart, 5 % make, 5 % cancel": ({ side, pending, places, delays }) => {
    for (let i = 0; i < BATCH; i++) {
      const what = i % 20;
      if (what === 0) pending.push(side.make(delays[i]));
      else if (what === 1) {
        side.cancel(pending[places[i]]);
        pending[places[i]] = pending.pop();
      } else side.restart(pending[places[i]]);
    }
    return () => {};
  },
};

// One round of one side: the median of its batches, in nanoseconds an operation.
function round(side, size, operation) {
  const random = randomFrom(1);
  const delay = () => 1 + random() * (LONGEST - 1);
  const pending = Array.from({ length: size }, () => side.make(delay()));
  const delays = new Float64Array(BATCH);
  const places = new Int32Array(BATCH);
  const times = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let i = 0; i < BATCH; i++) {
      delays[i] = delay();
      places[i] = Math.floor(random() * size);
    }
    const begin = performance.now();
    const putBack = operation({ side, pending, delays, places });
    times.push(((performance.now() - begin) * 1e6) / BATCH);
    putBack();
  }
  for (const timer of pending) side.cancel(timer);
  return median(times.slice(BATCHES / 4)); // the first quarter warms up
}

const rows = [["operation", "pending", "setTimeout ns", "loop ns", "ratio", "spread"]];
for (const size of sizes.length > 0 ? sizes : [1000, 100_000]) {
  for (const [name, operation] of Object.entries(operations)) {
    if (process.stderr.isTTY) process.stderr.write(`\r${name}, ${size} pending …\x1b[K`);
    const candidates = Object.fromEntries(
      Object.entries(sides).map(([side, create]) => [side, () => round(create(), size, operation)]),
    );
    const { setTimeout: theirs, loop: ours } = await compare(candidates, rounds);
    const spread = `${Math.round(theirs.spread * 100)} %, ${Math.round(ours.spread * 100)} %`;
    const ratio = (theirs.median / ours.median).toFixed(1);
    rows.push([name, size, Math.round(theirs.median), Math.round(ours.median), ratio, spread]);
  }
}
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
console.log(`${process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.version}`}, ${rounds} rounds`);
table(rows);
