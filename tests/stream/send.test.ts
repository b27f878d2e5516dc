// `send`, `flushed`, `closed`, and the end of a scope.

import * as assert from "uvu/assert";
import { harness, sleep, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("send");

const BIG = Buffer.alloc(16 << 20, "x");

test("`send` resolves at once while there is room, and waits without", async () => {
  const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0));
  far.socket.pause();
  await stream.send("little");
  let isSent = false;
  const sending = stream.send(BIG).then(() => (isSent = true));
  await sleep(0.05);
  assert.not.ok(isSent);
  far.socket.resume();
  await sending;
  assert.ok(stream.canWrite);
  await stream.flushed();
  assert.is(stream.bytesWaiting, 0);
  assert.is(stream.bytesWritten, BIG.length + 6);
  stream.close();
  far.socket.end();
  await running;
});

test("`send` waits only until there is room again, not until everything has been sent", async () => {
  const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0));
  far.socket.pause();
  stream.highWaterMark = BIG.length;
  const sending = stream.send(Buffer.concat([BIG, Buffer.alloc(100_000)]));
  await sending; // the system takes some of it
  assert.ok(stream.bytesWaiting > 1 << 20, `${stream.bytesWaiting}`);
  stream.close();
  far.socket.destroy();
  await running;
});

test("they reject when the stream closes first, with the error that says why", async () => {
  const one = await openConsumed((stream) => void (stream.lifetime = 0.1));
  one.far.socket.pause();
  const results = [one.stream.send(BIG), one.stream.send("x"), one.stream.flushed()];
  for (const result of results) await rejects(result, "ERR_IOLOOP_LIFETIME");
  await rejects(one.stream.send("x"), "ERR_IOLOOP_LIFETIME");
  one.far.socket.destroy();
  await one.running;

  const two = await openConsumed();
  two.far.socket.pause();
  const sending = two.stream.send(BIG);
  two.stream.close();
  await rejects(sending, "ERR_IOLOOP_STREAM_CLOSED");
  await rejects(two.stream.flushed(), "ERR_IOLOOP_STREAM_CLOSED");
  two.far.socket.destroy();
  await two.running;

  const three = await openConsumed();
  three.stream.end("all");
  await three.stream.flushed();
  await rejects(three.stream.send("more"), "ERR_IOLOOP_STREAM_CLOSED");
  assert.is(await three.far.ended, "all");
  three.far.socket.end();
  assert.is(await three.stream.closed(), "local");
  await three.running;
});

test("a signal cancels `send`; one that is aborted already sends nothing", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.pause();
  await rejects(stream.send("x", { signal: AbortSignal.abort(new Error("no")) }), /no/);
  assert.not.ok(stream.isWriting);
  const controller = new AbortController();
  const sending = stream.send(BIG, { signal: controller.signal });
  controller.abort(new Error("changed my mind"));
  await rejects(sending, /changed my mind/);
  stream.close();
  far.socket.destroy();
  await running;
});

test("a duplex alone may write", async () => {
  const { stream, far, running } = await openConsumed();
  const duplex = stream.duplex();
  await rejects(stream.send("x"), "ERR_IOLOOP_STREAM_IN_USE");
  duplex.destroy();
  far.socket.end();
  await running;
});

test("`closed` resolves with the reason, also later, and for a stolen handle", async () => {
  const { stream, far, running } = await openConsumed();
  assert.not.ok(stream.isClosed);
  const waiting = [stream.closed(), stream.closed()];
  stream.close();
  assert.ok(stream.isClosed);
  assert.equal(await Promise.all([...waiting, stream.closed()]), ["local", "local", "local"]);
  far.socket.end();
  await running;

  const other = await openConsumed();
  const stolen = other.stream.closed();
  const socket = other.stream.stealHandle()!;
  assert.is(await stolen, "stolen");
  socket.destroy();
  other.far.socket.destroy();
  await other.running;
});

test("the end of a scope closes a stream", async () => {
  const { stream, far, running } = await openConsumed();
  stream.write("bye");
  const disposed = stream[Symbol.asyncDispose]();
  assert.is(await far.ended, "bye");
  far.socket.end();
  await disposed;
  assert.ok(stream.isClosed);
  await running;

  const other = await openConsumed();
  other.stream[Symbol.dispose]();
  assert.ok(other.stream.isClosed);
  other.far.socket.end();
  await other.running;
});

test("on a stopped loop, they wait for the next start", async () => {
  const { loop, stream, far, running } = await openConsumed();
  loop.stop();
  await running;
  let isFlushed = false;
  stream.write("later");
  const flushing = stream.flushed().then(() => (isFlushed = true));
  await turns(5);
  assert.not.ok(isFlushed);
  const again = loop.start();
  await flushing;
  await until(() => far.text() === "later");
  stream.close();
  far.socket.end();
  await again;
});
