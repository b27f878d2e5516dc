// The lateness of timers: late-timers.mjs SIDE COUNT SECONDS SEED. Makes timers with random delays up to SECONDS, some in each
// iteration of the event loop, and prints how many milliseconds late they fired, and the share that fired too early.

import { percentile, randomFrom } from "../measure.mjs";
import { sides } from "./timers-of.mjs";

const [count, seconds, seed] = process.argv.slice(3).map(Number);
const { make, start } = sides[process.argv[2]]();
const random = randomFrom(seed);
const IN_A_TURN = 100;
const late = [];

let allFired;
const all = new Promise((resolve) => (allFired = resolve));
start();
for (let number = 0; number < count; number++) {
  if (number % IN_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  const delay = 1 + Math.floor(random() * (seconds * 1000 - 1));
  const made = performance.now();
  make(delay, () => {
    late.push(performance.now() - made - delay);
    if (late.length === count) allFired();
  });
}
await all;
const sorted = late.sort((a, b) => a - b);
const early = sorted.filter((milliseconds) => milliseconds < 0).length;
console.log(
  JSON.stringify({
    early: (early / count) * 100,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    max: sorted.at(-1),
  }),
);
process.exit(0);
