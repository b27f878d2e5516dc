// remove and reset. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { connect } from "node:net";
import { type IOLoop, Reactor, type Server, Stream } from "wasm-ioloop";
import { harness, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "../stream/open-stream.ts";

const test = harness("reset");

test("54, 70, 71, 72 reset emits reset, closes and removes everything before it returns, and the loop can be used again", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.on("reset", () => log.push("reset"));
  loop.on("finish", () => log.push("never"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.on("close", () => log.push("close"));
  });
  const port = portOf(loop, id);
  const timer = loop.timer(60, () => {});
  const running = loop.start();
  const client = peer({ port });
  await until(() => log.length === 1);
  loop.nextTick(() => log.push("never"));
  loop.reset();
  assert.equal(log, ["accept", "reset", "close"]);
  await running;
  assert.is(loop.isRunning, false);
  assert.is(loop.acceptor(id), undefined);
  assert.is(loop.remove(timer), false);
  assert.is(loop.hasSubscribers("finish"), false);
  await client.closed;
  assert.is(await peer({ port }).closed, "ECONNREFUSED");

  let fired = false;
  const again = loop.timer(0, () => (fired = true));
  assert.is.not(again, timer);
  await loop.start();
  assert.is(fired, true);
  assert.equal(log, ["accept", "reset", "close"]);
});

test("54, 71 connections and timers that callbacks of a reset create are closed, too", async () => {
  const { loop, stream, far, running } = await openStream();
  const { port, sockets, close } = await plainServer();
  const never = (): void => assert.unreachable();
  let acceptor: Server | undefined;
  stream.on("close", () => {
    acceptor = loop.acceptor(loop.server({}, never));
    loop.client({ port }, never);
    loop.timer(0, never);
    loop.nextTick(never);
    const next = new Stream(connect(port, "127.0.0.1"), { reactor: loop.reactor });
    loop.stream(next);
    next.on("close", () => loop.reactor.io(connect(port, "127.0.0.1"), never));
  });
  const { port: listening } = await new Promise<Server>((resolve) => {
    loop.nextTick(() => {
      loop.reset();
      resolve(acceptor!);
    });
  });
  await running;
  assert.is(listening, undefined);
  loop.reactor = new Reactor(); // throws while the previous reactor watches anything
  await far.closed;
  await loop.start();
  await turns(5);
  for (const socket of sockets) socket.destroy();
  await close();
});

test("54 reset in a callback: nothing else of that pass runs", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  loop.timer(0, (loop) => {
    log.push("first");
    loop.reset();
  });
  loop.timer(0, () => log.push("never"));
  await loop.start();
  loop.nextTick((loop) => {
    log.push("tick");
    loop.reset();
  });
  loop.nextTick(() => log.push("never"));
  loop.timer(0, () => log.push("never"));
  await loop.start();
  assert.equal(log, ["first", "tick"]);
});

test("74 remove returns false for an unknown, spent or invalid id, and never throws", () => {
  const { loop } = quietLoop();
  const id = loop.timer(1, () => {});
  assert.is(loop.remove(id), true);
  assert.is(loop.remove(id), false);
  for (const senseless of [0, -1, 1.5, NaN, Infinity, 2 ** 53, undefined, null, "x", {}]) {
    assert.is(loop.remove(senseless as never), false);
  }
});

test("a spent id never names a newer object, even if its slot is reused", async () => {
  const { loop } = quietLoop();
  const spent: ReturnType<IOLoop["timer"]>[] = [];
  for (let round = 0; round < 1000; round++) {
    const id = loop.timer(60, () => {});
    assert.is(spent.includes(id), false);
    spent.push(id);
    loop.remove(id);
  }
  const alive = loop.timer(60, () => {});
  for (const id of spent) assert.is(loop.remove(id), false);
  assert.is(loop.remove(alive), true);
});

test("78 remove closes a connection gracefully: before it returns, or when everything has been sent", async () => {
  const { stream: idle, loop: first, id, log, running } = await openStream();
  assert.is(first.remove(id), true);
  assert.equal(log, ["close"]);
  assert.is(idle.handle, undefined);
  await running;

  const { loop, stream, far, log: events, running: other, id: busy } = await openStream();
  stream.write("the rest");
  assert.is(loop.remove(busy), true);
  assert.is(loop.stream(busy), stream, "the id is valid until it is closed");
  assert.is(await far.ended, "the rest");
  await other;
  assert.equal(events, ["write the rest", "drain", "close"]);
  assert.is(loop.remove(busy), false);
});

test("80 the stream of a client that is still connecting is undefined", async () => {
  const { loop } = quietLoop();
  const { port, close } = await plainServer();
  const id = loop.client({ port }, (loop, _error, stream) => {
    assert.is(loop.stream(id), stream);
    stream!.close();
  });
  assert.is(loop.stream(id), undefined);
  await loop.start();
  assert.is(loop.stream(id), undefined);
  await close();
});
