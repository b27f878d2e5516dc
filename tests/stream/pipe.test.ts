// `pipeTo` and `splice`: how bytes pass, and how ends and errors do.

import { createHash, randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, sleep, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { sha, two } from "./two-streams.ts";

const test = harness("pipe");

test("`splice` passes bytes and ends both ways, and counts them", async () => {
  const { near, far, client, target, running } = await two();
  target.socket.allowHalfOpen = true;
  const splicing = near.splice(far);
  client.socket.write("question");
  client.socket.end();
  assert.is(await target.ended, "question");
  target.socket.end("the answer"); // after the end of the other side
  assert.is(await client.ended, "the answer");
  assert.equal(await splicing, { sent: 10, received: 8 });
  assert.equal([near.closeReason, far.closeReason], ["peer", "local"]);
  await running;
});

test("`splice` slows the sender down: at most `highWaterMark` waits, and no byte is lost", async () => {
  const { near, far, client, target, running } = await two();
  near.timeout = far.timeout = 0;
  far.highWaterMark = 100_000;
  target.socket.pause();
  const data = randomBytes(24 << 20);
  const splicing = near.splice(far);
  client.socket.end(data);
  let most = 0;
  let before = -1;
  for (let still = 0; still < 5; before = near.bytesRead, await sleep(0.02)) {
    most = Math.max(most, far.bytesWaiting);
    still = near.bytesRead === before ? still + 1 : 0;
  }
  assert.ok(before < data.length, "the sender was slowed down");
  assert.ok(most < 100_000 + 600_000, `${most} waited`); // the mark, and one chunk or what was kept
  const hash = createHash("sha256");
  target.socket.removeAllListeners("data");
  target.socket.on("data", (chunk: Buffer) => hash.update(chunk)).resume();
  await target.ended;
  target.socket.end();
  assert.equal(await splicing, { sent: 0, received: data.length });
  assert.is(hash.digest("hex"), sha(data));
  await running;
});

test("what was read before, and what a reader has left, passes too", async () => {
  const { near, far, client, target, running } = await two();
  client.socket.write("CONNECT\nrest");
  assert.is(await near.reader().readLine(), "CONNECT");
  const splicing = near.splice(far);
  client.socket.end();
  assert.is(await target.ended, "rest");
  target.socket.end();
  assert.equal(await splicing, { sent: 0, received: 4 });
  await running;
});

test("if one side is reset, so is the other, and the promise rejects with that error", async () => {
  for (const side of ["client", "target"] as const) {
    const all = await two();
    const splicing = all.near.splice(all.far);
    all.client.socket.write("x");
    await until(() => all.target.text() === "x");
    const other = side === "client" ? all.target : all.client;
    all[side].socket.resetAndDestroy();
    await rejects(splicing, "ECONNRESET");
    assert.is(await other.closed, "ECONNRESET", side);
    assert.equal(
      [all.near.closeReason, all.far.closeReason],
      side === "client" ? ["reset", "aborted"] : ["aborted", "reset"],
    );
    await all.running;
    assert.equal(all.errors, []);
  }
});

test("if the program closes one side, the other closes after what was queued", async () => {
  const { near, far, client, target, running } = await two();
  const splicing = near.splice(far);
  client.socket.write("last words");
  await until(() => near.bytesRead === 10);
  near.closeGracefully();
  assert.is(await target.ended, "last words");
  target.socket.end();
  client.socket.end();
  assert.equal(await splicing, { sent: 0, received: 10 });
  assert.equal([near.closeReason, far.closeReason], ["local", "local"]);
  await running;
});

test("the shorter timeout counts for both, and either feeds it", async () => {
  const clock = new VirtualClock();
  const { near, far, client, target, running } = await two({ clock });
  near.timeout = 10;
  far.timeout = 100;
  const splicing = near.splice(far);
  for (let i = 0; i < 5; i++) {
    await clock.advance(6);
    target.socket.write("x");
    await until(() => client.text().length === i + 1);
  }
  assert.not.ok(near.isClosed, "one side was active all the time");
  await clock.advance(21);
  await rejects(splicing, "ERR_IOLOOP_IDLE_TIMEOUT");
  assert.ok(near.isClosed && far.isClosed);
  client.socket.destroy();
  target.socket.destroy();
  await running;
});

test("a spliced stream is in use, for reading and writing", async () => {
  const { near, far, client, target, running } = await two();
  assert.throws(() => near.splice(near), /splice: both are the same stream; pipeTo/);
  const splicing = near.splice(far);
  for (const stream of [near, far]) {
    assert.throws(() => stream.write("x"), /write: the stream is used by a pipe/);
    assert.throws(() => stream.on("read", () => {}), /is used by a pipe/);
    assert.throws(() => stream.pipeTo(near), /pipeTo: the stream is used by a pipe/);
    assert.throws(() => stream.splice(far), /splice: the stream is used by a pipe/);
    await rejects(stream.reader().read(), "ERR_IOLOOP_STREAM_IN_USE");
  }
  assert.throws(() => near.splice({} as never), /splice: far must be a Stream of the loop/);
  assert.throws(() => near.pipeTo({} as never), /pipeTo: target must be a Stream of the loop, a Writable/);
  near.close();
  await splicing;
  client.socket.destroy();
  target.socket.destroy();
  await running;
});

test("a signal closes both sides of a splice, and of a pipe", async () => {
  for (const method of ["splice", "pipeTo"] as const) {
    const { near, far, client, target, running } = await two();
    const controller = new AbortController();
    const piping = near[method](far, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await rejects(piping, /enough/);
    assert.equal([near.closeReason, far.closeReason], ["aborted", "aborted"], method);
    await Promise.all([client.closed, target.closed]);
    await running;
  }
});

test("`pipeTo` to a stream: one way, and the end passes", async () => {
  const { near, far, client, target, running } = await two();
  const piping = near.pipeTo(far);
  near.write("may be written");
  client.socket.end("one way");
  assert.is(await target.ended, "one way");
  await piping;
  target.socket.end();
  assert.is(await far.closed(), "local");
  near.end(); // it is half open
  assert.is(await client.ended, "may be written");
  await running;
});

test("with `end: false` the target stays open, for another pipe", async () => {
  const { near, far, client, target, running } = await two();
  const third = await two();
  const first = near.pipeTo(far, { end: false });
  client.socket.end("one ");
  await first;
  const second = third.near.pipeTo(far);
  third.client.socket.end("two");
  await second;
  assert.is(await target.ended, "one two");
  target.socket.end();
  near.close();
  third.near.close();
  third.far.close();
  third.target.socket.end();
  await Promise.all([running, third.running]);
});

test("a stream can be piped to itself", async () => {
  const { near, far, client, target, running } = await two();
  const piping = near.pipeTo(near);
  client.socket.end("echo");
  assert.is(await client.ended, "echo");
  await piping;
  assert.is(await near.closed(), "peer");
  far.close();
  target.socket.end();
  await running;
});

test("if the target of a pipe closes, the source is reset, and the promise rejects", async () => {
  const { near, far, client, target, running } = await two();
  const piping = near.pipeTo(far);
  far.close();
  await rejects(piping, "ERR_IOLOOP_STREAM_CLOSED");
  assert.is(near.closeReason, "aborted");
  target.socket.end();
  await client.closed;
  await running;
});

test("`pipeTo` to a Writable, which is slow", async () => {
  const { near, far, client, target, running } = await two();
  far.close();
  target.socket.end();
  const chunks: Buffer[] = [];
  const slow = new Writable({
    highWaterMark: 1000,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  const data = randomBytes(1 << 20);
  const piping = near.pipeTo(slow);
  client.socket.end(data);
  await piping;
  assert.is(sha(Buffer.concat(chunks)), sha(data));
  assert.ok(slow.writableFinished);
  near.close();
  await running;
});

test("errors pass between a stream and a Writable", async () => {
  const one = await two();
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error("disk full")) });
  const first = one.near.pipeTo(failing);
  one.client.socket.write("x");
  await rejects(first, /disk full/);
  assert.is(one.near.closeReason, "aborted");
  one.far.close();
  one.target.socket.end();
  await one.running;

  const other = await two();
  const target = new Writable({ write: (_chunk, _encoding, done) => done() });
  const second = other.near.pipeTo(target);
  other.client.socket.resetAndDestroy();
  await rejects(second, "ECONNRESET");
  assert.ok(target.destroyed);
  other.far.close();
  other.target.socket.end();
  await other.running;
});

test("`pipeTo` to a WritableStream, and with `end: false` it is unlocked", async () => {
  const { near, far, client, target, running } = await two();
  far.close();
  target.socket.end();
  let text = "";
  let isClosed = false;
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => void (text += Buffer.from(chunk).toString()),
    close: () => void (isClosed = true),
  });
  const piping = near.pipeTo(writable, { end: false });
  client.socket.end("to the web");
  await piping;
  assert.is(text, "to the web");
  assert.not.ok(writable.locked || isClosed);
  near.close();
  await running;
});

test("a stream that is closed already gives what it has kept", async () => {
  const { near, far, client, target, running } = await two();
  near.halfOpen = false;
  client.socket.end("kept");
  await near.closed();
  await near.pipeTo(far);
  assert.is(await target.ended, "kept");
  target.socket.end();
  await running;
});
