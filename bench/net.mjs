// Requests over TCP: the CPU time of the server's process for one, the throughput, and the latency.

import { PEER_NAMES, candidatesFor } from "./peers.mjs";
import { canMeasure, cpuMicroseconds, residentBytes, sleep, startServer } from "./processes.mjs";
import { distinct, takeTurns } from "./turns.mjs";
import { load, whyNoLoad } from "./wrk.mjs";

export const title = "Requests and answers";

export const about = `Each server reads requests from TCP connections, looks for the empty line that ends one, and answers
with a fixed response; it closes connections that were idle for 15 seconds. The server has one core and wrk, which sends
the requests, another. What counts is the CPU time of the server's process for each request, user and system.`;

export const peers = PEER_NAMES;

const WARM_UP_SECONDS = { usual: 2, quick: 1 };
const SETTLE_MILLISECONDS = 100; // the connections of the previous load are closed meanwhile

const SCENARIOS = [
  { id: "net-one", short: "64 connections", title: "One request at a time, 64 connections, 64 bytes", connections: 64 },
  {
    id: "net-many",
    short: "1,000 connections",
    title: "One request at a time, 1,000 connections, 64 bytes",
    connections: 1000,
  },
  {
    id: "net-long",
    short: "16 KB",
    title: "One request at a time, 64 connections, 16 KB",
    connections: 64,
    body: 16_384,
  },
  {
    id: "net-pipelined",
    short: "16 at a time",
    title: "16 requests at a time, 64 connections, 64 bytes",
    note: "wrk cannot tell how long a single one of requests sent together took.",
    connections: 64,
    depth: 16,
    mode: "pipelined",
  },
  {
    id: "net-three",
    short: "three writes",
    title: "Three small writes an answer, 64 connections, 64 bytes",
    note: "Head, empty line and body are written one after the other.",
    connections: 64,
    mode: "three",
  },
  {
    id: "net-duplex",
    short: "a Duplex",
    title: "Through a Duplex, 64 connections, 64 bytes",
    note: "Ours reads and writes by the Duplex that `stream.duplex()` gives.",
    connections: 64,
    mode: "duplex",
  },
  {
    id: "net-http",
    short: "HTTP",
    title: "A server of node:http, 64 connections, 64 bytes",
    note: "The same server, listening by itself and behind a loop.",
    connections: 64,
    mode: "http",
    head: [100, 260],
  },
  {
    id: "net-prefork",
    short: "prefork",
    title: "With prefork, 64 connections, 64 bytes",
    note: "A manager with one worker, and the same loop without. The time of both processes counts.",
    connections: 64,
    mode: "prefork",
  },
];

const HEAD = [36, 42]; // bytes: the heads of answers have the same length everywhere, up to a digit

const CPU = { key: "cpu", title: "CPU a request", unit: "µs", better: "lower" };
const THROUGHPUT = { key: "throughput", title: "requests", unit: "/s", better: "higher" };
const LATENCIES = [
  { key: "p50", title: "p50", unit: "ms", better: "lower" },
  { key: "p99", title: "p99", unit: "ms", better: "lower" },
  { key: "p999", title: "p99.9", unit: "ms", better: "lower" },
];
const MEMORY = { key: "memory", title: "resident", unit: "MB", better: "lower" };

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, seconds, quick, only, progress } = context;
  const warmUp = quick ? WARM_UP_SECONDS.quick : WARM_UP_SECONDS.usual;
  const why = canMeasure ? whyNoLoad() : "It needs /proc, as Linux has it";
  if (why) return { tables: [], skipped: [{ name: title, reason: why }] };
  const [tables, skipped] = [[], []];
  for (const { id, short, title, note, mode = "keep", ...scenario } of SCENARIOS) {
    if (only && !only.includes(id)) continue;
    const able = candidatesFor(mode, context);
    const { depth = 1 } = scenario;
    const measured = await takeTurns({
      candidates: able.candidates,
      rounds,
      progress: (text) => progress(`${id} · ${text}`),
      measure: (candidate) => measure(candidate, { body: 64, ...scenario, depth, seconds, warmUp }),
    });
    skipped.push(...able.skipped, ...measured.skipped);
    const columns = [CPU, THROUGHPUT, ...(depth === 1 ? LATENCIES : []), MEMORY];
    tables.push({ id, short, title, note, main: CPU.key, columns, rows: measured.rows });
  }
  return { tables, skipped: distinct(skipped) };
}

// One round: a new process, warmed up, then put under load again while its CPU time is measured.
async function measure({ command, env }, { body, connections, depth, seconds, warmUp, head = HEAD }) {
  const server = await startServer(command(body), env);
  try {
    const request = { port: server.port, connections, depth };
    await load({ ...request, seconds: warmUp });
    await sleep(SETTLE_MILLISECONDS);
    const before = cpuMicroseconds(server.pid);
    const { requests, seconds: took, bytes, p50, p99, p999 } = await load({ ...request, seconds });
    const cpu = cpuMicroseconds(server.pid) - before;
    check(bytes / requests, body, head);
    return {
      cpu: cpu / requests,
      throughput: requests / took,
      ...(depth === 1 && { p50: p50 / 1000, p99: p99 / 1000, p999: p999 / 1000 }),
      memory: residentBytes(server.pid) / 1e6,
    };
  } finally {
    await server.stop();
  }
}

// Whether the same work was done.
function check(bytesAnAnswer, body, [least, most]) {
  const head = bytesAnAnswer - body;
  if (head < least || head > most)
    throw new Error(`answers with ${Math.round(bytesAnAnswer)} bytes instead of ${body} and a head`);
}
