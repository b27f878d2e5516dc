// The timers of the runtime are taken when the package is loaded: fake ones stop neither its sockets nor its clocks.

import { execFile } from "node:child_process";
import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { evaluate, harness, isBun, isDeno, turns } from "../support/harness.ts";

const test = harness("fake-timers");

const NAMES = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
] as const;

/** Runs something while what the runtime has for timers does nothing, or throws. Gives the names of those that were called. */
async function without(body: () => Promise<void>): Promise<string[]> {
  const real = Object.fromEntries(NAMES.map((name) => [name, globalThis[name]]));
  const realNow = performance.now;
  const realNextTick = process.nextTick;
  const called: string[] = [];
  const all = globalThis as unknown as Record<string, unknown>;
  for (const name of NAMES) all[name] = () => void called.push(name);
  performance.now = () => {
    called.push("performance.now");
    return 0;
  };
  process.nextTick = () => void called.push("process.nextTick");
  try {
    await body();
  } finally {
    Object.assign(globalThis, real);
    performance.now = realNow;
    process.nextTick = realNextTick;
  }
  return called;
}

test("timers and ticks go on, and so does virtual time", async () => {
  const seen: string[] = [];
  await turns(1); // the deadline of this test is set by then
  const called = await without(async () => {
    const loop = new IOLoop();
    loop.timer(0.01, () => void seen.push("timer"));
    loop.nextTick(() => void seen.push("tick"));
    await loop.start();
    const clock = new VirtualClock();
    const virtual = new IOLoop({ clock });
    virtual.timer(3600, () => void seen.push("an hour later"));
    const running = virtual.start();
    await clock.advance(3600);
    await running;
  });
  assert.equal(seen, ["tick", "timer", "an hour later"]);
  assert.equal(called, []);
});

// In a process of its own: what a runtime's own sockets use is theirs.
const ECHO = `
  import { IOLoop } from "wasm-ioloop";
  const fake = () => {};
  for (const name of ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"])
    globalThis[name] = fake;
  performance.now = () => 0;
  const loop = new IOLoop();
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    loop.remove(id);
  });
  loop.client({ port: loop.acceptor(id).port }, (_loop, error, stream) => {
    if (error) throw error;
    stream.write("echo");
    stream.on("read", (_stream, chunk) => console.log(String(chunk)));
  });
  await loop.start();
  process.exit();
`;

const MOCKED = `
  import { mock } from "node:test";
  ${ECHO.replace("const fake = () => {};", "mock.timers.enable();").replace(/ {2}for \(const name[\s\S]*?=> 0;\n/, "")}
`;

function run(source: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, evaluate(source), { timeout: 20_000 }, (_error, output, complaint) =>
      resolve((output + complaint).trim()),
    );
  });
}

test("a server and a client talk where the timers have been replaced", async () => {
  assert.is(await run(ECHO), "echo");
});

test("and under the mock timers of node:test", async () => {
  if (isBun || isDeno) return; // they are Node's
  const said = await run(MOCKED);
  assert.match(said, /^echo$/m);
});
