// The loop's timers compared with the runtime's: the cost to make, restart and cancel one while others are pending; and compared
// with the same wheel in TypeScript and in C, and with libuv's timers.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { lastLine, run as runOn } from "./processes.mjs";
import { runScript } from "./runtimes.mjs";
import { versionOfRival } from "./timer-rivals.mjs";
import { sidesOn, takeTurns } from "./turns.mjs";

export const title = "Timers";

export const about = `The cost to make, restart and cancel a timer while many others are pending, as a program sees
it, with id and callback: the whole cost, including garbage collection. New timers stay pending; those that are restarted or
cancelled are random pending ones. It runs in a callback, as programs do. Each side has a separate process for each figure. The
core alone, its twin and the wheel in C have no callbacks.`;

const IN_C = ["c-wheel", "libuv"];

export const peers = ["setTimeout", "undici", "heap", "twin", ...IN_C];

/** The operations that are measured while others are pending, and their titles. */
export const OPERATIONS = {
  "make-random": "make, random delay",
  "make-one": "make, one delay for all",
  restart: "restart",
  cancel: "cancel",
  mix: "90 % restart, 5 % make, 5 % cancel",
  fire: "made and fired, all due together",
};
const BATCHES = 5000;
const QUICK_BATCHES = 20;
const QUICK_PENDING = 512;
const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { rounds, quick, only, runtimes, peers, progress } = context;
  const pending = sizesFor(context);
  const skipped = [];
  const native = IN_C.some((peer) => !peers || peers.includes(peer)) ? build(skipped) : undefined;
  const tables = [];
  for (const [operation, what] of Object.entries(OPERATIONS)) {
    const id = `timers-${operation}`;
    if (only && !only.includes(id)) continue;
    const measure = async ({ on, peer, side = peer }) => {
      const figures = {};
      for (const size of pending) {
        figures[`pending${size}`] = on
          ? await inRuntime(on, [side, operation, size, quick ? QUICK_BATCHES : BATCHES])
          : await inC(native, [side, size, operation, 1]);
      }
      return figures;
    };
    const candidates = [
      ...sidesOn(runtimes, { name: "setTimeout" }, peers),
      ...(operation === "fire"
        ? []
        : [...others(runtimes[0], peers, skipped), ...controls(runtimes[0], native, peers)]),
    ];
    const say = (text) => progress(`${what} · ${text}`);
    const result = await takeTurns({ candidates, rounds, progress: say, measure });
    skipped.push(...result.skipped);
    const columns = pending.map((size) => {
      return { key: `pending${size}`, title: size.toLocaleString("en"), unit: "ns", better: "lower" };
    });
    const keys = columns.map(({ key }) => key);
    tables.push({ id, title: `Timers: ${what}`, columns, rows: result.rows, main: keys.at(-1), compared: keys });
  }
  return { tables, skipped };
}

/** How many timers are pending. @param {import("./result.mjs").Context} context */
export function sizesFor({ pending, quick }) {
  return pending ?? (quick ? [QUICK_PENDING] : [1000, 100_000, 1_000_000]);
}

// Other timers in JavaScript.
function others(on, wanted, skipped) {
  const titles = { undici: "undici's timers", heap: "a heap from npm" };
  const asked = Object.entries(titles).filter(([peer]) => !wanted || wanted.includes(peer));
  return asked.flatMap(([peer, title]) => {
    if (versionOfRival(peer)) return [{ name: `${title} on ${on.label}`, peer, on }];
    skipped.push({ name: title, reason: "not installed: npm run peers" });
    return [];
  });
}

// To show where the time goes: no hosts, no callbacks.
function controls(on, native, wanted) {
  const isWanted = ({ peer }) => !wanted || wanted.includes(peer) || peer === "core";
  const inside = [
    { name: `the core alone on ${on.label}`, peer: "core", on },
    { name: `its twin in TypeScript on ${on.label}`, peer: "twin", on },
  ];
  const outside = [
    { name: "the wheel in C", peer: "c-wheel", side: "wheel" },
    { name: "libuv's timers in C", peer: "libuv", side: "libuv" },
  ];
  return [...inside, ...(native ? outside : [])].filter(isWanted);
}

async function inRuntime(on, args) {
  const { nanoseconds } = await runScript(on, "bench/timer-sides.mjs", args, { limit: 300 });
  return nanoseconds;
}

async function inC(program, args) {
  return Number(lastLine(await runOn("server", [program, ...args.map(String)], { limit: 300 })));
}

function build(skipped) {
  try {
    execFileSync("make", ["-C", "bench/native"], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    return "build/native/timers";
  } catch (error) {
    skipped.push({ name: "the wheel in C, libuv's timers", reason: `not built: ${error.message.split("\n")[0]}` });
    return undefined;
  }
}
