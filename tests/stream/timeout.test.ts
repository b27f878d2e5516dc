// The inactivity timeout of a stream. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("stream-timeout");

test("131, 136 the timeout is 15 s unless set, and 0 after close", async () => {
  const { stream, running } = await openStream();
  assert.is(stream.timeout, 15);
  stream.close();
  assert.is(stream.timeout, 0);
  await running;
});

test("132 inactivity: timeout, then close; the peer sees the end", async () => {
  const clock = new VirtualClock();
  const { log, far, running } = await openStream({ clock });
  await clock.advance(14.999);
  assert.equal(log, []);
  await clock.advance(0.001);
  assert.equal(log, ["timeout", "close"]);
  await far.ended;
  await running;
});

test("131 setting the timeout restarts it, and 0 is never, also while it is running", async () => {
  const clock = new VirtualClock();
  const { stream, log, running } = await openStream({ clock });
  await clock.advance(10);
  stream.timeout = 10;
  await clock.advance(9.5);
  assert.equal(log, []);
  stream.timeout = 0;
  await clock.advance(1000);
  assert.equal(log, []);
  stream.timeout = 2;
  await clock.advance(2);
  assert.equal(log, ["timeout", "close"]);
  await running;
});

test("133 reading, writing and isReadable count as activity", async () => {
  const clock = new VirtualClock();
  const { stream, log, far, running } = await openStream({ clock });
  await clock.advance(10);
  far.socket.write("a");
  await until(() => log.length === 1);
  await clock.advance(10);
  stream.write("b");
  await until(() => far.text() === "b");
  await clock.advance(10);
  assert.is(stream.isReadable, false);
  await clock.advance(14.5);
  assert.is(log.includes("timeout"), false);
  await clock.advance(0.5);
  assert.equal(log, ["read a", "write b", "drain", "timeout", "close"]);
  await running;
});

test("134 stop does not stop the timeout: a paused stream with unread data times out", async () => {
  const clock = new VirtualClock();
  const { stream, log, far, running } = await openStream({ clock });
  stream.stop();
  far.socket.write("unread");
  await turns(5);
  await clock.advance(15);
  assert.equal(log, ["timeout", "close"]);
  await far.closed;
  await running;
});

test("135 a write in the timeout handler is not sent", async () => {
  const clock = new VirtualClock();
  const { stream, far, running } = await openStream({ clock });
  stream.on("timeout", (stream) => void stream.write("too late"));
  await clock.advance(15);
  assert.is(await far.ended, "");
  await running;
});

test("a slow reader counts as activity only while it reads", async () => {
  const clock = new VirtualClock();
  const { stream, far, log, running } = await openStream({ clock });
  far.socket.on("data", () => far.socket.pause());
  let written = 0;
  stream.unsubscribe("write");
  stream.on("write", (_stream, chunk) => (written += chunk.length));
  stream.write(Buffer.alloc(32_000_000));
  await turns(20);
  for (let i = 0; i < 3; i++) {
    await clock.advance(14);
    for (const before = written; written === before; await turns(1)) far.socket.resume();
  }
  assert.is(log.includes("timeout"), false);
  await turns(50);
  await clock.advance(16);
  assert.equal(log, ["timeout", "close"]);
  far.socket.destroy();
  await running;
});
