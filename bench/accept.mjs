// Short connections: the CPU time of the server's process to accept, answer and close one.

import { PEER_NAMES, candidatesFor, compile } from "./peers.mjs";
import { canMeasure, cpuMicroseconds, run as runCommand, sleep, startServer } from "./processes.mjs";
import { distinct, takeTurns } from "./turns.mjs";

export const title = "Short connections";

export const about = `64 clients at a time connect, send one request, read the answer until the server closes, and connect
again. The server has one core, and the clients, a program in C, have another. What counts is the CPU time of the server's process for each
connection, user and system. Then the same with servers that are full: the clients send nothing, and are turned away. And
with 32 slots, so that half of the clients wait in the queue.`;

export const peers = PEER_NAMES;

const SOCKETS = 64;
const BODY = 64;
const WARM_UP_SECONDS = { usual: 2, quick: 1 };
const SETTLE_MILLISECONDS = 100;

const COLUMNS = [
  { key: "cpu", title: "CPU a connection", unit: "µs", better: "lower" },
  { key: "throughput", title: "connections", unit: "/s", better: "higher" },
  { key: "p50", title: "p50", unit: "ms", better: "lower" },
  { key: "p99", title: "p99", unit: "ms", better: "lower" },
  { key: "p999", title: "p99.9", unit: "ms", better: "lower" },
];

const TABLES = [
  {
    id: "accept",
    mode: "close",
    short: "short connections",
    title: "Accepted, answered and closed, 64 clients at a time, 64 bytes",
    note: "Latency is from connecting to the end that the server sends.",
  },
  {
    id: "refuse",
    mode: "refuse",
    short: "turned away",
    title: "Turned away, 64 clients at a time",
    note: 'The loop has `maxConnections: 0` and `overflow: "drop"`. With `maxConnections` of `node:net` clients see an end, with the others a reset.',
  },
  {
    id: "accept-queued",
    mode: "queued",
    short: "queued",
    title: "Accepted, answered and closed, 64 clients at a time, 32 slots",
    note:
      "Half of the clients wait. **every setting**: `queue`, `acceptRate`, `acceptBurst`, `fairness`, `maxPerAddress` and `displaceIdle`, with values that turn nobody " +
      "away; **no setting**: the defaults.",
  },
];

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, seconds, quick, only, progress } = context;
  const wanted = TABLES.filter(({ id }) => !only || only.includes(id));
  if (wanted.length === 0) return { tables: [] };
  let program;
  try {
    if (!canMeasure) throw new Error("It needs /proc, as Linux has it");
    program = compile("load/connections.c");
  } catch (error) {
    return { tables: [], skipped: [{ name: title, reason: error.message }] };
  }
  const warmUp = quick ? WARM_UP_SECONDS.quick : WARM_UP_SECONDS.usual;
  const [tables, left] = [[], []];
  for (const { mode, ...about } of wanted) {
    const able = candidatesFor(mode, context);
    const { rows, skipped } = await takeTurns({
      candidates: able.candidates,
      rounds,
      progress: (text) => progress(`${about.short} · ${text}`),
      measure: (candidate) => measure(candidate, { program, seconds, warmUp, mode }),
    });
    tables.push({ ...about, main: "cpu", columns: COLUMNS, rows });
    left.push(...able.skipped, ...skipped);
  }
  return { tables, skipped: distinct(left) };
}

async function measure({ command, env }, { program, seconds, warmUp, mode }) {
  const server = await startServer(command(BODY), env);
  const load = async (seconds) => {
    const output = await runCommand("load", [program, server.port, SOCKETS, seconds, mode].map(String));
    return JSON.parse(output);
  };
  try {
    await load(warmUp);
    await sleep(SETTLE_MILLISECONDS);
    const before = cpuMicroseconds(server.pid);
    const figures = await load(seconds);
    const cpu = cpuMicroseconds(server.pid) - before;
    if (figures.failed > 0) throw new Error(`${figures.failed} of ${figures.connections} connections failed`);
    return {
      cpu: cpu / figures.connections,
      throughput: figures.connections / figures.seconds,
      p50: figures.p50 / 1000,
      p99: figures.p99 / 1000,
      p999: figures.p999 / 1000,
    };
  } finally {
    await server.stop();
  }
}
