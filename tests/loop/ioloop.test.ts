// class IOLoop: defaults, the singleton, starting and stopping. Numbers name statements about the originals.

import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { IOLoop, type IOLoopError, Reactor } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { evaluate, harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("ioloop");

function program(source: string): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, evaluate(source), {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
  return { stdout, stderr, status };
}

test("1, 2, 3, 4 defaults", () => {
  const loop = new IOLoop();
  assert.is(loop.maxAccepts, 0);
  assert.is(loop.maxConnections, 1000);
  assert.is(loop.multiAccept, 50);
  assert.is(new IOLoop({ maxConnections: 51 }).multiAccept, 50);
  assert.is(new IOLoop({ maxConnections: 50 }).multiAccept, 50);
  assert.is(new IOLoop({ maxConnections: 49 }).multiAccept, 1);
  assert.is(new IOLoop({ maxConnections: 10 }).multiAccept, 1);
  assert.is(new IOLoop({ maxConnections: 10, multiAccept: 10 }).multiAccept, 10);
});

test("5 multiAccept is decided when the loop is created", () => {
  const loop = new IOLoop();
  loop.maxConnections = 10;
  assert.is(loop.multiAccept, 50);
});

test("6 attributes can be given to the constructor, and set", () => {
  const reactor = new Reactor();
  const loop = new IOLoop({ maxAccepts: 10, maxConnections: 20, multiAccept: 5, reactor });
  assert.equal([loop.maxAccepts, loop.maxConnections, loop.multiAccept], [10, 20, 5]);
  assert.is(loop.reactor, reactor);
  loop.maxAccepts = 1;
  loop.maxConnections = 2;
  loop.multiAccept = 3;
  assert.equal([loop.maxAccepts, loop.maxConnections, loop.multiAccept], [1, 2, 3]);
});

test("7, 57 each loop has its own reactor, and does not run the timers of another", async () => {
  const [a, b] = [quietLoop().loop, quietLoop().loop];
  assert.is.not(a.reactor, b.reactor);
  const log: string[] = [];
  a.timer(0, () => log.push("a"));
  b.timer(0, () => log.push("b"));
  await a.start();
  assert.equal(log, ["a"]);
  await b.start();
  assert.equal(log, ["a", "b"]);
});

test("two loops run side by side, and one within another's callback", async () => {
  const [a, b] = [quietLoop().loop, quietLoop().loop];
  const log: string[] = [];
  a.timer(0, async () => {
    log.push("a");
    b.timer(0, () => log.push("b"));
    await b.start();
    log.push("b has stopped");
  });
  await a.start();
  await until(() => log.length === 3);
  assert.equal(log, ["a", "b", "b has stopped"]);
});

test("8 a loop's reactor has one default error subscriber, a separate reactor none", () => {
  assert.is(new IOLoop().reactor.subscribers("error").length, 1);
  assert.is(new Reactor().subscribers("error").length, 0);
});

test("9 the statics act on the singleton", async () => {
  assert.is(IOLoop.singleton, IOLoop.singleton);
  assert.is(IOLoop.isRunning(), false);
  const log: unknown[] = [];
  const id = IOLoop.timer(60, () => log.push("never"));
  IOLoop.timer(0, (loop) => log.push(loop === IOLoop.singleton, IOLoop.isRunning()));
  IOLoop.nextTick((loop) => log.push(loop === IOLoop.singleton));
  const server = IOLoop.server({}, () => {});
  assert.ok(IOLoop.acceptor(server)!.port! > 0);
  assert.is(IOLoop.stream(server), undefined);
  const running = IOLoop.start();
  await turns(5);
  assert.is(IOLoop.remove(id), true);
  assert.is(IOLoop.remove(server), true);
  await running;
  assert.equal(log, [true, true, true]);
  IOLoop.reset();
});

test("10, 79 ids are unique, and lookups of an unknown one, or of another kind, return undefined", () => {
  const { loop } = quietLoop();
  const timer = loop.timer(1, () => {});
  const server = loop.server({}, () => {});
  const client = loop.client({ port: 1 }, () => {});
  assert.is(new Set([timer, server, client]).size, 3);
  for (const id of [timer, client, 0, -1, NaN, 1e300] as never[]) assert.is(loop.acceptor(id), undefined);
  for (const id of [timer, server, client, 0, -1, NaN, 1e300] as never[]) assert.is(loop.stream(id), undefined);
  loop.reset();
});

test("13 isRunning is true as soon as start has returned, in every callback, and false after", async () => {
  const { loop } = quietLoop();
  const seen: boolean[] = [];
  const see = (): void => void seen.push(loop.isRunning);
  see();
  loop.timer(0, see);
  loop.nextTick(see);
  const running = loop.start();
  see();
  await running;
  see();
  assert.equal(seen, [false, true, true, true, false]);
});

test("14, 15 start with nothing to watch resolves at once; so does oneTick", async () => {
  const { loop } = quietLoop();
  await loop.start();
  await loop.oneTick();
  assert.is(loop.isRunning, false);
});

test("16, 17 a second start or oneTick throws at the call, and the loop continues", async () => {
  const { loop } = quietLoop();
  const codes: string[] = [];
  const again = (call: () => unknown): void => {
    try {
      void call();
    } catch (error) {
      codes.push((error as IOLoopError).code, (error as Error).message);
    }
  };
  let later = false;
  loop.timer(0, (loop) => {
    again(() => loop.start());
    again(() => loop.oneTick());
    loop.timer(0, () => (later = true));
  });
  const running = loop.start();
  again(() => loop.start());
  await running;
  assert.equal(codes, Array.from({ length: 3 }, () => ["ERR_IOLOOP_RUNNING", "IOLoop already running"]).flat());
  assert.is(later, true);
});

test("18, 19 oneTick runs everything that is due in one pass, and waits for the first event", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  loop.timer(0, () => log.push("a"));
  loop.timer(0, () => log.push("b"));
  const late = loop.timer(0.5, () => log.push("late"));
  await loop.oneTick();
  assert.equal(log, ["a", "b"]);
  const tick = loop.oneTick();
  await clock.advance(0.25);
  assert.is(loop.isRunning, true);
  loop.nextTick(() => log.push("event"));
  await tick;
  assert.equal(log, ["a", "b", "event"]);
  assert.is(loop.remove(late), true);
});

test("20 stop ends the loop after the current pass: timers that are due in it still fire", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.timer(0, (loop) => {
    log.push("a");
    loop.stop();
    assert.is(loop.isRunning, false);
    loop.timer(0, () => log.push("next pass"));
  });
  loop.timer(0, () => log.push("b"));
  await loop.start();
  assert.equal(log, ["a", "b"]);
  await loop.start();
  assert.equal(log, ["a", "b", "next pass"]);
});

test("a stopped loop can be started again in the same callback", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  let second: Promise<void> | undefined;
  loop.timer(0, (loop) => {
    loop.stop();
    second = loop.start();
    loop.timer(0, () => log.push("second run"));
  });
  await loop.start();
  await second;
  assert.equal(log, ["second run"]);
});

test("21 stop of a loop that is not running does nothing, and has no later effect", async () => {
  const { loop } = quietLoop();
  loop.stop();
  let fired = false;
  loop.timer(0, () => (fired = true));
  await loop.start();
  assert.is(fired, true);
});

test("22 stop keeps timers, servers and connections: start continues with them, and nothing is delivered meanwhile", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.on("read", (_stream, chunk) => log.push(`read ${String(chunk)}`));
    stream.on("close", () => log.push("close"));
  });
  const port = portOf(loop, id);
  const first = peer({ port });
  await first.connected;
  first.socket.write("early");
  await turns(5);
  assert.equal(log, []);
  let running = loop.start();
  await until(() => log.length === 2);
  loop.stop();
  await running;
  first.socket.write("meanwhile");
  const second = peer({ port });
  await second.connected;
  await turns(10);
  assert.equal(log, ["accept", "read early"]);
  running = loop.start();
  await until(() => log.length === 4);
  assert.equal(log.slice().sort(), ["accept", "accept", "read early", "read meanwhile"]);
  first.socket.end();
  second.socket.end();
  await until(() => log.length === 6);
  loop.remove(id);
  await running;
});

test("23 a server, a connection and an attempt keep the loop running; without them it stops by itself", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", () => stream.closeGracefully());
  });
  loop.client({ port: portOf(loop, id) }, (loop, _error, stream) => {
    loop.remove(id);
    stream!.write("x");
  });
  await loop.start();
  assert.is(loop.isRunning, false);
});

test("a process whose loop has stopped exits, and so does one that never started", () => {
  const started = `import { IOLoop } from "wasm-ioloop";
    const loop = new IOLoop();
    loop.server({}, () => {});
    loop.timer(3600, () => {});
    loop.timer(0.05, (loop) => loop.stop());
    await loop.start();
    console.log("stopped");`;
  assert.equal(program(started), { stdout: "stopped\n", stderr: "", status: 0 });
  const never = `import { IOLoop } from "wasm-ioloop";
    IOLoop.server({}, () => {});
    IOLoop.timer(3600, () => {});
    IOLoop.client({ port: 1 }, () => {});
    console.log("made");`;
  assert.equal(program(never), { stdout: "made\n", stderr: "", status: 0 });
});

test("8, 61 without another subscriber an error is printed to stderr, and the loop continues", () => {
  const { stdout, stderr, status } = program(`import { IOLoop } from "wasm-ioloop";
    IOLoop.timer(0, () => { throw new Error("Bye!"); });
    IOLoop.timer(0.01, async () => { throw new Error("Later!"); });
    IOLoop.timer(0.02, () => console.log("goes on"));
    await IOLoop.start();`);
  assert.is(status, 0);
  assert.is(stdout, "goes on\n");
  assert.match(stderr, /IOLoop: timer: (.|\n)*Bye!(.|\n)*Later!/);
});
