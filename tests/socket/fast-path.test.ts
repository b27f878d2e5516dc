// Reading without the runtime's streams, if that is supported. Other users of the handle must not notice it.

import type { Socket } from "node:net";
import * as assert from "uvu/assert";
import { IOLoop, type Stream } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "../stream/open-stream.ts";

const test = harness("fast socket");

// How Node stores its option `onread`.
function isFast(socket: Socket): boolean {
  const held = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "kBuffer");
  return held !== undefined && (socket as unknown as Record<symbol, unknown>)[held] !== null;
}

const IS_BUN = "bun" in process.versions;

test("Node and Deno read without their streams, unless IOLOOP_FAST=0; Bun reads by data events", async () => {
  const { stream, far, log, running } = await openStream();
  assert.is(isFast(stream.handle as Socket), !IS_BUN && process.env["IOLOOP_FAST"] !== "0");
  far.socket.write("hello");
  await until(() => log.length === 1);
  assert.equal(log, ["read hello"]);
  stream.close();
  await running;
});

test("chunks belong to the reader: later reads do not change them", async () => {
  const { loop } = quietLoop();
  const chunks: Buffer[] = [];
  const id = loop.server({}, (_loop, stream) => void stream.on("read", (_stream, chunk) => chunks.push(chunk)));
  const running = loop.start();
  const { socket } = peer({ port: portOf(loop, id) });
  for (let i = 0; i < 50; i++) {
    socket.write(`${i};`.padEnd(1000, "."));
    await turns(1);
  }
  const total = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  await until(() => total() === 50_000);
  const numbers = Buffer.concat(chunks).toString().match(/\d+/g)!.map(Number);
  assert.equal(
    numbers,
    Array.from({ length: 50 }, (_, i) => i),
  );
  socket.destroy();
  loop.reset();
  await running;
});

test("other listeners to the handle's data get it, too", async () => {
  const { stream, far, log, running } = await openStream();
  const heard: string[] = [];
  const hear = (chunk: Buffer): void => void heard.push(chunk.toString());
  stream.handle!.on("data", hear);
  far.socket.write("both");
  await until(() => log.length === 1);
  assert.equal(heard, ["both"]);
  stream.handle!.off("data", hear);
  far.socket.write("one");
  await until(() => log.length === 2);
  assert.equal(heard, ["both"]);
  assert.equal(log, ["read both", "read one"]);
  stream.close();
  await running;
});

test("input that arrives while the stream is stopped waits, is bounded, and is read first, in order", async () => {
  const { loop } = quietLoop();
  let stream: Stream | undefined;
  const chunks: Buffer[] = [];
  const id = loop.server({}, (_loop, accepted) => {
    stream = accepted;
    accepted.on("read", (_stream, chunk) => chunks.push(chunk));
  });
  const running = loop.start();
  const { socket } = peer({ port: portOf(loop, id) });
  await until(() => stream !== undefined);
  const size = 8_000_000;
  const sent = Buffer.alloc(size);
  for (let i = 0; i < size; i++) sent[i] = (i * 7 + (i >> 8)) & 255;
  stream!.stop();
  socket.write(sent);
  await until(() => stream!.isReadable);
  await turns(50);
  assert.ok(stream!.handle!.readableLength <= 200_000, `${stream!.handle!.readableLength} bytes`);
  assert.is(chunks.length, 0);
  // Stops and starts repeatedly while data arrives.
  const total = (): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  for (let i = 0; total() < size; i++) {
    stream!.start();
    await turns(3);
    if (i < 100) stream!.stop();
    await turns(1);
  }
  assert.ok(Buffer.concat(chunks).equals(sent));
  socket.destroy();
  loop.reset();
  await running;
});

test("a stopped loop reads nothing, and continues where it was", async () => {
  const loop = new IOLoop();
  const chunks: Buffer[] = [];
  let accepted = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.on("read", (_stream, chunk) => chunks.push(chunk));
  });
  let running = loop.start();
  const { socket } = peer({ port: portOf(loop, id) });
  await until(() => accepted === 1);
  loop.stop();
  await running;
  socket.write("while it was stopped");
  await turns(20);
  assert.is(chunks.length, 0);
  running = loop.start();
  await until(() => chunks.length > 0);
  assert.is(Buffer.concat(chunks).toString(), "while it was stopped");
  socket.destroy();
  loop.reset();
  await running;
});
