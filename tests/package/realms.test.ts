// Realms that lack some globals, or whose intrinsics are frozen: the package can be imported there, and works.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Core } from "wasm-ioloop/core";
import { evaluate, harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("realms");

const TALK = `
  const { IOLoop, IOLoopError } = await import("wasm-ioloop");
  const loop = new IOLoop();
  const id = loop.server({}, (loop, stream) => stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully()));
  loop.client({ port: loop.acceptor(id).port }, (loop, err, stream) => {
    stream.write("echo");
    stream.on("read", (stream, chunk) => console.log(String(chunk)));
    stream.on("close", () => loop.stop());
  });
  const running = loop.start();
  try {
    loop.start();
  } catch (error) {
    console.log(error.name, error.code, error instanceof IOLoopError);
  }
  await running;
  try {
    loop.timer(-1, () => {});
  } catch (error) {
    console.log(error.name, error.code);
  }
`;
const SAID = ["IOLoopError ERR_IOLOOP_RUNNING true", "echo", "RangeError ERR_IOLOOP_OUT_OF_RANGE"];

function said(source: string, ...options: string[]): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [...options, ...evaluate(source)], {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.is(stderr, "");
  return stdout.trimEnd().split("\n");
}

test("with Object and Error frozen", () => {
  const freeze = "for (const it of [Object, Error]) Object.freeze(it), Object.freeze(it.prototype);";
  // Bun's own modules, loaded later, assign to properties that they inherit from Object.
  const mild = "Object.freeze(Object), Object.freeze(Error), Object.freeze(Error.prototype);";
  assert.equal(said(`${isBun ? mild : freeze}\n${TALK}`), SAID);
});

test("with all intrinsics frozen", () => {
  if (isBun || isDeno) return; // only Node has an option for it
  assert.equal(said(TALK, "--frozen-intrinsics", "--no-warnings"), SAID);
});

test("with a read-only Bun.listen", () => {
  if (!isBun) return;
  const readOnly = 'Object.defineProperty(Bun, "listen", { value: Bun.listen, writable: false, configurable: false });';
  assert.equal(said(`${readOnly}\n${TALK}`), SAID);
});

test("without TextDecoder", () => {
  const without = `
    delete globalThis.TextDecoder;
    const { Core } = await import("wasm-ioloop/core");
    const { VirtualClock } = await import("wasm-ioloop/testing");
    console.log(new Core(1).calls.pollDeadline(), new VirtualClock(2).now());`;
  assert.equal(said(without), ["Infinity 2000"]);
});

test("if compiling from bytes is not allowed, the core takes a module", () => {
  const module = new WebAssembly.Module(readFileSync(join(root, "dist/core.wasm")));
  const { WebAssembly: whole } = globalThis;
  const refused = function (): never {
    throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
  };
  let core: Core;
  try {
    globalThis.WebAssembly = { ...whole, Instance: whole.Instance, Module: refused as never };
    core = new Core(1, module);
  } finally {
    globalThis.WebAssembly = whole;
  }
  const id = core.opened(core.calls.handleTimer(1000, 0, 0));
  assert.ok(core.isTimer(id));
  assert.is(core.calls.pollDeadline(), 1000);
  for (const wrong of [{}, readFileSync(join(root, "dist/core.wasm")), "core.wasm" as unknown as object]) {
    assert.throws(() => new Core(1, wrong), TypeError);
  }
});
