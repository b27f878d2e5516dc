// Timers that are restarted, or removed and made, after an `await`: outside-timers.mjs SIDE OPERATION BATCHES. SIDE ends with how many
// there are between two awaits, default 512. Prints nanoseconds for each.

import { IOLoop, SystemClock } from "wasm-ioloop";
import { drawer } from "../timer-draws.mjs";

const [side, operation, batchesText] = process.argv.slice(2);
const batches = Number(batchesText);
const BATCH = 512;
const PENDING = 1000;
const LONGEST = 600; // seconds, so that nothing fires during a measurement
const WARM_SHARE = 0.6;
const at = Number(/\d+$/.exec(side)?.[0] ?? BATCH); // how many between two awaits

// The loop may not rely on it as on the system's: each timer gets its time at once.
const system = new SystemClock();
const ownClock = { now: () => system.now(), alarm: (callback) => system.alarm(callback) };

const loop = new IOLoop(side.startsWith("at-once") ? { clock: ownClock } : {});
const { reactor } = loop;
const callback = () => {};
const done = Promise.resolve();
const draw = drawer(PENDING, 1, LONGEST);
const delays = new Float64Array(BATCH);
const places = new Int32Array(BATCH);
const pending = Array.from({ length: PENDING }, (_, i) => loop.timer(1 + (i % LONGEST), callback));

const operations = {
  restart: (from, end) => {
    for (let i = from; i < end; i++) reactor.again(pending[places[i]]);
  },
  replace: (from, end) => {
    for (let i = from; i < end; i++) {
      loop.remove(pending[places[i]]);
      pending[places[i]] = loop.timer(delays[i], callback);
    }
  },
};
const work = operations[operation];

const sides = {
  // As programs do it in a callback: all in one dispatch.
  inside: () =>
    new Promise((resolve) => {
      loop.nextTick(() => {
        const began = performance.now();
        work(0, BATCH);
        resolve(performance.now() - began);
      });
    }),
  outside: async () => {
    const began = performance.now();
    for (let from = 0; from < BATCH; from += at) {
      work(from, from + at);
      await done;
    }
    return performance.now() - began;
  },
};
const measured = side === "inside" ? sides.inside : sides.outside;

if (side !== "ours-stopped") void loop.start();
let milliseconds = 0;
for (let batch = 0; batch < batches; batch++) {
  draw(places, delays);
  const took = await measured();
  if (batch >= WARM_SHARE * batches) milliseconds += took;
  await new Promise((resolve) => setImmediate(resolve)); // the loop's next pass
}
console.log(JSON.stringify({ time: (milliseconds * 1e6) / (BATCH * batches * (1 - WARM_SHARE)) }));
process.exit(0);
