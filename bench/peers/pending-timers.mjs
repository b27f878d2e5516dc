// The memory of pending timers: pending-timers.mjs SIDE COUNT. Prints bytes per timer: as the system counts them, and as the
// runtime counts them, including WebAssembly memory.

import { randomFrom } from "../measure.mjs";

const [side, count] = [process.argv[2], Number(process.argv[3])];
const SETTLE_MILLISECONDS = 200;
const SOME = 10_000;

// Node and Deno do not count the memory of WebAssembly modules, or not always.
const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    memories.push(this.exports.memory);
  }
};

const { sides } = await import("./timers-of.mjs");
const { make } = sides[side]();
const random = randomFrom(1);
const callback = () => {};

// After garbage collection, and some time for the runtime to return pages to the system.
async function memory() {
  for (let time = 0; time < 3; time++) {
    if (process.versions.bun) globalThis.Bun.gc(true);
    else globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLISECONDS));
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  // Bun counts it twice: for the memory, and for its buffer
  if (process.versions.bun) return { rss, used: heapUsed - external + arrayBuffers };
  return { rss, used: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, heapUsed) };
}

// Some timers first, so that everything that is created once exists
for (let i = 0; i < SOME; i++) make(3_600_000, callback);
const before = await memory();
for (let i = 0; i < count; i++) make(1_000_000 + Math.floor(random() * 1_000_000), callback);
const after = await memory();
const resident = (after.rss - before.rss) / count;
const used = (after.used - before.used) / count;
console.log(JSON.stringify({ resident, used }));
process.exit(0);
