// How long a connection may be open at all.

import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, pair, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("stream-lifetime");

test("there is no limit unless one is set, and none after close; invalid times are errors", async () => {
  const clock = new VirtualClock();
  const { stream, log, running } = await openStream({ clock });
  assert.is(stream.lifetime, 0);
  stream.timeout = 0;
  await clock.advance(1e6);
  assert.equal(log, []);
  for (const wrong of [-1, NaN, Infinity]) {
    assert.throws(
      () => (stream.lifetime = wrong),
      (error: unknown) => error instanceof RangeError && error.message.startsWith("lifetime"),
    );
  }
  assert.throws(
    () => (stream.lifetime = "1" as never),
    (error: unknown) => error instanceof TypeError,
  );
  stream.lifetime = 1;
  assert.is(stream.lifetime, 1);
  await until(() => log.length > 0); // it is already that old
  assert.equal(log, ["close"]);
  assert.is(stream.lifetime, 0);
  stream.lifetime = 5;
  assert.is(stream.lifetime, 0);
  await running;
});

test("activity does not delay the end; the stream closes at once, without a timeout, and sends nothing more", async () => {
  const clock = new VirtualClock();
  const { stream, far, log, running } = await openStream({ clock });
  stream.unsubscribe("write");
  stream.unsubscribe("drain");
  stream.lifetime = 10;
  for (let i = 0; i < 9; i++) {
    far.socket.write(String(i));
    await until(() => log.length === i + 1);
    await clock.advance(1);
  }
  far.socket.pause();
  stream.write(Buffer.alloc(20_000_000));
  await turns(5);
  await clock.advance(0.999);
  assert.is(log.length, 9);
  await clock.advance(0.001);
  assert.equal(log.slice(9), ["close"]);
  await running;
  far.socket.destroy();
});

test("it counts from the beginning of the connection, and can be changed or removed at any time", async () => {
  const clock = new VirtualClock();
  const { stream, log, running } = await openStream({ clock });
  stream.timeout = 0;
  await clock.advance(8);
  stream.lifetime = 10;
  await clock.advance(1.9);
  stream.lifetime = 0;
  await clock.advance(100);
  stream.lifetime = 120;
  await clock.advance(10);
  assert.equal(log, []);
  await clock.advance(0.1);
  assert.equal(log, ["close"]);
  await running;
});

test("a lifetime that was set before the stream started, and one that ends before the peer has read", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  const log: string[] = [];
  stream.on("close", () => void log.push("close"));
  stream.lifetime = 3;
  assert.is(stream.lifetime, 3);
  loop.stream(stream);
  const running = loop.start();
  await clock.advance(2.9);
  assert.equal(log, []);
  await clock.advance(0.1);
  assert.equal(log, ["close"]);
  await running;
  await far.ended;
});

test("a stolen handle has no lifetime any more", async () => {
  const clock = new VirtualClock();
  const { loop, stream, far, running } = await openStream({ clock });
  loop.timer(60, () => {});
  stream.lifetime = 1;
  const socket = stream.stealHandle()!;
  await clock.advance(30);
  assert.is(socket.destroyed, false);
  socket.destroy();
  await clock.advance(30);
  await running;
  far.socket.destroy();
});

test("as a server's option: each of its connections ends by then, however busy it is", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  const id = loop.server({ lifetime: 5 }, (_loop, stream) => {
    log.push(`lifetime ${stream.lifetime}`);
    stream.on("read", (stream, chunk) => stream.write(chunk));
    stream.on("timeout", () => log.push("timeout"));
    stream.on("close", () => log.push("close"));
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await until(() => log.length === 1);
  for (let i = 0; i < 9; i++) {
    client.socket.write("x");
    await until(() => client.text().length === i + 1);
    await clock.advance(0.5);
  }
  assert.equal(log, ["lifetime 5"]);
  await clock.advance(0.5);
  assert.equal(log, ["lifetime 5", "close"]);
  await client.ended;
  loop.remove(id);
  await running;
});
