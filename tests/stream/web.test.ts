// Streams as web streams.

import { Readable } from "node:stream";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { harness, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { type Consumed, openConsumed } from "./open-consumed.ts";

const test = harness("web");

type Web = ReturnType<Stream["web"]>;

const rejections: unknown[] = [];
process.on("unhandledRejection", (reason) => rejections.push(reason));

/** A stream whose web streams are created before data has arrived. */
async function opened(use: (stream: Stream, web: Web) => void = () => {}): Promise<Consumed & Web> {
  const open = await openConsumed((stream) => use(stream, stream.web()));
  return { ...open, ...open.stream.web() };
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

test("an echo, by `pipeTo`", async () => {
  let echo: Promise<void> | undefined;
  const { stream, far, running, errors } = await opened((_stream, { readable, writable }) => {
    echo = readable.pipeTo(writable);
  });
  far.socket.write("Hello");
  await until(() => far.text() === "Hello");
  far.socket.end(", you");
  assert.is(await far.ended, "Hello, you");
  await running;
  await echo;
  assert.is(stream.closeReason, "peer");
  assert.equal(errors, []);
});

test("every call returns the same streams, and nothing else reads or writes the stream", async () => {
  const { stream, readable, writable, running } = await opened();
  assert.is(stream.web().readable, readable);
  assert.is(stream.web().writable, writable);
  assert.throws(
    () => stream.duplex(),
    (error: { code: string; message: string }) =>
      error.code === "ERR_IOLOOP_STREAM_IN_USE" && error.message === "duplex: the stream is used by web streams",
  );
  assert.throws(() => stream.write("x"), /./);
  stream.close();
  await running;
  const other = await openConsumed((stream) => void stream.duplex());
  assert.throws(
    () => other.stream.web(),
    (error: { message: string }) => error.message === "web: the stream is used by a duplex",
  );
  other.stream.close();
  await other.running;
});

test("strings and bytes can be written, and every chunk that is read has its own memory", async () => {
  const { far, readable, writable, running, stream } = await opened();
  far.socket.write("cd");
  const writer = writable.getWriter();
  await Promise.all([writer.write("ü"), writer.write(new Uint8Array([97, 98]))]);
  await writer.close();
  assert.is(stream.bytesWritten, 4);
  assert.is(await far.ended, "üab");
  const reader = readable.getReader();
  const { value } = await reader.read();
  assert.not(Buffer.isBuffer(value));
  assert.is(value!.buffer.byteLength, value!.byteLength);
  assert.is(Buffer.from(value!).toString(), "cd");
  assert.is((await reader.read()).done, true);
  await running;
  assert.is(stream.closeReason, "local");
});

test("other values than strings and bytes are errors, and the connection is reset", async () => {
  const { writable, far, running, stream } = await opened();
  assert.is(await codeOf(writable.getWriter().write(5 as never)), "ERR_IOLOOP_INVALID_ARG_TYPE");
  stream.close();
  await running;
  await far.closed;
});

test("much data in both directions, with back-pressure", async () => {
  const SIZE = 50_000_000;
  const { loop, errors } = quietLoop();
  let most = 0;
  const id = loop.server({}, (loop, stream) => {
    loop.remove(id);
    const { readable, writable } = stream.web();
    const look = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        most = Math.max(most, stream.bytesRead - stream.bytesWritten);
        controller.enqueue(chunk);
      },
    });
    void readable.pipeThrough(look).pipeTo(writable);
  });
  let received = 0;
  const work: Promise<unknown>[] = [];
  loop.client({ port: loop.acceptor(id)!.port }, (_loop, error, stream) => {
    if (error) throw error;
    const { readable, writable } = stream.web();
    work.push(
      (async () => {
        const writer = writable.getWriter();
        const piece = new Uint8Array(100_000);
        for (let i = 0; i < SIZE / piece.length; i++) {
          await writer.ready;
          void writer.write(piece);
        }
        await writer.close();
      })(),
      (async () => {
        const reader = readable.getReader();
        for (let step = await reader.read(); !step.done; step = await reader.read()) received += step.value.length;
      })(),
    );
  });
  await loop.start();
  await Promise.all(work);
  assert.is(received, SIZE);
  assert.ok(most < 3_000_000, String(most));
  assert.equal(errors, []);
});

test("without a reader, the peer is slowed down", async () => {
  const { stream, far, readable, running } = await opened();
  for (let i = 0; i < 20; i++) far.socket.write(Buffer.alloc(1_000_000));
  await until(() => stream.bytesRead >= 65_536);
  await sleep(0.05);
  assert.ok(stream.bytesRead < 1_000_000, String(stream.bytesRead));
  await readable.cancel();
  await running;
  assert.is(stream.closeReason, "local");
});

test("half-close: the answer is sent after the peer's end, and kept data can be read after the connection has closed", async () => {
  const { far, readable, writable, running, stream } = await opened();
  far.socket.end("question");
  await until(() => stream.bytesRead === 8);
  const writer = writable.getWriter();
  await writer.write("answer");
  await writer.close();
  assert.is(await far.ended, "answer");
  await running;
  assert.match(stream.closeReason!, /^(?:peer|local)$/); // depending on which end is noticed first
  let text = "";
  const reader = readable.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) text += String(Buffer.from(step.value));
  assert.is(text, "question");
});

const ERRORS: readonly [string, (open: Consumed) => void, string][] = [
  ["reset", ({ far }) => void far.socket.resetAndDestroy(), "ECONNRESET"],
  ["timeout", ({ stream }) => void (stream.timeout = 0.02), "ERR_IOLOOP_IDLE_TIMEOUT"],
  ["lifetime", ({ stream }) => void (stream.lifetime = 0.02), "ERR_IOLOOP_LIFETIME"],
];

for (const [reason, close, code] of ERRORS) {
  test(`a close by ${reason} is an error on both sides`, async () => {
    const open = await opened();
    const reading = codeOf(open.readable.getReader().read());
    const writer = open.writable.getWriter();
    close(open);
    await open.running;
    assert.is(open.stream.closeReason, reason);
    assert.is(await reading, code);
    assert.is(await codeOf(writer.write("late")), code);
    assert.is(await codeOf(writer.closed), code);
    open.far.socket.destroy();
    assert.equal(open.errors, []);
  });
}

test("`abort` resets the connection, and reading ends with it", async () => {
  const { writable, readable, far, running, stream } = await opened();
  const reading = readable.getReader().read();
  await writable.abort(new Error("no more"));
  assert.is(await far.closed, "ECONNRESET");
  await running;
  assert.is(stream.closeReason, "local");
  assert.is((await reading).done, true);
});

test("a close by the program ends reading, and writing fails", async () => {
  const { writable, readable, running, stream } = await opened();
  const reading = readable.getReader().read();
  const writer = writable.getWriter();
  stream.close();
  await running;
  assert.is((await reading).done, true);
  assert.is(await codeOf(writer.write("late")), "ERR_IOLOOP_STREAM_CLOSED");
});

test("a graceful close sends written data", async () => {
  const { writable, running, far, stream } = await opened();
  const writer = writable.getWriter();
  void writer.write("Hello").then(() => {});
  await turns();
  stream.closeGracefully();
  assert.is(await far.ended, "Hello");
  await running;
});

test("no rejection is unhandled", async () => {
  const { writable, readable, running, far } = await opened();
  void readable.pipeTo(new WritableStream());
  const writer = writable.getWriter();
  for (let i = 0; i < 3; i++) void writer.write("x");
  await turns();
  far.socket.resetAndDestroy();
  await running;
  void writer.write("late");
  void writer.close();
  void writer.abort();
  writer.releaseLock();
  void writable.close();
  void writable.abort();
  void readable.cancel();
  await turns(5);
  assert.equal(rejections, []);
});

test("web streams of a closed stream return the kept data, and then the reason", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.end("Hello");
  await running;
  const { readable, writable } = stream.web();
  const reader = readable.getReader();
  assert.is(Buffer.from((await reader.read()).value!).toString(), "Hello");
  assert.is((await reader.read()).done, true);
  assert.is(await codeOf(writable.getWriter().write("x")), "ERR_IOLOOP_STREAM_CLOSED");
  const late = await openConsumed();
  late.stream.timeout = 0.01;
  await late.running;
  assert.is(await codeOf(late.stream.web().readable.getReader().read()), "ERR_IOLOOP_IDLE_TIMEOUT");
});

test("nothing is delivered while the loop is stopped", async () => {
  const { loop, far, readable, running, stream } = await opened();
  const reading = readable.getReader().read();
  let isRead = false;
  void reading.then(() => void (isRead = true));
  loop.stop();
  await running;
  far.socket.write("Hello");
  await turns(20);
  assert.is(isRead, false);
  const again = loop.start();
  assert.is(Buffer.from((await reading).value!).toString(), "Hello");
  stream.close();
  await again;
});

test("libraries of web streams: `TextDecoderStream`, `Response`, `Readable.fromWeb`", async () => {
  const decoded = await opened();
  decoded.far.socket.end("ü".repeat(10));
  let text = "";
  const reader = decoded.readable.pipeThrough(new TextDecoderStream() as never).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value;
  assert.is(text, "ü".repeat(10));
  await decoded.writable.close();
  await decoded.running;
  const body = await opened();
  body.far.socket.end('{"a":1}');
  assert.equal(await new Response(body.readable).json(), { a: 1 });
  await body.writable.close();
  await body.running;
  const node = await opened();
  node.far.socket.end("Hello");
  text = "";
  for await (const chunk of Readable.fromWeb(node.readable as never)) text += String(Buffer.from(chunk as Uint8Array));
  assert.is(text, "Hello");
  await node.writable.close();
  await node.running;
});
