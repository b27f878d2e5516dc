// `for await` over a stream, and what reads beside it.

import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, sleep, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("iterate");

/** Iterates to the end. Returns what was read, and the code of the error. */
async function all(stream: Stream): Promise<[text: string, code?: string]> {
  let text = "";
  try {
    for await (const chunk of stream) text += chunk.toString();
  } catch (error) {
    return [text, (error as NodeJS.ErrnoException).code ?? String(error)];
  }
  return [text];
}

test("an iteration returns all input, and ends with the peer", async () => {
  const { stream, far, running } = await openConsumed();
  const reading = all(stream);
  for (const text of ["one ", "two ", "three"]) {
    far.socket.write(text);
    await turns(3);
  }
  far.socket.end();
  assert.equal(await reading, ["one two three"]);
  assert.is(await stream.closed(), "peer");
  assert.ok(stream.isClosed);
  await running;
});

test("what has arrived before the iteration, and before the close, is returned first", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.end("kept");
  await until(() => stream.isClosed);
  assert.equal(await all(stream), ["kept"]);
  assert.equal(await all(stream), [""], "only once");
  await running;
});

test("a stream reads only as fast as it is consumed", async () => {
  const { stream, far, running } = await openConsumed();
  stream.timeout = 0;
  const size = 32 << 20;
  far.socket.end(Buffer.alloc(size, "x"));
  const iterator = stream[Symbol.asyncIterator]();
  assert.is((await iterator.next()).value?.[0], 120);
  let before = -1;
  for (let still = 0; still < 5; before = stream.bytesRead, await sleep(0.02))
    still = stream.bytesRead === before ? still + 1 : 0;
  assert.ok(before < 1 << 20, `${before} bytes were read`);
  let got = before; // what was read so far is counted by the stream
  for await (const chunk of iterator) got = Math.max(got, chunk.length);
  assert.is(stream.bytesRead, size);
  await running;
});

test("leaving an iteration closes the stream, after everything written has been sent", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write("x");
  for await (const _ of stream) {
    stream.write("bye".repeat(100_000));
    break;
  }
  assert.is(await stream.closed(), "local");
  assert.is((await far.ended).length, 300_000);
  far.socket.end();
  await running;
});

test("an exception in the body closes the stream, too", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write("x");
  let caught: unknown;
  try {
    for await (const _ of stream) throw new Error("mine");
  } catch (error) {
    caught = error;
  }
  assert.is((caught as Error).message, "mine");
  assert.is(stream.closeReason, "local");
  far.socket.end();
  await running;
});

test("a stream can be written to while it is iterated over", async () => {
  const { stream, far, running } = await openConsumed();
  const echo = (async () => {
    for await (const chunk of stream) await stream.send(chunk);
  })();
  far.socket.write("hello");
  await until(() => far.text() === "hello");
  far.socket.end();
  await echo;
  await running;
});

test("a half-open stream can answer after the iteration", async () => {
  const { stream, far, running } = await openConsumed((stream) => void (stream.halfOpen = true));
  const ends: string[] = [];
  stream.on("end", () => ends.push("end"));
  far.socket.end("question");
  assert.equal(await all(stream), ["question"]);
  assert.equal(ends, ["end"]);
  assert.not.ok(stream.isClosed);
  stream.end("answer");
  assert.is(await far.ended, "answer");
  assert.is(await stream.closed(), "peer");
  await running;
});

test("several calls of next are answered in order", async () => {
  const { stream, far, running } = await openConsumed();
  const iterator = stream[Symbol.asyncIterator]();
  const results = [iterator.next(), iterator.next(), iterator.next()];
  far.socket.write("a");
  assert.is(String((await results[0]!).value), "a");
  far.socket.write("b");
  assert.is(String((await results[1]!).value), "b");
  far.socket.end();
  assert.equal(await results[2], { done: true, value: undefined });
  assert.equal(await iterator.next(), { done: true, value: undefined });
  await running;
});

test("a stream has one consumer at a time", async () => {
  const { stream, far, running } = await openConsumed();
  const inUse = (error: NodeJS.ErrnoException): boolean => error.code === "ERR_IOLOOP_STREAM_IN_USE";
  const iterator = stream[Symbol.asyncIterator]();
  assert.throws(() => stream[Symbol.asyncIterator](), inUse);
  assert.throws(() => stream.on("read", () => {}), inUse);
  assert.throws(() => stream.duplex(), inUse);
  assert.throws(() => stream.web(), inUse);
  assert.throws(() => stream.stealHandle(), inUse);
  await rejects(stream.reader().read(), "ERR_IOLOOP_STREAM_IN_USE");
  const next = iterator.next();
  far.socket.write("still mine");
  assert.is(String((await next).value), "still mine");
  await iterator.return!();
  far.socket.end();
  await running;

  const other = await openConsumed((stream) => void stream.on("read", () => {}));
  assert.throws(() => other.stream[Symbol.asyncIterator](), inUse);
  await rejects(other.stream.reader().read(), "ERR_IOLOOP_STREAM_IN_USE");
  other.stream.close();
  other.far.socket.end();
  await other.running;
});

test("nothing is returned while the loop or the stream is stopped, and nothing is lost", async () => {
  const { loop, stream, far, running } = await openConsumed();
  stream.timeout = 0;
  const iterator = stream[Symbol.asyncIterator]();
  let got: string | undefined;
  const reading = iterator.next().then(({ value }) => (got = String(value)));
  loop.stop();
  await running;
  far.socket.write("one");
  await turns(5);
  assert.is(got, undefined);
  const again = loop.start();
  await reading;
  assert.is(got, "one");

  stream.stop();
  const paused = iterator.next().then(({ value }) => (got = String(value)));
  far.socket.write("two");
  await sleep(0.02);
  assert.is(got, "one");
  stream.start();
  await paused;
  assert.is(got, "two");
  far.socket.end();
  assert.equal(await iterator.next(), { done: true, value: undefined });
  await again;
});

test("an idle timeout, a lifetime, a reset and a graceful stop throw", async () => {
  const clock = new VirtualClock();
  const idle = await openConsumed(() => {}, { clock });
  const reading = all(idle.stream);
  await clock.advance(16);
  assert.equal(await reading, ["", "ERR_IOLOOP_IDLE_TIMEOUT"]);
  idle.far.socket.end();
  await idle.running;

  const old = await openConsumed((stream) => void (stream.lifetime = 0.05));
  const error = await (async () => {
    for await (const _ of old.stream);
    return undefined;
  })().catch((error: unknown) => error as { code: string; reason: string });
  assert.is(error?.code, "ERR_IOLOOP_LIFETIME");
  assert.is(error?.reason, "lifetime");
  old.far.socket.end();
  await old.running;

  const reset = await openConsumed();
  const broken = all(reset.stream);
  reset.far.socket.resetAndDestroy();
  assert.equal(await broken, ["", "ECONNRESET"]);
  await reset.running;

  const stopped = await openConsumed();
  const cut = all(stopped.stream);
  await stopped.loop.stopGracefully({ timeout: 0.01 });
  assert.equal(await cut, ["", "ERR_IOLOOP_STOPPING"]);
  stopped.far.socket.end();
  await stopped.running;
});

test("`unread` gives bytes back, to whatever reads next", async () => {
  const { stream, far, running } = await openConsumed();
  const iterator = stream[Symbol.asyncIterator]();
  far.socket.write("abc");
  const { value } = await iterator.next();
  stream.unread(value!.subarray(1));
  assert.is(String((await iterator.next()).value), "bc");
  const waiting = iterator.next();
  stream.unread("more");
  assert.is(String((await waiting).value), "more");
  await iterator.return!();
  far.socket.end();
  await running;

  const other = await openConsumed();
  other.stream.unread("first");
  let text = "";
  other.stream.on("read", (_stream, chunk) => (text += String(chunk)));
  await until(() => text === "first");
  other.stream.close();
  other.far.socket.end();
  await other.running;
});

test("a rejection that nobody awaits is silent", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const { stream, far, running } = await openConsumed();
    void stream[Symbol.asyncIterator]().next();
    far.socket.resetAndDestroy();
    await stream.closed();
    void stream.send("x");
    void stream.flushed();
    void stream.reader().readExactly(5);
    await running;
    await sleep(0.02);
    assert.equal(unhandled, []);
  } finally {
    process.off("unhandledRejection", note);
  }
});
