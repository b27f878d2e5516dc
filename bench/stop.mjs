// A server that is stopped under load: which requests fail, and how long it takes.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mean } from "./measure.mjs";
import { canMeasure, sleep, start, startServer } from "./processes.mjs";
import { STOP_PEER_NAMES, stopCandidates } from "./stop-peers.mjs";
import { distinct, takeTurns } from "./turns.mjs";

export const title = "Graceful stops";

export const about = `An HTTP server gets SIGTERM while 50 clients send requests without a pause, 10 from time to time, 3 are silent, 2 send
an endless request with a byte per second, and one has a WebSocket. It answers after 0 to 20 ms, each 50th request after a second.
Server and clients record every request, and the lists are compared.`;

export const peers = STOP_PEER_NAMES;

const STOPS = { usual: 4, quick: 1 }; // per round
const LOAD_MILLISECONDS = 1000; // before the signal
const LIMIT_SECONDS = 10; // after that the server is killed
const MOST_TRIES = 8; // per round
const HELD_UP = "stops were repeated, because the clients were stalled by something else";
const clients = join(fileURLToPath(new URL(".", import.meta.url)), "load/stopping.mjs");

// One event in all stops is the smallest difference that counts.
const count = (key, title) => ({ key, title, unit: "a stop", better: "lower", isCount: true, floor: 0.05 });
const COLUMNS = [
  count("failed", "failed"),
  count("lost", "lost"),
  count("race", "race"),
  count("fresh", "fresh"),
  count("turned", "503"),
  { key: "ended", title: "ended", unit: "s", better: "lower" },
  { key: "late", title: "late", unit: "s", better: "lower", floor: 0.01 },
];

const NOTE = `Requests of which no whole answer came, as a mean of all stops. **lost**: the handler had begun it. **race**: sent on a connection that
the server closed, and not begun. **fresh**: the first of a connection that the server had accepted, and not begun. **503**: answered so.
**failed** is the sum. **ended**: from the signal until the process has ended. **late**: from the last answer, or the last
request that was lost, until then. What has not ended by itself is killed after ${LIMIT_SECONDS} s; then both times are given as ${LIMIT_SECONDS} s.`;

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, quick, only, runtimes, peers, progress }) {
  if (only && !only.includes("stop")) return { tables: [] };
  if (!canMeasure) return { tables: [], skipped: [{ name: title, reason: "It needs /proc, as Linux has it" }] };
  const able = stopCandidates({ runtimes, peers });
  const repeated = [];
  let seed = 0;
  const measure = async (candidate) => {
    const stops = [];
    const wanted = quick ? STOPS.quick : STOPS.usual;
    let tries = 0;
    while (stops.length < wanted) {
      const { figures, delay } = await stopOnce(candidate, ++seed);
      if (delay === undefined || quick) stops.push(figures);
      else if (++tries < MOST_TRIES) repeated.push({ name: candidate.name, reason: HELD_UP });
      else throw new Error(`the clients were stalled for ${Math.round(delay)} ms, and ${tries - 1} times before`);
    }
    return Object.fromEntries(COLUMNS.map(({ key }) => [key, mean(stops.map((figures) => figures[key]))]));
  };
  const { rows, skipped } = await takeTurns({ candidates: able.candidates, rounds, progress, measure });
  const table = {
    id: "stop",
    short: "graceful stop",
    title: "Stopped by SIGTERM under load",
    note: NOTE.replaceAll("\n", " "),
  };
  return {
    tables: [{ ...table, main: "failed", columns: COLUMNS, rows }],
    skipped: distinct([...able.skipped, ...repeated, ...skipped]),
  };
}

async function stopOnce({ name, command, codes }, seed) {
  const folder = mkdtempSync(join(tmpdir(), "stop-"));
  const log = join(folder, "begun");
  const running = [];
  try {
    const server = await startServer(command(log));
    running.push(server);
    const load = start("load", [process.execPath, clients, String(server.port), String(seed)]);
    running.push(load);
    await load.says(); // so that all have been answered
    await sleep(LOAD_MILLISECONDS);
    const signalled = milliseconds();
    server.signal("SIGTERM");
    const ended = await endOf(server, codes);
    load.signal("SIGTERM");
    const outcomes = JSON.parse(await load.says());
    const begun = numbersIn(log);
    const delay = outcomes.delays.find(({ until }) => until > signalled)?.milliseconds;
    if (process.env.BENCH_FAILURES && delay === undefined) describe(name, { begun, signalled, ...outcomes });
    return { figures: figuresOf({ begun, signalled, ended, ...outcomes }), delay };
  } finally {
    for (const { signal, ended } of running) {
      signal("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

// When a server has ended by itself; undefined if it had to be killed.
async function endOf(server, codes) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT_SECONDS * 1000);
  });
  const how = await Promise.race([server.ended, late]);
  const at = milliseconds();
  clearTimeout(timer);
  if (how === undefined) {
    server.signal("SIGKILL");
    await server.ended;
    return undefined;
  }
  if (!codes.some((code) => how.startsWith(`ended with code ${code}`))) throw new Error(how);
  return at;
}

/**
 * The figures of one stop. Times are milliseconds of one clock.
 * @param {object} stop
 * @param {number[]} stop.begun the requests that the handler began
 * @param {number[]} stop.answered those whose answer arrived completely
 * @param {{ id: number, isFirst: boolean, at: number, why: string | number }[]} stop.failed
 * @param {number} stop.turnedAway how many were answered with 503
 * @param {number} stop.lastAnswer @param {number} stop.signalled
 * @param {number} [stop.ended] undefined if it was killed
 */
export function figuresOf({ begun, answered, failed, turnedAway, lastAnswer, signalled, ended }) {
  const known = new Set(begun);
  const early = failed.find(({ at }) => at < signalled);
  if (early) throw new Error(`a request failed before the signal: ${early.why}`);
  const unknown = answered.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Error(`request ${unknown} was answered and never begun`);
  const lost = failed.filter(({ id }) => known.has(id));
  const rest = failed.filter(({ id }) => !known.has(id));
  const fresh = rest.filter(({ isFirst }) => isFirst).length;
  const last = Math.max(lastAnswer, signalled, ...lost.map(({ at }) => at));
  return {
    failed: failed.length + turnedAway,
    lost: lost.length,
    race: rest.length - fresh,
    fresh,
    turned: turnedAway,
    ended: ended === undefined ? LIMIT_SECONDS : (ended - signalled) / 1000,
    late: ended === undefined ? LIMIT_SECONDS : Math.max(ended - last, 0) / 1000,
  };
}

// Prints each failed request, for debugging a server.
function describe(name, { begun, signalled, failed }) {
  for (const { id, isFirst, isIdle, silent, at, why } of failed) {
    const kind = begun.includes(id) ? "lost" : isFirst ? "fresh" : "race";
    const client = `${isIdle ? "an idle" : "a busy"} client, silent for ${silent.toFixed(1)} ms before it`;
    console.error(`${name}: ${kind}, ${why}, ${(at - signalled).toFixed(1)} ms after the signal, of ${client}`);
  }
}

function numbersIn(file) {
  return readFileSync(file, "utf8").trimEnd().split("\n").map(Number);
}

/** The system's clock, which all processes share. */
function milliseconds() {
  return Number(process.hrtime.bigint()) / 1e6;
}
