// The package saves the runtime's timers when it is loaded: fake timers stop neither its sockets nor its clocks.

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

/** Runs a task while the global timer functions do nothing, or throw. Returns the names of those that were called. */
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

test("timers, ticks and virtual time still work", async () => {
  const seen: string[] = [];
  await turns(1); // by then the deadline of this test has been set
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

// In a separate process, as the runtime's sockets may use these timers themselves.
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

test("a server and a client communicate while the timers are replaced", async () => {
  assert.is(await run(ECHO), "echo");
});

test("and with the mock timers of node:test", async () => {
  if (isBun || isDeno) return; // only Node has them
  const said = await run(MOCKED);
  assert.match(said, /^echo$/m);
});
