// Timers of the loop against the runtime's own: what one costs to make, restart and cancel while so many are pending, as a
// program sees it, with id and callback.
//
//   node --expose-gc bench/timers.mjs [ROUNDS] [PENDING]…

import { IOLoop } from "wasm-ioloop";
import { compare, cpu, randomFrom, table } from "./measure.mjs";

const [rounds = 5, ...sizes] = process.argv.slice(2).map(Number);
const OPERATIONS = 100_000;
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

/** What is measured: each gets a side, so many pending timers, and delays. */
const operations = {
  "make, random delay": (side, pending, delays) => cpu(OPERATIONS, () => make(side, pending, delays)),
  "make, one delay": (side, pending) =>
    cpu(OPERATIONS, () => make(side, pending, new Float64Array(OPERATIONS).fill(300))),
  restart: (side, pending, delays) => {
    const { length } = pending;
    return cpu(OPERATIONS, () => {
      for (let i = 0; i < OPERATIONS; i++) side.restart(pending[((delays[i] * 1e6) % length) | 0]);
    });
  },
  cancel: (side, pending, delays) => {
    const first = pending.length;
    make(side, pending, delays);
    return cpu(OPERATIONS, () => {
      for (let i = OPERATIONS - 1; i >= 0; i--) side.cancel(pending[first + i]);
      pending.length = first;
    });
  },
  "90 % restart, 5 % make, 5 % cancel": (side, pending, delays) =>
    cpu(OPERATIONS, () => {
      for (let i = 0; i < OPERATIONS; i++) {
        const at = ((delays[i] * 1e6) % pending.length) | 0;
        const what = i % 20;
        if (what === 0) pending.push(side.make(delays[i]));
        else if (what === 1) {
          side.cancel(pending[at]);
          pending[at] = pending.at(-1);
          pending.pop();
        } else side.restart(pending[at]);
      }
    }),
};

function make(side, pending, delays) {
  for (let i = 0; i < OPERATIONS; i++) pending.push(side.make(delays[i]));
}

// One round of one side: so many pending timers, the operation, and everything cancelled again.
function round(side, size, operation) {
  const random = randomFrom(1);
  const delays = Float64Array.from({ length: OPERATIONS }, () => 1 + random() * (LONGEST - 1));
  const pending = [];
  for (let i = 0; i < size; i++) pending.push(side.make(1 + random() * (LONGEST - 1)));
  const nanoseconds = operation(side, pending, delays);
  for (const timer of pending) side.cancel(timer);
  return nanoseconds;
}

const rows = [["operation", "pending", "setTimeout ns", "loop ns", "ratio", "spread"]];
for (const size of sizes.length > 0 ? sizes : [1000, 100_000]) {
  for (const [name, operation] of Object.entries(operations)) {
    const candidates = Object.fromEntries(
      Object.entries(sides).map(([side, create]) => [side, () => round(create(), size, operation)]),
    );
    const { setTimeout: theirs, loop: ours } = await compare(candidates, rounds);
    const spread = `${Math.round(theirs.spread * 100)} %, ${Math.round(ours.spread * 100)} %`;
    const ratio = (theirs.median / ours.median).toFixed(1);
    rows.push([name, size, Math.round(theirs.median), Math.round(ours.median), ratio, spread]);
    if (process.stderr.isTTY) process.stderr.write(`\r${name}, ${size} pending …\x1b[K`);
  }
}
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
console.log(
  `${process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.version}`}, ${rounds} rounds, CPU time`,
);
table(rows);
