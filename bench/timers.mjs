// Timers of the loop against the runtime's own: what one costs to make, restart and cancel while so many are pending, as a
// program sees it, with id and callback.

import { IOLoop } from "wasm-ioloop";
import { compare, randomFrom } from "./measure.mjs";

export const title = "Timers";

export const about = `What it costs to make, restart and cancel a timer while so many others are pending, as a program sees
it, with id and callback: the whole cost, with what is collected as garbage meanwhile. It does so in a callback, where programs
live. Both sides take turns in one process.`;

export const isInside = true;

export const peers = ["setTimeout"];

const BATCH = 500; // operations between two looks at the clock
const BATCHES = 2000;
const QUICK_BATCHES = 20;
const LONGEST = 600; // seconds: nothing fires while it is measured

const callback = () => {};

/** The two sides: each makes a timer of so many seconds, restarts it, cancels it; and runs something within a callback. */
const sides = {
  setTimeout: () => ({
    within: (measure) => new Promise((resolve) => setTimeout(() => resolve(measure()))),
    make: (seconds) => setTimeout(callback, seconds * 1000),
    restart: (timer) => timer.refresh(),
    cancel: (timer) => clearTimeout(timer),
  }),
  loop: () => {
    const loop = new IOLoop();
    return {
      within: async (measure) => {
        let result;
        loop.nextTick(() => void (result = measure()));
        await loop.oneTick();
        return result;
      },
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

// One round of one side: nanoseconds an operation.
function round({ side, size, operation, batches }) {
  const random = randomFrom(1);
  const delay = () => 1 + random() * (LONGEST - 1);
  const pending = Array.from({ length: size }, () => side.make(delay()));
  const delays = new Float64Array(BATCH);
  const places = new Int32Array(BATCH);
  let milliseconds = 0;
  const warm = batches / 4;
  for (let batch = 0; batch < batches; batch++) {
    for (let i = 0; i < BATCH; i++) {
      delays[i] = delay();
      places[i] = Math.floor(random() * size);
    }
    const begin = performance.now();
    const putBack = operation({ side, pending, delays, places });
    if (batch >= warm) milliseconds += performance.now() - begin;
    putBack();
  }
  for (const timer of pending) side.cancel(timer);
  return (milliseconds * 1e6) / (BATCH * (batches - warm));
}

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, quick, only, progress, pending = quick ? [100] : [1000, 100_000, 1_000_000] }) {
  const tables = [];
  for (const [name, operation] of Object.entries(operations)) {
    const id = `timers-${name.replaceAll(/[^a-z0-9]+/g, "-")}`;
    if (only && !only.includes(id)) continue;
    const rows = Object.keys(sides).map((side) => {
      return { name: side === "loop" ? "wasm-ioloop" : side, peer: side === "loop" ? "ours" : side, cells: {} };
    });
    const columns = [];
    for (const size of pending) {
      progress(`${name}, ${size} pending`);
      const batches = quick ? QUICK_BATCHES : BATCHES;
      const candidates = Object.fromEntries(
        Object.entries(sides).map(([side, create]) => [
          side,
          () => {
            const side = create();
            return side.within(() => round({ side, size, operation, batches }));
          },
        ]),
      );
      const figures = await compare(candidates, rounds);
      const key = `pending${size}`;
      columns.push({ key, title: `${size.toLocaleString("en")} pending`, unit: "ns", better: "lower" });
      Object.keys(sides).forEach((side, at) => (rows[at].cells[key] = figures[side]));
    }
    const keys = columns.map(({ key }) => key);
    tables.push({ id, title: `Timers: ${name}`, columns, rows, main: keys.at(-1), compared: keys });
  }
  return { tables };
}
