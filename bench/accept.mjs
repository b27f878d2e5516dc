// Short connections: what it costs the server's process to accept one, answer it and close.

import { PEER_NAMES, candidatesFor, compile } from "./peers.mjs";
import { canMeasure, cpuMicroseconds, run as runCommand, sleep, startServer } from "./processes.mjs";
import { distinct, takeTurns } from "./turns.mjs";

export const title = "Short connections";

export const about = `64 clients at a time connect, send one request, read the answer until the server closes, and come
again. The server has one core, the clients, a program in C, have another. What counts is the CPU time of the server's process for each
connection, user and system.`;

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

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, seconds, quick, only, progress } = context;
  if (only && !only.includes("accept")) return { tables: [] };
  let program;
  try {
    if (!canMeasure) throw new Error("It needs /proc, as Linux has it");
    program = compile("load/connections.c");
  } catch (error) {
    return { tables: [], skipped: [{ name: title, reason: error.message }] };
  }
  const able = candidatesFor("close", context);
  const { rows, skipped } = await takeTurns({
    candidates: able.candidates,
    rounds,
    progress,
    measure: (candidate) =>
      measure(candidate, { program, seconds, warmUp: quick ? WARM_UP_SECONDS.quick : WARM_UP_SECONDS.usual }),
  });
  const table = {
    id: "accept",
    short: "short connections",
    title: "Accepted, answered and closed, 64 clients at a time, 64 bytes",
    note: "Latency is from connecting to the end that the server sends.",
    main: "cpu",
    columns: COLUMNS,
    rows,
  };
  return { tables: [table], skipped: distinct([...able.skipped, ...skipped]) };
}

async function measure({ command, env }, { program, seconds, warmUp }) {
  const server = await startServer(command(BODY), env);
  const load = async (seconds) => {
    const output = await runCommand("load", [program, server.port, SOCKETS, seconds].map(String));
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
