// Many idle connections: what each more costs in memory, what a request costs beside them, and what it takes to stop, start and reset a
// loop that has them.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SETTLE_MILLISECONDS, hold } from "./memory.mjs";
import { candidatesFor } from "./peers.mjs";
import { canMeasure, cpuMicroseconds, residentBytes, sleep, startServer } from "./processes.mjs";
import { distinct, takeTurns } from "./turns.mjs";
import { load, whyNoLoad } from "./wrk.mjs";

export const title = "Many idle connections";

export const about = `18,000 connections that got one answer and are idle now, each with its timeout. How much resident memory each has added,
from the 6,000th on, after garbage was collected. The CPU time of one request on 64 other connections, and its latency. The CPU
time of the process, divided by the number of connections, until a loop has stopped, has started, and is reset; beside that, of \`destroy\` of every
socket.`;

const HOLDERS = ["node-net", "before"];
export const peers = [...HOLDERS, "alone"];

const [CONNECTIONS, QUICK_CONNECTIONS] = [18_000, 600];
const SHARE_BEFORE = 1 / 3; // of the connections, for the slope
const [BUSY, BODY] = [64, 64];
const IDLE_SECONDS = 600; // so that no connection is closed meanwhile
const WARM_UP_SECONDS = { usual: 2, quick: 1 };
const here = fileURLToPath(new URL(".", import.meta.url));

const SLOPE = [
  { key: "resident", title: "resident a connection", unit: "B", better: "lower" },
  { key: "heap", title: "heap a connection", unit: "B", better: "lower" },
];
const REQUESTS = [
  { key: "cpu", title: "CPU a request", unit: "µs", better: "lower" },
  { key: "p50", title: "p50", unit: "ms", better: "lower" },
  { key: "p99", title: "p99", unit: "ms", better: "lower" },
];
const perConnection = (key, title) => ({ key, title, unit: "µs", better: "lower" });

const TABLES = [
  {
    id: "idle-slope",
    short: "one more connection",
    what: "each more",
    columns: SLOPE,
    compared: ["resident"],
    measure: slope,
  },
  {
    id: "idle-requests",
    short: "beside idle connections",
    what: "a request beside them",
    columns: REQUESTS,
    compared: ["cpu", "p99"],
    measure: requests,
    alone: true,
    why: whyNoLoad,
  },
  {
    id: "idle-stop",
    short: "stop and start",
    what: "stop and start",
    note: "What the calls take. `start` tells the runtime to read; before it polls the next time, it tells the system.",
    columns: [
      perConnection("stop", "stop"),
      perConnection("start", "start"),
      perConnection("polled", "start, until the runtime has polled"),
    ],
    measure: (candidate, options) => ended(candidate, options, ["stop", "start", "polled"]),
    only: [],
  },
  {
    id: "idle-reset",
    short: "reset",
    what: "reset, and destroy",
    note: "With `node:net`, `destroy()` of every socket.",
    columns: [perConnection("reset", "reset")],
    measure: (candidate, options) => ended(candidate, options, ["reset"]),
    only: ["node-net"],
  },
];

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, only, quick, seconds, runtimes, peers = HOLDERS, progress } = context;
  const count = quick ? QUICK_CONNECTIONS : CONNECTIONS;
  const options = { count, seconds, warmUp: quick ? WARM_UP_SECONDS.quick : WARM_UP_SECONDS.usual };
  const [tables, left] = [[], []];
  for (const { id, what, measure, alone, only: wanted = HOLDERS, why, ...about } of TABLES) {
    if (only && !only.includes(id)) continue;
    const reason = canMeasure ? why?.() : "It needs /proc, as Linux has it";
    if (reason) {
      left.push({ name: what, reason });
      continue;
    }
    const able = candidatesFor("keep", { runtimes, peers: peers.filter((name) => wanted.includes(name)) });
    const candidates = able.candidates.flatMap((one) =>
      alone && one.peer === "ours" ? [one, withoutThem(one)] : [one],
    );
    const say = (text) => progress(`${id} · ${text}`);
    const measured = await takeTurns({ candidates, rounds, progress: say, measure: (one) => measure(one, options) });
    left.push(...able.skipped, ...measured.skipped);
    const keys = about.columns.map(({ key }) => key);
    const title = `${count.toLocaleString("en")} idle connections: ${what}`;
    tables.push({ id, title, main: keys[0], compared: keys, ...about, rows: measured.rows });
  }
  return { tables, skipped: distinct(left) };
}

function withoutThem(candidate) {
  return { ...candidate, peer: "alone", name: `${candidate.name}, without them` };
}

// What the last two thirds of the connections have added.
async function slope({ command }, { count }) {
  const server = await startServer(command(BODY, IDLE_SECONDS));
  const used = async () => {
    await sleep(SETTLE_MILLISECONDS);
    const heap = await server.collect();
    return { heap, resident: residentBytes(server.pid) };
  };
  try {
    const some = Math.round(count * SHARE_BEFORE);
    const first = await hold(server.port, some);
    const before = await used();
    const rest = await hold(server.port, count - some);
    const after = await used();
    await Promise.all([first.stop(), rest.stop()]);
    const added = (key) => (after[key] - before[key]) / (count - some);
    return { resident: added("resident"), heap: added("heap") };
  } finally {
    await server.stop();
  }
}

// A request on other connections, beside the idle ones or without them.
async function requests({ command, peer }, { count, seconds, warmUp }) {
  const server = await startServer(command(BODY, IDLE_SECONDS));
  try {
    const idle = peer === "alone" ? undefined : await hold(server.port, count);
    const request = { port: server.port, connections: BUSY, depth: 1 };
    await load({ ...request, seconds: warmUp });
    const before = cpuMicroseconds(server.pid);
    const { requests, p50, p99 } = await load({ ...request, seconds });
    const cpu = (cpuMicroseconds(server.pid) - before) / requests;
    await idle?.stop();
    return { cpu, p50: p50 / 1000, p99: p99 / 1000 };
  } finally {
    await server.stop();
  }
}

// The process measures itself, at a signal. The clients stand still meanwhile.
async function ended({ on, peer }, { count }, keys) {
  const program = [on.program, ...on.args, join(here, "peers/many.mjs")];
  const server = await startServer([...program, String(BODY), peer, String(IDLE_SECONDS)]);
  try {
    const clients = await hold(server.port, count);
    clients.signal("SIGSTOP");
    server.signal("SIGUSR2");
    const figures = JSON.parse(await server.says());
    await clients.stop();
    return Object.fromEntries(keys.map((key) => [key, figures[key]]));
  } finally {
    await server.stop();
  }
}
