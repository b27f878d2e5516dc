// The memory of idle connections and of pending timers, and the CPU time of idle connections.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { candidatesFor } from "./peers.mjs";
import {
  canMeasure,
  cpuOfThreads,
  microsecondsBetween,
  residentBytes,
  sleep,
  start,
  startServer,
} from "./processes.mjs";
import { runScript } from "./runtimes.mjs";
import { sidesOn, takeTurns } from "./turns.mjs";

export const title = "Memory";

export const about = `Resident memory of a server's process per connection, with many connections that got one answer and
are idle now, each with its timeout; garbage is collected before the measurement. Then the CPU time that the same process uses
while they are idle. And the memory of pending timers, in a separate process for each measurement.`;

const HOLDERS = ["node-net", "before"];
export const peers = [...HOLDERS, "setTimeout"];

const TIMERS = 1_000_000;
const QUICK_TIMERS = 100_000;
const WARM_UP_CONNECTIONS = 200;
const BODY = 64;
export const SETTLE_MILLISECONDS = 6000; // engines shrink their space for young objects only after some seconds with few of them
const SYSTEM_TICK = 10; // milliseconds: the unit in which the system counts a process's time
const MARGIN_SECONDS = 120; // by which timeouts are longer than the idle time, so that no connection is closed
const here = fileURLToPath(new URL(".", import.meta.url));

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const [tables, skipped] = [[], []];
  for (const [id, bench] of Object.entries({ "memory-connections": connections, "memory-timers": timers })) {
    if (context.only && !context.only.includes(id)) continue;
    if (!canMeasure) return { tables: [], skipped: [{ name: title, reason: "It needs /proc, as Linux has it" }] };
    const { table, left } = await bench({ ...context, progress: (text) => context.progress(`${id} · ${text}`) });
    tables.push({ id, ...table });
    skipped.push(...left);
  }
  return { tables, skipped };
}

async function connections({ rounds, runtimes, peers = HOLDERS, connections: count, idleSeconds, progress }) {
  const { candidates } = candidatesFor("keep", { runtimes, peers: peers.filter((name) => HOLDERS.includes(name)) });
  const { rows, skipped } = await takeTurns({
    candidates,
    rounds,
    progress,
    measure: (candidate) => holdConnections(candidate, count, idleSeconds),
  });
  const columns = [
    { key: "memory", title: "resident a connection", unit: "B", better: "lower" },
    { key: "heap", title: "heap a connection", unit: "B", better: "lower" },
    { key: "idle", title: `CPU in ${idleSeconds} s`, unit: "ms", better: "lower", floor: SYSTEM_TICK },
  ];
  const title = `${count.toLocaleString("en")} idle connections`;
  const note = "The heap is what the runtime counts as used by objects of JavaScript.";
  return {
    table: { short: "idle connections", title, note, main: "memory", compared: ["memory", "idle"], columns, rows },
    left: skipped,
  };
}

/** Opens connections that get one answer each, and are idle then. Returns the process that has them. */
export async function hold(port, count) {
  const clients = start("load", [process.execPath, join(here, "load/idle-clients.mjs"), String(port), String(count)]);
  await clients.says();
  return clients;
}

// One round: the difference that a number of connections makes to a process that has had some before.
async function holdConnections({ command }, count, idleSeconds) {
  const server = await startServer(command(BODY, idleSeconds + MARGIN_SECONDS));
  try {
    const warmUp = await hold(server.port, WARM_UP_CONNECTIONS);
    await warmUp.stop();
    await sleep(SETTLE_MILLISECONDS);
    const heapBefore = await server.collect();
    const before = residentBytes(server.pid);
    const clients = await hold(server.port, count);
    await sleep(SETTLE_MILLISECONDS);
    const began = cpuOfThreads(server.pid);
    await sleep(idleSeconds * 1000);
    const idle = microsecondsBetween(began, cpuOfThreads(server.pid)) / 1000;
    const heap = ((await server.collect()) - heapBefore) / count;
    const memory = (residentBytes(server.pid) - before) / count;
    await clients.stop();
    return { memory, heap, idle };
  } finally {
    await server.stop();
  }
}

async function timers({ rounds, runtimes, peers, quick, progress }) {
  const count = quick ? QUICK_TIMERS : TIMERS;
  const { rows, skipped } = await takeTurns({
    candidates: sidesOn(runtimes, { name: "setTimeout" }, peers),
    rounds,
    progress,
    measure: ({ on, peer }) => runScript(on, "bench/peers/pending-timers.mjs", [peer, count]),
  });
  const columns = [
    { key: "resident", title: "resident a timer", unit: "B", better: "lower" },
    { key: "used", title: "in use a timer", unit: "B", better: "lower" },
  ];
  const title = `${count.toLocaleString("en")} pending timers with one callback`;
  const note = "In use is what the runtime counts; Bun does not count all that its own timers hold.";
  return {
    table: { short: "pending timers", title, note, main: "used", compared: ["used", "resident"], columns, rows },
    left: skipped,
  };
}
