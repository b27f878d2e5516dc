// Watching standard input and output, in separate processes; and what keeps a process alive.

import { execFileSync, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("watchers-process");

// Runs a child process that watches its own standard input. Returns its exit code and output.
const STDIN = `
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const { stdin } = process;
reactor.io(stdin, () => {
  const chunk = stdin.read();
  if (chunk !== null) console.log("got " + String(chunk).trim());
  if (String(chunk).includes("quit") || stdin.readableEnded) reactor.remove(stdin);
});
reactor.watch(stdin, true, false);
await reactor.start();
console.log("done", stdin.readableFlowing, stdin.listenerCount("readable"));
`;

async function runScript(source: string, tty: boolean, input: string, end: boolean): Promise<string> {
  const file = join(root, `build/stdin-${process.pid}.mjs`);
  writeFileSync(file, source);
  const env = { ...process.env, NO_COLOR: "1", TERM: "dumb" };
  const child = tty
    ? spawn("script", ["-qec", `${process.execPath} ${file}`, "/dev/null"], { cwd: root, env })
    : spawn(process.execPath, [file], { cwd: root, env });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  child.stdin.on("error", () => {});
  const closed = new Promise((resolve) => child.on("close", resolve));
  child.stdin.write(input);
  if (end) child.stdin.end();
  try {
    await closed; // by itself, even though its input may still be open
  } finally {
    child.kill();
    child.stdin.destroy();
    rmSync(file);
  }
  return output.replaceAll("\r", "");
}

const hasScript = ((): boolean => {
  try {
    execFileSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test("standard input, a pipe: read and released, so that the process ends", async () => {
  assert.is(await runScript(STDIN, false, "quit\n", false), "got quit\ndone null 0\n");
  assert.is(await runScript(STDIN, false, "hello\n", true), "got hello\ndone null 0\n");
});

if (hasScript) {
  test("standard input, a terminal: read and released, so that the process ends", async () => {
    const output = await runScript(STDIN, true, "quit\n", false);
    assert.match(output, "got quit\ndone null 0\n");
  });

  test("standard output, a terminal: writable, and its input is left to the program", async () => {
    const source = `
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
let calls = 0;
let typed = false;
process.stdin.on("data", (chunk) => {
  console.log("typed " + String(chunk).trim());
  process.stdin.pause();
  typed = true;
});
reactor.io(process.stdout, (_reactor, writable) => {
  if (calls++ === 0) console.log(writable ? "writable" : "readable");
  if (typed) reactor.remove(process.stdout);
});
await reactor.start();
console.log("done");
`;
    const output = await runScript(source, true, "quit\n", false);
    assert.match(output, "writable\n");
    assert.match(output, "typed quit\n");
    assert.match(output, "done\n");
    assert.is(output.includes("readable"), false);
  });
}

test("a process with a stopped reactor ends, whatever it watches", async () => {
  const source = `
import { createServer } from "node:net";
import { PassThrough } from "node:stream";
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const server = createServer().listen(0, "127.0.0.1", async () => {
  for (const handle of [server, process.stdin, new PassThrough()]) reactor.io(handle, () => {}).watch(handle, true, false);
  reactor.timer(0.01, () => reactor.stop());
  await reactor.start();
  console.log("stopped");
});
`;
  assert.is(await runScript(source, false, "", false), "stopped\n");
});

test("a process with a running reactor does not end, even if no watched handle keeps it alive", async () => {
  const source = `
import { PassThrough } from "node:stream";
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const handle = new PassThrough();
reactor.io(handle, () => reactor.remove(handle)).watch(handle, true, false);
setTimeout(() => handle.write("x"), 200).unref();
await reactor.start();
console.log("done");
`;
  assert.is(await runScript(source, false, "", false), "done\n");
});
