// Data that arrives while `read` has no subscriber is kept for the first one.

import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { harness, sleep, turns, until } from "../support/harness.ts";
import { type Open, openStream } from "./open-stream.ts";

const test = harness("stream-late-read");

const KEPT = 65_536;
const MANY = 20_000_000; // more than the system takes

/** An open stream without a reader, in a loop that also has a timer. */
async function unread(): Promise<Open> {
  const open = await openStream();
  open.stream.unsubscribe("read");
  open.loop.timer(60, () => {});
  return open;
}

function close({ loop, far }: Open): void {
  loop.reset();
  far.socket.destroy();
}

const logRead =
  (log: string[]) =>
  (_stream: Stream, chunk: Buffer): void =>
    void log.push(String(chunk));

test("data that arrived before the first subscriber is emitted in a later dispatch, and counted when it arrives", async () => {
  const open = await unread();
  const { stream, far, log } = open;
  far.socket.write("hello ");
  await until(() => stream.bytesRead === 6);
  far.socket.write("world");
  await until(() => stream.bytesRead === 11);
  assert.is(stream.isReadable, true);
  stream.on("read", logRead(log));
  assert.equal(log, []);
  await until(() => log.join("") === "hello world");
  assert.is(stream.isReadable, false);
  far.socket.write("!");
  await until(() => log.join("") === "hello world!");
  assert.is(stream.bytesRead, 12);
  close(open);
});

test("an async server callback that subscribes late loses nothing", async () => {
  const open = await openStream();
  const log: string[] = [];
  const id = open.loop.server({}, async (_loop, stream) => {
    await until(() => stream.bytesRead > 0);
    stream.on("read", logRead(log));
  });
  open.loop.client({ port: open.loop.acceptor(id)!.port! }, (_loop, _error, stream) => void stream?.write("early"));
  await until(() => log.join("") === "early");
  close(open);
});

test("once takes one chunk, and later ones wait for the next subscriber, in order", async () => {
  const open = await unread();
  const { stream, far, log } = open;
  for (const text of ["a", "b", "c"]) {
    const before = stream.bytesRead;
    far.socket.write(text);
    await until(() => stream.bytesRead === before + 1);
  }
  stream.once("read", logRead(log));
  await until(() => log.length === 1);
  await turns(5);
  assert.equal(log, ["a"]);
  const reader = stream.on("read", logRead(log));
  far.socket.write("d");
  await until(() => log.join("") === "abcd");
  stream.unsubscribe("read", reader);
  far.socket.write("e");
  await until(() => stream.bytesRead === 5);
  assert.is(log.join(""), "abcd");
  stream.on("read", logRead(log));
  await until(() => log.join("") === "abcde");
  close(open);
});

test("a limited number of bytes is kept; then the stream stops reading until there is a subscriber", async () => {
  const open = await unread();
  const { stream, far } = open;
  far.socket.write(Buffer.alloc(MANY, "x"));
  await until(() => stream.bytesRead >= KEPT);
  await sleep(0.1);
  assert.ok(stream.bytesRead < MANY / 4, String(stream.bytesRead));
  const { bytesRead } = stream;
  await sleep(0.1);
  assert.is(stream.bytesRead, bytesRead);
  let length = 0;
  stream.on("read", (_stream, chunk) => void (length += chunk.length));
  await until(() => length === MANY);
  close(open);
});

test("nothing is emitted while the loop or the stream is stopped", async () => {
  const open = await unread();
  const { loop, stream, far, log } = open;
  far.socket.write("kept");
  await until(() => stream.bytesRead === 4);
  loop.stop();
  await open.running;
  stream.on("read", logRead(log));
  await turns(10);
  assert.equal(log, []);
  stream.stop();
  const running = loop.start();
  await turns(10);
  assert.equal(log, []);
  assert.is(stream.isReadable, true);
  stream.start();
  assert.equal(log, []);
  await until(() => log.join("") === "kept");
  close(open);
  await running;
});

test("a subscriber that stops or closes the stream gets no more of the kept data", async () => {
  const open = await unread();
  const { stream, far, log } = open;
  for (let i = 1; i <= 3; i++) {
    far.socket.write(String(i));
    await until(() => stream.bytesRead === i);
  }
  let count = 0;
  stream.on("read", (stream, chunk) => {
    log.push(String(chunk));
    if (++count === 1) stream.stop();
    else stream.close();
  });
  await until(() => count === 1);
  await turns(5);
  assert.equal(log, ["1"]);
  stream.start();
  await until(() => log.includes("close"));
  await turns(5);
  assert.equal(log, ["1", "2", "close"]);
  close(open);
});

test("the peer's end closes the stream; a subscriber that was added before gets the kept data first", async () => {
  const open = await unread();
  const { stream, far, log, loop } = open;
  far.socket.write("kept");
  await until(() => stream.bytesRead === 4);
  loop.stop();
  await open.running;
  far.socket.end();
  stream.on("read", logRead(log));
  const running = loop.start();
  await until(() => log.includes("close"));
  assert.equal(log, ["kept", "close"]);
  close(open);
  await running;
  const other = await unread();
  other.far.socket.end("nobody's");
  await until(() => other.log.includes("close"));
  assert.equal(other.log, ["close"]);
  assert.is(other.stream.bytesRead, 8);
  close(other);
});

test("a stolen handle has the kept data, before later input", async () => {
  const open = await unread();
  const { loop, stream, far } = open;
  far.socket.write("kept ");
  await until(() => stream.bytesRead === 5);
  far.socket.write("and ");
  await until(() => stream.bytesRead === 9);
  loop.timer(0, () => {
    const socket = stream.stealHandle()!;
    let text = "";
    socket.on("data", (chunk: Buffer) => void (text += String(chunk)));
    socket.on("end", () => {
      assert.is(text, "kept and new");
      socket.destroy();
      loop.stop();
    });
    socket.resume();
    far.socket.end("new");
  });
  await open.running;
  close(open);
});

test("the same if the limit of kept data was reached", async () => {
  const open = await unread();
  const { stream, far } = open;
  far.socket.end(Buffer.alloc(1_000_000, "x"));
  await until(() => stream.bytesRead >= KEPT);
  const socket = stream.stealHandle()!;
  let length = 0;
  socket.on("data", (chunk: Buffer) => void (length += chunk.length));
  socket.resume();
  await until(() => length === 1_000_000);
  socket.destroy();
  close(open);
});

test("a library that reads the handle gets everything, however much", async () => {
  const { stream, far, running } = await openStream();
  stream.unsubscribe("read");
  let size = 0;
  stream.handle!.on("data", (chunk: Buffer) => void (size += chunk.length));
  far.socket.end(Buffer.alloc(1_000_000));
  await running;
  assert.is(size, 1_000_000);
  assert.is(stream.closeReason, "peer");
});
