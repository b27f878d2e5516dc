// Timers and the process: which keep it alive, what happens to errors, and warnings. Each test is a program of its own.

import { spawn } from "node:child_process";
import * as assert from "uvu/assert";
import { evaluate, harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("timers/process");

const IMPORT = `
  import { clearInterval, clearTimeout, setInterval, setTimeout } from "wasm-ioloop/timers";
  import * as promises from "wasm-ioloop/timers/promises";
  const say = (...what) => console.log(...what);`;

interface Ended {
  readonly said: readonly string[];
  readonly errors: string;
  readonly code: number | null;
}

function program(source: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, evaluate(IMPORT + source), { cwd: root, timeout: 60_000 });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ said: output.trimEnd().split("\n"), errors, code }));
  });
}

async function says(source: string, ...lines: string[]): Promise<void> {
  const { said, errors, code } = await program(source);
  assert.equal(said, lines, errors);
  assert.is(code, 0, errors);
}

// unref, unrefd-interval-still-fires, unrefed-in-callback, unenroll-unref-interval, promisified
test("only timers that are not unrefed keep the process alive; the others fire while it is", () =>
  says(
    `
    setTimeout(say, 60000, "long").unref();
    setInterval(say, 60000, "long").unref();
    promises.setTimeout(60000, null, { ref: false }).then(() => say("long"));
    void promises.setInterval(60000, null, { ref: false }).next();
    clearTimeout(setTimeout(say, 60000, "cleared"));
    setTimeout(say, 60000).unref().ref().unref();
    setTimeout(say, 1, "unrefed").unref();
    let times = 0;
    const interval = setInterval(() => ++times === 2 && (clearInterval(interval), say("twice")), 1).unref();
    const itself = setInterval(() => itself.unref(), 1);
    setTimeout(function () { say("kept"); this.unref(); }, 50).unref().ref();
    process.on("exit", () => say("exit"));`,
    "unrefed",
    "twice",
    "kept",
    "exit",
  ));

// unrefed-in-beforeexit, refresh-in-callback
test("in beforeExit, an unrefed timer prolongs nothing, and another one does; a refresh in a callback, too", () =>
  says(
    `
    let times = 0;
    process.on("beforeExit", () => {
      say("beforeExit");
      setTimeout(say, 1000, "never").unref();
      if (++times === 1) setTimeout(say, 1, "once more");
    });
    let left = 2;
    const timer = setTimeout(() => { say("fires"); if (--left > 0) timer.refresh(); }, 1);`,
    "fires",
    "fires",
    "beforeExit",
    "once more",
    "beforeExit",
  ));

// uncaught-exception, interval-throw, unref-throw-then-ref
test("an error reaches the process, and the other timers fire all the same", () =>
  says(
    `
    process.on("uncaughtException", (error) => say("caught", error.message));
    const throws = (what) => { throw new Error(what); };
    const first = setTimeout(() => { first.ref(); throws("first"); }, 1).unref();
    setTimeout(say, 1, "second");
    setTimeout(() => process.nextTick(throws, "tick"), 1);
    setTimeout(() => queueMicrotask(() => throws("microtask")), 1);
    setTimeout(say, 1, "third");
    let left = 2;
    setTimeout(() => {
      const interval = setInterval(() => { if (--left === 0) clearInterval(interval); throws("interval"); }, 1);
    }, 5);`,
    "caught first",
    "second",
    "caught tick",
    "caught microtask",
    "third",
    "caught interval",
    "caught interval",
  ));

// test-async-local-storage-errors, for timers; on Bun and Deno, the handler has no context
if (!isBun && !isDeno) {
  test("a handler of uncaught errors has the context of the callback, and the next callback has its own", () =>
    says(
      `
      const { AsyncLocalStorage } = await import("node:async_hooks");
      const [storage, other] = [new AsyncLocalStorage(), new AsyncLocalStorage()];
      process.on("uncaughtException", ({ message }) => say(message, storage.getStore(), other.getStore()));
      const throws = (what) => { throw new Error(what); };
      const see = (what) => say(what, storage.getStore(), other.getStore());
      storage.run("kept", setTimeout, throws, 1, "thrown");
      setTimeout(see, 1, "next");
      setTimeout(() => { other.enterWith("entered"); throws("again"); }, 1);
      setTimeout(see, 1, "last");
      setTimeout(see, 20, "later");`,
      "thrown kept undefined",
      "next undefined undefined",
      "again undefined entered",
      "last undefined undefined",
      "later undefined undefined",
    ));
}

// next-tick, if the first one of all throws
test("after an error in a nextTick callback, those due together still run together", () =>
  says(
    `
    process.on("uncaughtException", (error) => say("caught", error.message));
    setTimeout(() => process.nextTick(() => { throw new Error("tick"); }), 1);
    setTimeout(say, 1, "second");
    setTimeout(setImmediate, 20, say, "immediate");
    for (const what of ["third", "fourth"]) setTimeout(say, 20, what);`,
    "caught tick",
    "second",
    "third",
    "fourth",
    "immediate",
  ));

test("without a handler, it ends the process", async () => {
  const { said, errors, code } = await program(`
    setTimeout(() => { say("first"); throw new Error("for nobody"); }, 1);
    setTimeout(say, 20, "never");`);
  assert.equal(said, ["first"]);
  assert.match(errors, "for nobody");
  assert.is(code, 1);
});

// max-duration-warning, nan-duration-*, negative-duration-*, not-emit-duration-zero, process-tampering, api-refs
test("bad delays warn; the functions need no globals", async () => {
  const { said, errors, code } = await program(`
    process.on("warning", ({ name, message }) => say(name + ": " + message));
    for (const name of ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "setImmediate", "queueMicrotask"])
      delete globalThis[name];
    for (const delay of [undefined, 0, -0, 0.5, 1, 2 ** 31 - 1, null, NaN, NaN, -1, -1, 2 ** 31])
      clearTimeout(setTimeout(() => {}, delay).refresh());
    clearInterval(setInterval(() => {}, 2 ** 31));
    await promises.setTimeout(NaN);
    await promises.setTimeout(20);
    globalThis.process = {};
    setTimeout(say, 1, "fires");`);
  assert.is(code, 0, errors);
  const overflow =
    "TimeoutOverflowWarning: A delay of 2147483648 ms does not fit into a 32-bit signed integer: the timer was set to 1 ms.";
  assert.equal(
    said.filter((line) => line.startsWith("Timeout")),
    [
      "TimeoutNaNWarning: A delay is not a number: the timer was set to 1 ms.",
      "TimeoutNegativeWarning: A delay of -1 ms is negative: the timer was set to 1 ms.",
      overflow,
      overflow,
    ],
  );
  assert.is(said.at(-1), "fires");
});
