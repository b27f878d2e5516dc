// The loop's timers outside its callbacks: after an `await`, and while the loop is stopped.

import { runScript } from "./runtimes.mjs";
import { takeTurns } from "./turns.mjs";

export const title = "Timers outside callbacks";

export const about = `Within a callback the loop reads its clock once for all timers. Code after an \`await\` runs outside. The cost
to restart a timer there, and to remove one and make another, while 1,000 are pending; \`await\` and what follows in the same microtask count,
divided by the number of timers. It is compared with the same inside a callback, and with a loop that has a clock of its own: there each timer gets
its time at once.`;

export const peers = ["inside", "at-once"];

const BATCHES = 5000;
const QUICK_BATCHES = 20;

/** For each side: its name, and how many timers it starts between two awaits. */
const SIDES = {
  inside: "inside a callback",
  ours: "wasm-ioloop, 512 after an await",
  "ours-stopped": "wasm-ioloop, 512 while the loop is stopped",
  "at-once": "each at once, 512 after an await",
  "ours-8": "wasm-ioloop, 8 after an await",
  "at-once-8": "each at once, 8 after an await",
  "ours-1": "wasm-ioloop, a single one after an await",
  "at-once-1": "each at once, a single one after an await",
};

const TABLES = {
  "outside-restart": { operation: "restart", what: "restart" },
  "outside-replace": { operation: "replace", what: "remove one and make another" },
};

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, runtimes, peers: wanted, quick, only, progress }) {
  const [tables, skipped] = [[], []];
  for (const [id, { operation, what }] of Object.entries(TABLES)) {
    if (only && !only.includes(id)) continue;
    const isWanted = (side) => side.startsWith("ours") || !wanted || wanted.includes(side.replace(/-\d+$/, ""));
    const sides = Object.entries(SIDES).filter(([side]) => isWanted(side));
    const candidates = runtimes.flatMap((on) =>
      sides.map(([peer, name]) => ({
        name: `${name} on ${on.label}`,
        peer,
        runtime: on.kind,
        label: on.label,
        on,
      })),
    );
    const batches = quick ? QUICK_BATCHES : BATCHES;
    const measured = await takeTurns({
      candidates,
      rounds,
      progress: (text) => progress(`${id} · ${text}`),
      measure: ({ on, peer }) => runScript(on, "bench/peers/outside-timers.mjs", [peer, operation, batches]),
    });
    skipped.push(...measured.skipped);
    const columns = [{ key: "time", title: "a timer", unit: "ns", better: "lower" }];
    const title = `Timers outside callbacks: ${what}`;
    tables.push({
      id,
      short: `outside, ${operation}`,
      title,
      main: "time",
      compared: [],
      columns,
      rows: measured.rows,
    });
  }
  return { tables, skipped };
}
