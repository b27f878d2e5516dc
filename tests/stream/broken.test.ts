// Errors while a stream sends or reads that are not thrown by a callback: they close that stream, and affect nothing else.

import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { type IOLoop, Stream } from "wasm-ioloop";
import { harness, pair, quietLoop, turns, until } from "../support/harness.ts";
import { type Open, openStream } from "./open-stream.ts";

const test = harness("stream-broken");

/** A buffer that can be resized. */
interface Resizable extends ArrayBuffer {
  resize(length: number): void;
}

function resizable(length: number): Resizable {
  return new (ArrayBuffer as unknown as new (length: number, options: object) => Resizable)(length, {
    maxByteLength: 2 * length,
  });
}

/** Checks that a loop still works: timers, other streams, `stop`. */
async function goesOn(loop: IOLoop, running: Promise<void>): Promise<void> {
  const { near, far } = await pair();
  const other = new Stream(near, { reactor: loop.reactor });
  other.on("read", (stream, chunk) => void stream.write(chunk));
  loop.stream(other);
  far.socket.write("still here");
  await until(() => far.text() === "still here");
  await new Promise<void>((resolve) => void loop.timer(0, () => resolve()));
  assert.is(loop.isRunning, true);
  loop.stop();
  await running;
  loop.reset();
  far.socket.destroy();
}

// Ways in which a chunk can lose its memory.
const gone: Readonly<Record<string, () => { chunk: Uint8Array; lose: () => void }>> = {
  transferred: () => {
    const chunk = new Uint8Array(1000);
    return { chunk, lose: () => void structuredClone(chunk.buffer, { transfer: [chunk.buffer] }) };
  },
  "of a WebAssembly memory that grows": () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    return { chunk: new Uint8Array(memory.buffer, 0, 1000), lose: () => void memory.grow(1) };
  },
  shrunk: () => {
    const buffer = resizable(1000);
    return { chunk: new Uint8Array(buffer), lose: () => buffer.resize(500) };
  },
};

for (const [name, make] of Object.entries(gone)) {
  for (const [where, before, after] of [
    ["alone", 0, 0],
    ["before another", 0, 10],
    ["behind another", 10, 0],
    ["behind data that is being sent", 8_000_000, 0],
  ] as const) {
    test(`a chunk whose memory is ${name}, ${where}: an error, never fewer bytes, and the loop continues`, async () => {
      const { loop, stream, far, log, running, errors } = await openStream();
      stream.unsubscribe("write");
      loop.timer(60, () => {});
      const { chunk, lose } = make();
      far.socket.pause();
      loop.timer(0, () => {
        if (before > 0) stream.write(new Uint8Array(before));
        stream.write(chunk);
        if (after > 0) stream.write(new Uint8Array(after));
        if (before < 1000) lose();
      });
      if (before > 1000) {
        await until(() => stream.bytesWritten > 0);
        lose();
        far.socket.resume();
      }
      await until(() => log.includes("close"));
      assert.equal(log, [
        "error write: the memory of a chunk was transferred, resized or detached before the chunk was sent",
        "close",
      ]);
      assert.equal(errors, []);
      await goesOn(loop, running);
      far.socket.destroy();
    });
  }
}

const MORE = 32_000_000; // more bytes than the system takes while the peer does not read

test("a chunk that is transferred while it is being sent is an error", async () => {
  for (const size of [MORE, 100_000]) {
    const { loop, stream, far, log, running } = await openStream();
    loop.timer(60, () => {});
    stream.unsubscribe("write");
    far.socket.pause();
    const chunk = new Uint8Array(size);
    if (size < 1e6) {
      stream.write(Buffer.alloc(MORE)); // the chunk is the first piece that the system does not take completely
      await until(() => stream.bytesWritten > 0);
    }
    stream.write(chunk);
    await until(() => stream.bytesWritten > 0);
    const kept = structuredClone(chunk.buffer, { transfer: [chunk.buffer] }); // or the system may find its memory gone
    far.socket.resume();
    await until(() => log.includes("close"));
    assert.match(log.join(), /error write(?: EFAULT|: the memory of a chunk was transferred)/);
    await goesOn(loop, running);
    far.socket.destroy();
    assert.is(kept.byteLength, size);
  }
});

test("a chunk whose memory grows is sent as written", async () => {
  const { loop, stream, far, running } = await openStream();
  const buffer = resizable(10);
  loop.timer(0, () => {
    stream.write(new Uint8Array(buffer).fill(65));
    buffer.resize(20);
    stream.closeGracefully();
  });
  assert.is(await far.ended, "A".repeat(10));
  await running;
});

/** Makes a method of Buffer fail once, as if memory were exhausted. */
function failOnce(method: "allocUnsafe" | "concat" | "byteLength"): () => boolean {
  const original = Buffer[method] as (...args: unknown[]) => unknown;
  let failed = false;
  (Buffer[method] as unknown) = function () {
    (Buffer[method] as unknown) = original;
    failed = true;
    throw new RangeError("Array buffer allocation failed");
  };
  return () => {
    (Buffer[method] as unknown) = original;
    return failed;
  };
}

async function fails(open: Open, because: string): Promise<void> {
  await until(() => open.log.includes("close"));
  assert.equal(open.log, [`error ${because}`, "close"]);
  assert.equal(open.errors, []);
  await goesOn(open.loop, open.running);
  open.far.socket.destroy();
}

test("without memory for what was read, that stream ends with the error", async () => {
  const open = await openStream();
  open.loop.timer(60, () => {});
  open.far.socket.write("x");
  const undo = failOnce("allocUnsafe");
  await until(() => open.log.length > 0);
  if (!undo()) {
    // The runtime has allocated the buffer itself.
    open.loop.reset();
    await open.running;
    open.far.socket.destroy();
  } else {
    await fails(open, "Array buffer allocation failed");
  }
});

for (const method of ["concat", "byteLength"] as const) {
  test(`without memory for what is sent (${method}), that stream ends with the error`, async () => {
    const open = await openStream();
    open.loop.timer(60, () => {});
    open.loop.timer(60, () => {});
    open.loop.timer(0, () => {
      open.stream.write(Buffer.from("a")).write(Buffer.from("b"));
      if (method === "byteLength") open.stream.write("c");
      failOnce(method);
    });
    await fails(open, "Array buffer allocation failed");
  });
}

for (const method of ["write", "end", "resume", "destroy", "pause", "ref", "unref"]) {
  test(`a Duplex whose ${method} throws ends with that error, and nothing else is affected`, async () => {
    const { loop, errors } = quietLoop();
    const log: string[] = [];
    const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const stream = new Stream(duplex, { reactor: loop.reactor });
    stream.on("error", (_stream, error) => void log.push(error.message));
    stream.on("close", () => void log.push("close"));
    loop.stream(stream);
    loop.timer(60, () => {});
    let running = loop.start();
    await turns(2);
    const own = duplex as unknown as Record<string, unknown>;
    let isArmed = true;
    const original = own[method] as ((...args: unknown[]) => unknown) | undefined;
    own[method] = (...args: unknown[]) => {
      if (isArmed) throw new Error(`thrown by ${method}`);
      return original?.apply(duplex, args);
    };
    if (method === "write") stream.write("x");
    if (method === "end") stream.closeGracefully();
    if (method === "resume") stream.start();
    if (method === "destroy") stream.close();
    if (method === "pause" || method === "ref" || method === "unref") {
      loop.stop();
      await running;
      running = loop.start();
    }
    await until(() => log.includes("close"));
    isArmed = false;
    assert.equal(log, [`thrown by ${method}`, "close"]);
    assert.equal(errors, []);
    await goesOn(loop, running);
    duplex.destroy();
  });
}

test("if a Duplex throws when its handle is stolen, the stream ends with the error", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const stream = new Stream(duplex, { reactor: loop.reactor });
  stream.on("error", (_stream, error) => void log.push(error.message));
  stream.on("close", () => void log.push("close"));
  loop.stream(stream);
  loop.timer(60, () => {});
  const running = loop.start();
  duplex.write = () => {
    throw new Error("thrown by write");
  };
  loop.timer(0, () => {
    stream.write("x");
    assert.is(stream.stealHandle(), undefined);
  });
  await until(() => log.includes("close"));
  assert.equal(log, ["thrown by write", "close"]);
  await goesOn(loop, running);
});
