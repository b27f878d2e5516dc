// Health checks of a server that has twice as many clients as it can serve.

import { fileURLToPath } from "node:url";
import { percent } from "../measure.mjs";
import { takeTurns } from "../turns.mjs";
import { underLoad } from "./sockets.mjs";

const LOAD = 2;
const [program, idle] = ["overload-ours", "idle"].map((name) =>
  fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url)),
);

// Which port is checked: that of the clients, or that of an exempt server; or that of another process, which has nothing else to do.
const [QUEUED, EXEMPT, BESIDE] = [0, 1, 2];
const WAYS = [
  { peer: "ours", title: "exempt server", args: ["adaptive"], checks: EXEMPT },
  { peer: "ours-finishing", title: "exempt server, loop is stopping", args: ["adaptive", "finishing"], checks: EXEMPT },
  { peer: "ours-queued", title: "through the queue, adaptive", args: ["adaptive"], checks: QUEUED },
  { peer: "ours-queued-fifo", title: "through the queue, fifo", args: ["fifo"], checks: QUEUED },
  { peer: "idle", title: "an idle server of node:net beside it", args: ["adaptive"], checks: BESIDE },
];

const NOTE = `The servers and clients of the table before, at twice the load, and a health check each 20 ms over a connection of its own, from a third process. **p50**, **p99**:
from the connect to the end of the answer, as that process sees it; 1,000 ms if there was none by then. **stopping**: a graceful stop has begun, and its \`delay\` lasts. The **idle** server shows
what the machine and the checks need by themselves: it is a process of its own on the core of the loop.`;

const COLUMNS = [
  { key: "p50", title: "p50", unit: "ms", better: "lower" },
  { key: "p99", title: "p99", unit: "ms", better: "lower" },
  { key: "answered", title: "answered", unit: "%", better: "higher" },
];

/** The table of health checks. */
export async function health({ rounds, seconds, quick, runtimes, progress }) {
  const ways = quick ? WAYS.slice(0, 1) : WAYS;
  const candidates = runtimes.flatMap(({ kind, label, program: runtime, args: before }) =>
    ways.map(({ peer, title, args, checks }) => {
      const command = [runtime, ...before, program, ...args];
      const beside = checks === BESIDE ? [runtime, ...before, idle] : undefined;
      return { name: `${title} on ${label}`, peer, runtime: kind, label, command, checks, beside };
    }),
  );
  let seed = 0;
  const measure = async ({ command, checks, beside }) => {
    const outcome = await underLoad(command, { load: LOAD, seconds, quick, seed: ++seed, checks, beside });
    const { p50, p99, answered } = outcome.health;
    return { p50, p99, answered: percent(answered) };
  };
  const { rows, skipped } = await takeTurns({ candidates, rounds, progress, measure });
  const title = "Health checks of an overloaded server";
  const table = { id: "overload-health", short: "health checks", title, note: NOTE.replaceAll("\n", " "), main: "p99" };
  return { table: { ...table, columns: COLUMNS, rows }, skipped };
}
