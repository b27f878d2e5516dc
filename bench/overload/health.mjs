// Health checks of a server that has twice as many clients as it can serve.

import { fileURLToPath } from "node:url";
import { percent } from "../measure.mjs";
import { takeTurns } from "../turns.mjs";
import { underLoad } from "./sockets.mjs";

const LOAD = 2;
const program = fileURLToPath(new URL("../peers/overload-ours.mjs", import.meta.url));

// Which port is checked: that of the clients, or that of an exempt server.
const [QUEUED, EXEMPT] = [0, 1];
const WAYS = [
  { peer: "ours", title: "exempt server", args: ["adaptive"], checks: EXEMPT },
  { peer: "ours-finishing", title: "exempt server, loop is stopping", args: ["adaptive", "finishing"], checks: EXEMPT },
  { peer: "ours-queued", title: "through the queue, adaptive", args: ["adaptive"], checks: QUEUED },
  { peer: "ours-queued-fifo", title: "through the queue, fifo", args: ["fifo"], checks: QUEUED },
];

const NOTE = `The servers and clients of the table before, at twice the load, and a health check each 20 ms over a connection of its own. **p50**, **p99**: from the
connect to the end of the answer, as the clients' process sees it; 1,000 ms if there was none by then. **stopping**: a graceful stop has begun, and its \`delay\` lasts.`;

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
      return { name: `${title}, on ${label}`, peer, runtime: kind, label, command, checks };
    }),
  );
  let seed = 0;
  const measure = async ({ command, checks }) => {
    const outcome = await underLoad(command, { load: LOAD, seconds, quick, seed: ++seed, checks });
    const { p50, p99, answered } = outcome.health;
    return { p50, p99, answered: percent(answered) };
  };
  const { rows, skipped } = await takeTurns({ candidates, rounds, progress, measure });
  const title = "Health checks of an overloaded server";
  const table = { id: "overload-health", short: "health checks", title, note: NOTE.replaceAll("\n", " "), main: "p99" };
  return { table: { ...table, columns: COLUMNS, rows }, skipped };
}
