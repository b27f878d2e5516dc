// The reader of a stream: each call waits for what it asks for, and keeps nothing.

import * as fc from "fast-check";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, sleep, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("reader");

type Reader = ReturnType<Stream["reader"]>;

/** Gives text to a stream of an own loop, piece by piece, and then ends. */
async function reading(
  pieces: readonly string[],
  use: (reader: Reader, stream: Stream) => Promise<void>,
): Promise<void> {
  const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0));
  const task = use(stream.reader(), stream);
  for (const piece of pieces) {
    far.socket.write(piece);
    await turns(2);
  }
  far.socket.end();
  await task;
  stream.close();
  await running;
}

test("chunks, bytes, text up to a delimiter, and lines, one after the other", async () => {
  await reading(
    ["chu", "nk", "12345Content", "-Length: 5\r", "\n\r\nline one\nline", " two\r\nlast"],
    async (reader) => {
      assert.is(String(await reader.readExactly(5)), "chunk");
      assert.is(String(await reader.readExactly(5)), "12345");
      assert.is(String(await reader.readUntil("\r\n\r\n")), "Content-Length: 5\r\n\r\n");
      assert.is(await reader.readLine(), "line one");
      assert.is(await reader.readLine(), "line two");
      assert.is(await reader.readLine(), "last");
      assert.is(await reader.readLine(), undefined);
      assert.is(await reader.read(), undefined);
      assert.is((await reader.readExactly(0)).length, 0);
    },
  );
});

test("an end before all has come is an error, and what there was can still be read", async () => {
  await reading(["ab"], async (reader) => {
    await rejects(reader.readExactly(3), "ERR_IOLOOP_UNEXPECTED_END");
    await rejects(reader.readUntil(";"), "ERR_IOLOOP_UNEXPECTED_END");
    assert.is(String(await reader.readExactly(1)), "a");
    assert.is(String(await reader.read()), "b");
    assert.is(await reader.read(), undefined);
  });
});

test("more than `max` is an error, and takes nothing", async () => {
  await reading(["abcdefgh\r\n"], async (reader) => {
    await rejects(reader.readLine({ max: 7 }), "ERR_IOLOOP_FRAME_TOO_LONG");
    await rejects(reader.readUntil("\n", { max: 9 }), "ERR_IOLOOP_FRAME_TOO_LONG");
    assert.is(await reader.readLine({ max: 8 }), "abcdefgh");
  });
  await reading(["x".repeat(70_000)], async (reader) => {
    await rejects(reader.readLine(), "ERR_IOLOOP_FRAME_TOO_LONG");
    assert.is((await reader.readExactly(70_000)).length, 70_000);
  });
});

test("more than the stream usually keeps can be read at once", async () => {
  const size = 3_000_000;
  await reading([`${"y".repeat(size)}\n`, "rest"], async (reader) => {
    assert.is((await reader.readExactly(1_000_000)).length, 1_000_000);
    assert.is((await reader.readLine({ max: size }))!.length, size - 1_000_000);
    assert.is(String(await reader.readExactly(4)), "rest");
  });
});

test("a second read at the same time rejects, and the first goes on", async () => {
  await reading(["x"], async (reader, stream) => {
    const first = reader.read();
    await rejects(reader.read(), "ERR_IOLOOP_STREAM_IN_USE");
    assert.throws(() => stream.on("read", () => {}), /is used by a read/);
    stream.write("may be written meanwhile");
    assert.is(String(await first), "x");
  });
});

test("a read that is cancelled, or takes too long, takes nothing", async () => {
  const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0));
  const reader = stream.reader();
  far.socket.write("ab");
  const controller = new AbortController();
  const cancelled = reader.readExactly(3, { signal: controller.signal });
  await until(() => stream.bytesRead === 2);
  controller.abort(new Error("enough"));
  await rejects(cancelled, /enough/);
  await rejects(reader.read({ signal: AbortSignal.abort("already") }), (reason: unknown) => reason === "already");
  await rejects(reader.readLine({ timeout: 0.02 }), "ERR_IOLOOP_READ_TIMEOUT");
  assert.is(String(await reader.readExactly(2)), "ab");
  // Afterwards something else can read
  let text = "";
  stream.on("read", (_stream, chunk) => (text += String(chunk)));
  far.socket.end("cd");
  await stream.closed();
  assert.is(text, "cd");
  await running;
});

test("no listener stays on a signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await reading(["a", "b"], async (reader, stream) => {
    stream.highWaterMark = 1;
    await stream.send("x".repeat(10), { signal });
    await reader.readExactly(2, { signal });
    await reader.read({ signal });
  });
  assert.is(listeners, 0);
});

test("the time of a read is that of the loop", async () => {
  const clock = new VirtualClock();
  const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0), { clock });
  const late = rejects(stream.reader().read({ timeout: 3600 }), "ERR_IOLOOP_READ_TIMEOUT");
  await clock.advance(3600);
  await late;
  stream.close();
  far.socket.end();
  await running;
});

test("between two reads the stream is free: for a subscriber, an iterator, a duplex, the handle", async () => {
  for (const next of ["subscriber", "iterator", "duplex", "handle"] as const) {
    const { loop, stream, far, running } = await openConsumed();
    far.socket.write("head\nbody");
    const reader = stream.reader();
    assert.is(await reader.readLine(), "head", next);
    let text = "";
    let stolen: ReturnType<Stream["stealHandle"]>;
    const add = (chunk: unknown): void => void (text += String(chunk));
    if (next === "subscriber") stream.on("read", (_stream, chunk) => add(chunk));
    else if (next === "duplex") stream.duplex().on("data", add);
    else if (next === "handle") (stolen = stream.stealHandle()!).on("data", add).resume();
    else add((await stream[Symbol.asyncIterator]().next()).value);
    await until(() => text === "body");
    stolen?.destroy();
    loop.reset();
    far.socket.destroy();
    await running;
  }
});

test("arguments are checked at the call", async () => {
  const { stream, far, running } = await openConsumed();
  const reader = stream.reader();
  assert.throws(() => reader.readExactly(-1), /readExactly: count must be a whole number/);
  assert.throws(() => reader.readUntil(""), /readUntil: delimiter must have at least one byte/);
  assert.throws(() => reader.readUntil(5 as never), /readUntil: delimiter must be a string/);
  assert.throws(() => reader.readLine({ max: 0 }), /readLine: option "max"/);
  assert.throws(() => reader.read({ timeout: -1 }), /read: option "timeout"/);
  assert.throws(() => reader.read({ signal: 5 as never }), /read: option "signal" must be an AbortSignal/);
  assert.throws(() => stream.unread(5 as never), /unread: chunk/);
  assert.throws(() => stream.send(5 as never), /send: chunk/);
  stream.close();
  far.socket.end();
  await running;
});

test("for any text and any pieces, lines are those of the text", async () => {
  const text = fc.array(fc.constantFrom("a", "\n", "\r", "\r\n", "ä", "€", "xyz"), { maxLength: 30 });
  const property = fc.asyncProperty(text, fc.array(fc.nat(6), { maxLength: 20 }), async (parts, cuts) => {
    const bytes = Buffer.from(parts.join(""));
    const expected = bytes.toString().split("\n");
    const { stream, far, running } = await openConsumed((stream) => void (stream.timeout = 0));
    const got: string[] = [];
    // The pieces are put in front of each other: the last one first
    const ends = [...new Set([...cuts.map((_, index) => Math.min(bytes.length, sum(cuts, index))), bytes.length])];
    for (const [index, end] of [...ends.entries()].toReversed())
      stream.unread(bytes.subarray(ends[index - 1] ?? 0, end));
    far.socket.end();
    const reader = stream.reader();
    for (let line = await reader.readLine(); line !== undefined; line = await reader.readLine()) got.push(line);
    const last = expected.pop()!;
    assert.equal(got, [...expected.map((line) => line.replace(/\r$/, "")), ...(last === "" ? [] : [last])]);
    stream.close();
    await running;
  });
  await fc.assert(property, { numRuns: 60 });
});

function sum(numbers: readonly number[], last: number): number {
  return numbers.slice(0, last + 1).reduce((one, two) => one + two, 0);
}

test("a loop that is stopped delivers nothing to a read", async () => {
  const { loop, stream, far, running } = await openConsumed();
  loop.stop();
  await running;
  let got: unknown;
  const task = stream
    .reader()
    .readLine()
    .then((line) => (got = line));
  far.socket.write("line\n");
  await sleep(0.05);
  assert.is(got, undefined);
  const again = loop.start();
  await task;
  assert.is(got, "line");
  stream.close();
  far.socket.end();
  await again;
});
