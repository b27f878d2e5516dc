// wasm-ioloop/timers compared with node:timers, whose functions it has: make, refresh, clear, fire, await, and memory.

import { runScript } from "./runtimes.mjs";
import { OPERATIONS, sizesFor } from "./timers.mjs";
import { takeTurns } from "./turns.mjs";

export const title = "Drop-in timers";

export const about = `The same as for the timers of a loop, with the functions of wasm-ioloop/timers, whose timers are objects as
those of node:timers: the whole cost to make, refresh, clear and fire one while many others are pending. Then the CPU time to await one of
wasm-ioloop/timers/promises, among a thousand that are awaited at once, and the memory of a million pending timers.`;

export const peers = ["setTimeout"];

const SIDES = { "ours-timers": "wasm-ioloop/timers", setTimeout: "node:timers" };
const BATCHES = 5000;
const QUICK_BATCHES = 20;
const AWAITING = [100_000];
const TIMERS = 1_000_000;
const QUICK_TIMERS = 100_000;

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, quick, only, runtimes, peers, progress } = context;
  const [tables, skipped] = [[], []];
  const measured = async (id, title, columns, measure, rest) => {
    if (only && !only.includes(id)) return;
    const say = (text) => progress(`${title} · ${text}`);
    const result = await takeTurns({ candidates: sidesOn(runtimes, peers), rounds, progress: say, measure });
    skipped.push(...result.skipped);
    const keys = columns.map(({ key }) => key);
    tables.push({ id, title, columns, rows: result.rows, main: keys.at(-1), compared: keys, ...rest });
  };
  for (const [operation, what] of Object.entries({ ...OPERATIONS, await: "awaited, a thousand at once" })) {
    const sizes = operation === "await" && !quick ? (context.pending ?? AWAITING) : sizesFor(context);
    const columns = sizes.map((size) => {
      return { key: `pending${size}`, title: size.toLocaleString("en"), unit: "ns", better: "lower" };
    });
    await measured(`node-timers-${operation}`, `Drop-in timers: ${what}`, columns, async ({ on, peer }) => {
      const figures = {};
      for (const size of sizes) {
        const args = [peer, operation, size, quick ? QUICK_BATCHES : BATCHES];
        const { nanoseconds } = await runScript(on, "bench/timer-sides.mjs", args, { limit: 300 });
        figures[`pending${size}`] = nanoseconds;
      }
      return figures;
    });
  }
  const count = quick ? QUICK_TIMERS : TIMERS;
  const columns = [
    { key: "resident", title: "resident a timer", unit: "B", better: "lower" },
    { key: "used", title: "in use a timer", unit: "B", better: "lower" },
  ];
  const what = `Drop-in timers: memory of ${count.toLocaleString("en")} pending ones with one callback`;
  await measured("node-timers-memory", what, columns, ({ on, peer }) =>
    runScript(on, "bench/peers/pending-timers.mjs", [peer, count]),
  );
  return { tables, skipped };
}

function sidesOn(runtimes, peers) {
  const sides = Object.entries(SIDES).filter(([peer]) => peer !== "setTimeout" || !peers || peers.includes(peer));
  return runtimes.flatMap((on) =>
    sides.map(([peer, title]) => {
      return { name: `${title} on ${on.label}`, peer, runtime: on.kind, label: on.label, on };
    }),
  );
}
