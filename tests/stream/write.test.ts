// Writing to a stream, and its counters. Numbers name statements about the originals.

import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { deferred, harness, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("stream-write");

test("137, 138, 139 write never sends before it returns; the writes of one callback are sent as one chunk, then drain", async () => {
  const { loop, stream, far, log, running } = await openStream();
  loop.timer(0, () => {
    stream.write("a", () => log.push("cb a"));
    stream.write(Buffer.from("b"), () => log.push("cb b"));
    stream.write("ü");
    assert.is(stream.bytesWaiting, 4);
    assert.is(stream.isWriting, true);
    assert.is(stream.bytesWritten, 0);
    assert.equal(log, []);
    stream.closeGracefully();
  });
  assert.is(await far.ended, "abü");
  assert.equal(log, ["write abü", "cb a", "cb b", "drain", "close"]);
  assert.is(stream.bytesWritten, 4);
  await running;
});

test("130 writes outside of callbacks are joined and sent soon", async () => {
  const { stream, far, log, running } = await openStream();
  stream.write("a").write("b");
  assert.is(far.text(), "");
  await until(() => far.text() === "ab");
  await until(() => log.length === 2);
  assert.equal(log, ["write ab", "drain"]);
  stream.close();
  await running;
});

test("141, 142 an empty chunk without callback does nothing; with one, it is called in the next tick", async () => {
  const { stream, log, running } = await openStream();
  assert.is(stream.write(""), stream);
  assert.is(stream.isWriting, false);
  const called = deferred();
  stream.write("", (it) => {
    assert.is(it, stream);
    called.resolve();
  });
  assert.is(stream.isWriting, true);
  await called.promise;
  await turns(2);
  assert.is(stream.isWriting, false);
  assert.equal(log, ["drain"]);
  stream.close();
  await running;
});

test("144, 145 a write in a drain callback is sent; a graceful close waits for the last one, whoever has subscribed to drain", async () => {
  const { stream, far, log, running } = await openStream();
  let rounds = 0;
  const more = (stream: Stream): void => {
    if (++rounds < 3) stream.write(`${rounds}`, more);
  };
  stream.write("0", more);
  stream.closeGracefully();
  assert.is(await far.ended, "012");
  await running;
  assert.equal(log, ["write 0", "drain", "write 1", "drain", "write 2", "drain", "close"]);
});

test("147, 148 5 MB to a slow reader: every byte is sent, also of writes after closeGracefully, and the stream keeps reading", async () => {
  const { stream, far, log, running } = await openStream();
  far.socket.pause();
  stream.unsubscribe("write");
  stream.write(Buffer.alloc(5_000_000, "x"));
  stream.closeGracefully();
  stream.write("last");
  far.socket.write("still read");
  await until(() => log.includes("read still read"));
  assert.is(stream.handle !== undefined, true);
  const slowly = setInterval(() => {
    far.socket.resume();
    setTimeout(() => far.socket.pause(), 2);
  }, 4);
  const text = await far.ended;
  clearInterval(slowly);
  far.socket.resume();
  assert.is(text.length, 5_000_004);
  assert.is(text.endsWith("last"), true);
  await running;
  assert.equal(log, ["read still read", "drain", "close"]);
});

test("159 stop only pauses reading; unread data is delivered after start; both may be repeated", async () => {
  const { stream, far, log, running } = await openStream();
  stream.stop();
  stream.stop();
  far.socket.write("later");
  stream.write("now");
  await until(() => far.text() === "now");
  await turns(5);
  assert.equal(log, ["write now", "drain"]);
  stream.start();
  stream.start();
  await until(() => log.length === 3);
  assert.equal(log, ["write now", "drain", "read later"]);
  stream.close();
  await running;
});

test("168 counters, high-water mark, canWrite", async () => {
  const { loop, stream, far, running } = await openStream();
  assert.is(stream.highWaterMark, 1_048_576);
  stream.highWaterMark = 4;
  far.socket.write("12345");
  await until(() => stream.bytesRead === 5);
  loop.timer(0, () => {
    stream.write("123");
    assert.is(stream.canWrite, true);
    stream.write("4");
    assert.is(stream.canWrite, false);
    assert.is(stream.bytesWaiting, 4);
  });
  await until(() => stream.bytesWritten === 4);
  assert.is(stream.canWrite, true);
  assert.is(stream.bytesWaiting, 0);
  stream.close();
  await running;
});

test("140 all callbacks run at the same drain, none at its own chunk", async () => {
  const { loop, stream, far, log, running } = await openStream();
  stream.on("write", (stream) => void log.push(`waiting ${stream.bytesWaiting}`));
  // Longer than one piece, so that there is more than one `write` before the drain.
  const big = "x".repeat(300_000);
  stream.unsubscribe("write", stream.subscribers("write")[0]);
  loop.timer(0, () => {
    stream.write(big, () => void log.push("first"));
    stream.write("y", () => void log.push("second"));
    stream.closeGracefully();
  });
  assert.is((await far.ended).length, 300_001);
  await running;
  const last = log.indexOf("waiting 0");
  assert.ok(last > 0, "several writes");
  assert.equal(log.slice(last), ["waiting 0", "first", "second", "drain", "close"]);
  assert.ok(log.slice(0, last).every((entry) => entry.startsWith("waiting ")));
});

test("137 more text waits than fits into a string of the engine", async () => {
  const { stream, running } = await openStream();
  const text = "x".repeat(2 ** 26);
  const count = 2 ** 5; // together 2 ** 31 characters
  for (let i = 0; i < count; i++) stream.write(text);
  assert.is(stream.bytesWaiting, count * text.length);
  stream.close();
  await running;
});

test("byte arrays of another realm are accepted, as a test runner may create them", async () => {
  const { stream, far, running } = await openStream();
  const [bytes, words] = runInNewContext("[new Uint8Array([104, 105]), new Uint16Array(2)]") as [
    Uint8Array,
    Uint8Array,
  ];
  assert.not.instance(bytes, Uint8Array);
  stream.write("oh ").write(bytes).closeGracefully();
  assert.throws(() => stream.write(words), /must be a string, a Buffer or a Uint8Array/);
  assert.is(await far.ended, "oh hi");
  await running;
});

test("137 chunks of every size and kind arrive complete and in order, however they are split", async () => {
  const { stream, far, running } = await openStream();
  stream.unsubscribe("write");
  far.socket.pause();
  const sent: Buffer[] = [];
  for (let i = 0; i < 3000; i++) {
    const size = i % 100 === 0 ? 200_000 : (i * 7919) % 700;
    const text = String.fromCharCode(97 + (i % 26)).repeat(size);
    const chunk = i % 3 === 0 ? text : i % 3 === 1 ? Buffer.from(text) : new Uint8Array(Buffer.from(`ü${text}`));
    sent.push(Buffer.from(chunk));
    stream.write(chunk);
    if (i % 50 === 0) await turns(1); // some chunks are split while more are written
  }
  const all = Buffer.concat(sent);
  assert.is(stream.bytesWaiting + stream.bytesWritten, all.length);
  stream.closeGracefully();
  far.socket.resume();
  assert.ok(Buffer.from(await far.ended).equals(all));
  await running;
  assert.is(stream.bytesWritten, all.length);
});
