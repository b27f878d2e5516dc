// The same over TCP: a server that is slow, and clients in another process that do not wait for long.

import { fileURLToPath } from "node:url";
import { percent } from "../measure.mjs";
import { SERVICE_MILLISECONDS, SLOTS } from "../peers/overloaded.mjs";
import { run as runOn, startServer } from "../processes.mjs";
import { takeTurns } from "../turns.mjs";
import { overloadCandidates } from "./peers.mjs";

/** How many clients per second a server can serve. */
export const CAPACITY = (SLOTS * 1000) / SERVICE_MILLISECONDS;

const LOADS = [0.8, 1.1, 2, 5];
const QUICK_LOADS = [2];
const WARM_UP_SECONDS = { usual: 3, quick: 0.3 };
const MOST_STALLED = 100; // milliseconds
const MOST_TRIES = 4;
const [clients, healthChecks] = ["impatient", "health-checks"].map((name) =>
  fileURLToPath(new URL(`../load/${name}.mjs`, import.meta.url)),
);

const NOTE = `A server with ${SLOTS} slots, and ${SERVICE_MILLISECONDS} ms of work for a request, can serve ${CAPACITY} clients per second. Clients arrive at random, at 0.8, 1.1, 2 and 5 times that
rate, and each leaves if it has no answer after 0.3 s. The figures: answered in time, in percent of what the server could do: ${CAPACITY} clients per second, or all that
arrive. **p50**, **p99**: of the answers at twice the load; 300 ms if there was none.`;

/** The table of servers under real load. */
export async function sockets({ rounds, seconds, quick, runtimes, peers, progress }) {
  const { candidates, skipped } = overloadCandidates({ runtimes, peers });
  const loads = quick ? QUICK_LOADS : LOADS;
  let seed = 0;
  const measure = async ({ command }) => {
    const figures = {};
    for (const load of loads) {
      const outcome = await underLoad(command, { load, seconds, quick, seed: ++seed });
      const could = Math.min(outcome.arrived, CAPACITY * seconds);
      figures[`load${load}`] = percent(outcome.served / could);
      if (load === 2) Object.assign(figures, { p50: outcome.p50, p99: outcome.p99 });
    }
    return figures;
  };
  const result = await takeTurns({ candidates, rounds, progress, measure });
  const columns = loads.map((load) => ({
    key: `load${load}`,
    title: `load ${load}`,
    unit: "%",
    better: "higher",
    floor: 1,
  }));
  columns.push(
    { key: "p50", title: "p50", unit: "ms", better: "lower" },
    { key: "p99", title: "p99", unit: "ms", better: "lower" },
  );
  const title = "More clients than a server can serve";
  const table = { id: "overload", short: "overload", title, note: NOTE.replaceAll("\n", " "), main: "load2", columns };
  return { table: { ...table, rows: result.rows }, skipped: [...skipped, ...result.skipped] };
}

/**
 * Puts a server under load, and returns what became of its clients. `checks`: which of the ports that it prints gets health checks; default
 * none. `beside`: another server, which gets the checks instead. Measures again if the clients were held up by something else: they would have
 * left too late, or in crowds.
 */
export async function underLoad(command, { load, seconds, quick, seed, checks, beside }) {
  const warmUp = quick ? WARM_UP_SECONDS.quick : WARM_UP_SECONDS.usual;
  for (let left = MOST_TRIES; ; left--) {
    const arrivals = [CAPACITY * load, warmUp, seconds, seed];
    const outcome = beside
      ? await withServer(beside, ([checked]) => withServer(command, ([port]) => measureOnce(port, arrivals, checked)))
      : await withServer(command, (ports) => measureOnce(ports[0], arrivals, ports[checks]), checks);
    if (quick || outcome.stalled < MOST_STALLED) return outcome;
    if (left === 1) throw new Error(`the clients were stalled for ${Math.round(outcome.stalled)} ms`);
  }
}

// Starts a server that prints one port, and `more`.
async function withServer(command, task, more = 0) {
  const server = await startServer(command);
  try {
    const ports = [server.port];
    while (ports.length <= more) ports.push(Number(await server.says()));
    return await task(ports);
  } finally {
    await server.stop();
  }
}

async function measureOnce(port, [rate, warmUp, seconds, seed], checked) {
  const says = async (program, ...args) => {
    return JSON.parse(await runOn("load", [process.execPath, program, ...args.map(String)]));
  };
  const [outcome, health] = await Promise.all([
    says(clients, port, rate, warmUp, seconds, seed),
    checked !== undefined && says(healthChecks, checked, warmUp, seconds),
  ]);
  return { ...outcome, health };
}
