// The effects of watching on a handle: its flow, errors, other reactors, a loop.

import { Duplex, PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { IOLoop, Reactor } from "wasm-ioloop";
import { deferred, harness, pair, turns, until } from "../support/harness.ts";
import { listeners, watching } from "./watching.ts";

const test = harness("watchers-flow");

test("while stopped, nothing is called, and data that arrives meanwhile waits", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  watch(near, "", () => reactor.stop());
  reactor.watch(near, true, false);
  far.socket.write("early");
  await until(() => near.readableLength > 0);
  await turns(10);
  assert.equal(log, []);
  await reactor.start();
  assert.equal(log, ["r"]);
  await turns(10);
  assert.equal(log, ["r"]);
  await reactor.start();
  assert.equal(log, ["r", "r"]);
  reactor.remove(near);
  assert.is(String(near.read()), "early");
  near.destroy();
  await far.closed;
});

test("an error of a watched handle does not end the process: both calls, in every tick, as the handle is closed", async () => {
  const { reactor, log, watch } = watching();
  const { near, far } = await pair();
  const failure = new Error("broken");
  let seen: unknown;
  watch(near, "", () => (seen = near.errored));
  reactor.watch(near, false, false);
  const running = reactor.start();
  near.destroy(failure);
  await new Promise((resolve) => near.once("close", resolve));
  assert.equal(log, []);
  reactor.watch(near, true, true);
  await until(() => log.length >= 4);
  assert.equal(log.slice(0, 4), ["r", "w", "r", "w"]);
  assert.is(seen, failure);
  assert.is(reactor.remove(near), true);
  await running;
  await far.closed;
});

test("an error that does not close the handle: both calls, once", async () => {
  const { reactor, log, watch } = watching();
  const handle = new Duplex({ read() {}, write() {}, autoDestroy: false, writableHighWaterMark: 1 });
  handle.write("full");
  watch(handle);
  const running = reactor.start();
  await turns(5);
  assert.equal(log, []);
  handle.emit("error", new Error("hiccup"));
  await turns(10);
  assert.equal(log, ["r", "w"]);
  reactor.remove(handle);
  await running;
});

const flows: readonly [string, (handle: Duplex, seen: string[]) => void, string[], boolean | null][] = [
  ["without a reader", () => {}, [], null],
  ["that is paused", (handle) => handle.pause(), [], false],
  ["that flows", (handle, seen) => handle.on("data", (chunk) => seen.push(String(chunk))), ["abc"], true],
  [
    "that is paused and has a data listener",
    (handle, seen) => handle.on("data", (chunk) => seen.push(String(chunk))).pause(),
    [],
    false,
  ],
];

for (const [what, prepare, expected, flowing] of flows) {
  test(`a handle ${what} is left as it was, and no byte is lost`, async () => {
    const { reactor, log, errors, watch } = watching();
    const { near, far } = await pair();
    const seen: string[] = [];
    prepare(near, seen);
    await turns(2);
    const before = listeners(near);
    watch(near, "", () => {
      assert.equal(seen, []);
      if (log.length === 3) reactor.remove(near);
    });
    reactor.watch(near, true, false);
    const running = reactor.start();
    far.socket.write("abc");
    await running;
    assert.equal([log, errors], [["r", "r", "r"], []]);
    assert.equal(listeners(near), before);
    await turns(5);
    assert.is(near.readableFlowing, flowing);
    assert.equal(seen, expected);
    if (expected.length === 0) {
      if (near.listenerCount("data") === 0) near.on("data", (chunk) => seen.push(String(chunk)));
      near.resume();
      await until(() => seen.length === 1);
    }
    far.socket.write("def");
    await until(() => seen.length === 2);
    assert.equal(seen, ["abc", "def"]);
    near.destroy();
    await far.closed;
  });
}

test("a data listener added while watched gets the data that is read, and the handle flows after remove", async () => {
  for (const paused of [false, true]) {
    const { reactor, log, watch } = watching();
    const { near, far } = await pair();
    const seen: string[] = [];
    if (paused) near.pause();
    watch(near, "", () => near.read());
    reactor.watch(near, true, false);
    near.on("data", (chunk) => seen.push(String(chunk)));
    const running = reactor.start();
    far.socket.write("abc");
    await until(() => seen.length === 1);
    assert.ok(log.length > 0);
    reactor.remove(near);
    await running;
    far.socket.write("def");
    await turns(3);
    if (paused) near.resume();
    await until(() => seen.length === 2);
    near.destroy();
    await far.closed;
  }
});

test("watched, removed, and watched again at once: the handle is restored each time", async () => {
  const { reactor, watch } = watching();
  const { near, far } = await pair();
  const seen: string[] = [];
  near.on("data", (chunk) => seen.push(String(chunk)));
  for (let i = 0; i < 3; i++) {
    watch(near);
    reactor.remove(near);
  }
  far.socket.write("abc");
  await until(() => seen.length === 1);
  near.destroy();
  await far.closed;
});

test("two reactors may watch one handle", async () => {
  const [one, two] = [watching(), watching()];
  const handle = new PassThrough();
  const before = listeners(handle);
  for (const { reactor, watch } of [one, two]) {
    watch(handle, "", () => reactor.remove(handle));
    reactor.watch(handle, true, false);
  }
  const running = Promise.all([one.reactor.start(), two.reactor.start()]);
  handle.write("x");
  await running;
  assert.equal([one.log, two.log], [["r"], ["r"]]);
  assert.equal(listeners(handle), before);
});

test("the reactor of a loop can watch, too: a stream of the loop and a watched handle side by side", async () => {
  const loop = new IOLoop();
  const handle = new PassThrough();
  const got = deferred<string>();
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (_stream, chunk) => void handle.write(chunk));
    stream.on("close", () => void loop.remove(id));
  });
  loop.reactor.io(handle, (reactor, writable) => {
    assert.instance(reactor, Reactor);
    reactor.watch(handle, true, false);
    if (writable) return;
    got.resolve(String(handle.read()));
    reactor.remove(handle);
  });
  loop.client({ port: loop.acceptor(id)!.port }, (_loop, _error, stream) => stream!.write("hi").closeGracefully());
  await loop.start();
  assert.is(await got.promise, "hi");
});

test("after the program has added and removed its own readable listener, a data listener still makes the handle flow", async () => {
  const { reactor, watch } = watching();
  const { near, far } = await pair();
  watch(near);
  reactor.watch(near, true, false);
  const own = (): void => {};
  near.on("readable", own);
  await turns(2);
  near.off("readable", own);
  await turns(2);
  reactor.remove(near);
  const seen: string[] = [];
  near.on("data", (chunk) => seen.push(String(chunk)));
  far.socket.write("abc");
  await until(() => seen.length === 1);
  near.destroy();
  await far.closed;
});
