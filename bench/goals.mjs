// Goals, as ratios to others: 1.2 means a fifth better. And how our rows are compared with those of others.

import { middleOf, ratio } from "./measure.mjs";
import { isOurs } from "./result.mjs";

/**
 * A goal: our rows, or those of the peer `of`, on these kinds of runtime must be at least this many times better than that peer in that column.
 * `newest`: only on the newest version that was measured.
 * @typedef {{ of?: string, on: string[] | undefined, newest?: boolean, against: string, column: string, atLeast: number }} Goal
 */

const NODE = ["node"];
const BUN = ["bun"];
const cpu = (on, against, atLeast) => ({ on, against, column: "cpu", atLeast });

/** Goals against one peer, for each number of pending timers. */
const timers = (on, against, atLeast, of = "ours") =>
  Object.entries(atLeast).map(([column, times]) => ({ of, on, against, column: `pending${column}`, atLeast: times }));

/** A goal for timers outside callbacks: they may cost at most this many times as much as those of the peer. */
const outside = (of, against, atMost) => ({ of, on: undefined, against, column: "time", atLeast: 1 / atMost });

const each = (few, many, most) => ({ 1000: few, 100000: many, 1000000: most });

/** The goals of each table. */
export const GOALS = {
  "timers-make-random": timers(NODE, "setTimeout", each(30, 35, 40)),
  "timers-make-one": timers(NODE, "setTimeout", each(5, 8, 8)),
  "timers-restart": timers(NODE, "setTimeout", each(8, 20, 6)),
  "timers-cancel": timers(NODE, "setTimeout", each(30, 12, 3.5)),
  "timers-mix": [
    ...timers(NODE, "setTimeout", each(7, 12, 4)),
    ...timers(BUN, "setTimeout", each(4, 12, 5)),
    ...timers(NODE, "libuv", each(2.5, 8, 3)),
    ...timers(NODE, "c-wheel", each(0.4, 0.4, 0.4)),
    ...timers(undefined, "twin", each(1, 1, 1), "core"), // neither has a host
  ],
  "timers-fire": timers(NODE, "setTimeout", { 100000: 2.5, 1000000: 1.2 }),
  "node-timers-make-random": timers(NODE, "setTimeout", each(2, 5, 8), "ours-timers"),
  "node-timers-make-one": timers(NODE, "setTimeout", each(2, 5, 8), "ours-timers"),
  "node-timers-restart": timers(NODE, "setTimeout", each(3, 8, 4), "ours-timers"),
  "node-timers-cancel": timers(NODE, "setTimeout", each(2, 5, 8), "ours-timers"),
  "node-timers-fire": timers(NODE, "setTimeout", each(2, 5, 8), "ours-timers"),
  "node-timers-await": timers(NODE, "setTimeout", { 100000: 2 }, "ours-timers"),
  "node-timers-memory": [{ of: "ours-timers", on: NODE, against: "setTimeout", column: "used", atLeast: 2 }],
  "outside-restart": [
    outside("ours", "inside", 2.2),
    outside("ours-stopped", "inside", 2.2),
    outside("ours-8", "at-once-8", 0.4),
    outside("ours-1", "at-once-1", 1.1),
  ],
  "outside-replace": [outside("ours", "at-once", 0.5)],
  "net-one": [cpu(NODE, "node-net", 1.2), cpu(BUN, "node-net", 1), cpu(NODE, "c-libuv", 0.7), cpu(NODE, "mojo-ev", 2)],
  "net-many": [cpu(NODE, "node-net", 1.15), { on: NODE, against: "node-net", column: "p99", atLeast: 1 }],
  "net-long": [cpu(NODE, "node-net", 1.05)],
  "net-pipelined": [
    cpu(NODE, "node-net", 11),
    cpu(NODE, "c-libuv", 0.7),
    cpu(BUN, "bun-listen", 0.9),
    cpu(NODE, "mojo-ev", 1.5),
  ],
  "net-three": [cpu(NODE, "node-net", 2.2), cpu(NODE, "node-net-cork", 1.15)],
  "net-duplex": [cpu(undefined, "node-net", 1 / 1.1)],
  "net-http": [{ ...cpu(undefined, "node-http", 1 / 1.03), of: "ours-http" }],
  "net-prefork": [{ ...cpu(undefined, "alone", 1 / 1.05), of: "ours-prefork-reuse" }],
  "streams-echo": [
    { ...cpu(undefined, "node-await", 1.2), of: "ours-await" },
    { ...cpu(undefined, "node-echo", 1), of: "ours-duplex" },
  ],
  "streams-lines": [cpu(undefined, "readline", 2), cpu(undefined, "split2", 2)],
  "streams-splice": [cpu(undefined, "pipeline", 1)],
  "streams-splice-tls": [cpu(undefined, "pipeline", 1)],
  accept: [
    cpu(NODE, "node-net", 1.4),
    cpu(NODE, "node-net-destroy-soon", 1),
    { ...cpu(NODE, "node-raw", 1 / 1.15), newest: true },
  ],
  "accept-queued": [{ ...cpu(undefined, "no-settings", 1 / 1.3), of: "ours-settings" }],
  "memory-connections": [
    { on: ["node", "bun"], against: "node-net", column: "memory", atLeast: 1 },
    { on: ["node", "bun"], against: "node-net", column: "idle", atLeast: 1 },
    { on: NODE, newest: true, against: "node-net", column: "heap", atLeast: 2 },
  ],
  "idle-slope": [{ on: NODE, newest: true, against: "node-net", column: "resident", atLeast: 1 / 0.9 }],
  "idle-requests": [
    cpu(["node", "bun"], "alone", 1 / 1.05),
    { on: ["node", "bun"], against: "node-net", column: "p99", atLeast: 1 },
  ],
  "idle-reset": [{ on: ["node", "bun"], against: "node-net", column: "reset", atLeast: 1 }],
  "memory-timers": [
    { on: ["node", "deno"], against: "setTimeout", column: "used", atLeast: 4 },
    { on: BUN, against: "setTimeout", column: "resident", atLeast: 4 },
  ],
  stop: ["close-idle", "stoppable", "terminus", "http-shutdown", "http-terminator", "fastify", "bun-serve"].map(
    (against) => {
      return { of: "ours-at-once", on: undefined, against, column: "race", atLeast: 10 };
    },
  ),
  lateness: [{ on: ["node", "bun", "deno"], against: "setTimeout", column: "p99", atLeast: 1 }],
};

const OVERLOADS = /^[D-KP-T]:/; // the scenarios in which more clients come than can be served, all the time

const SIZES = {
  "core.wasm": 12_288,
  "bundle, minified, gzipped": 30_720,
  "wasm-ioloop/timers alone, minified, gzipped": 14_336,
};

/**
 * Absolute bounds for our rows, upper or lower. `of`: only these rows of ours. `rows`: only those whose names match.
 */
export const BOUNDS = {
  lateness: [
    { column: "early", atMost: 0 },
    { column: "p50", atMost: 0.8 },
  ],
  stop: [
    { column: "lost", atMost: 0 },
    { column: "race", atMost: 0 },
    { column: "fresh", atMost: 1 },
    { column: "late", atMost: 0.3 },
    { of: "ours-at-once", column: "lost", atMost: 0 },
    { of: "ours-at-once", column: "late", atMost: 0.3 },
  ],
  "streams-echo": [{ of: "ours-await", column: "more", atMost: 1 }],
  "idle-stop": [
    { column: "stop", atMost: 0.5 },
    { column: "start", atMost: 0.5 },
  ],
  "overload-orders": [
    { column: "off", atMost: 1.5 },
    { rows: OVERLOADS, column: "goodput", atLeast: 97 },
  ],
  "overload-calm": [
    { column: "mean", atLeast: 0 },
    { column: "worse", atMost: 2 },
  ],
  "overload-fairness": [{ column: "off", atMost: 1.5 }],
  overload: [
    ...["load1.1", "load2", "load5"].map((column) => ({ column, atLeast: 90 })),
    ...["load1.1", "load2", "load5"].map((column) => ({ of: "ours-http", column, atLeast: 90 })),
    { of: "ours-fifo", column: "load2", atMost: 15 },
  ],
  "overload-health": ["ours", "ours-finishing"].map((of) => ({ of, column: "p99", atMost: 10 })),
  size: [{ column: "bytes", atMost: SIZES }],
};

/**
 * Compares our rows with those of others: on the same runtime, or without a runtime. In the columns that the table compares, with all
 * of them; in other columns, with those for which there is a goal.
 * @param {import("./result.mjs").Table} table
 * @returns {import("./result.mjs").Table} the same table
 */
export function compareRows(table) {
  const goals = GOALS[table.id] ?? [];
  const compared = new Set(table.compared ?? [table.main]);
  const judged = new Set(goals.map(({ of }) => of));
  const newest = newestOf(table.rows);
  for (const ours of table.rows.filter(({ peer }) => isOurs(peer) || judged.has(peer))) {
    const others = table.rows.filter(
      ({ peer, label }) => !isOurs(peer) && peer !== ours.peer && (!label || label === ours.label),
    );
    const compares = (key) => isOurs(ours.peer) && compared.has(key);
    ours.ratios = others.flatMap((theirs) =>
      table.columns.flatMap((column) => {
        const { key } = column;
        const goal = goals.find((goal) => {
          const { of = "ours", on, against, column } = goal;
          const isMeant =
            of === ours.peer && (!on || on.includes(ours.runtime)) && (!goal.newest || newest.has(ours.label));
          return isMeant && against === theirs.peer && column === key;
        });
        if (!goal && !compares(key)) return [];
        const value = ratio(ours.cells[key], theirs.cells[key], column);
        return [{ column: key, against: theirs.name, ...value, ...(goal && { goal: goal.atLeast }) }];
      }),
    );
    ours.bounds = (BOUNDS[table.id] ?? []).flatMap(({ of = "ours", rows, column: key, atMost, atLeast }) => {
      const column = table.columns.find((column) => column.key === key);
      if (of !== ours.peer || !column || rows?.test(ours.name) === false) return [];
      const value = middleOf(ours.cells[key], column);
      if (atLeast !== undefined) return [{ column: key, value, atLeast }];
      const limit = typeof atMost === "number" ? atMost : atMost[ours.name];
      return limit === undefined ? [] : [{ column: key, value, atMost: limit }];
    });
  }
  return table;
}

// For each kind of runtime, the label of its newest version: "Node 26".
function newestOf(rows) {
  const newest = new Map();
  const version = (label) => Number(/\d+$/.exec(label)?.[0] ?? 0);
  for (const { runtime, label = "" } of rows) {
    if (version(label) >= version(newest.get(runtime) ?? "")) newest.set(runtime, label);
  }
  return new Set(newest.values());
}
