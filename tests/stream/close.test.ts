// How a stream closes. Numbers name statements about the originals.

import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { Stream } from "wasm-ioloop";
import { harness, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("stream-close");

test("143, 162, 163 on a closed stream, write, close, start and stop do nothing, and lookups show that it is closed", async () => {
  const { loop, stream, log, running, id } = await openStream();
  stream.close();
  assert.is(stream.write("x"), stream);
  stream.write("x", (_stream, error) => assert.is(error?.code, "ERR_IOLOOP_STREAM_CLOSED"));
  stream.close();
  stream.closeGracefully();
  stream.start();
  stream.stop();
  assert.is(stream.isWriting, false);
  assert.is(stream.isReadable, false);
  assert.is(stream.canWrite, false);
  assert.is(stream.handle, undefined);
  assert.is(stream.stealHandle(), undefined);
  assert.is(loop.stream(id), undefined);
  assert.is(loop.remove(id), false);
  await running;
  assert.equal(log, ["close"]);
});

test("146 closeGracefully with nothing pending closes before it returns", async () => {
  const { stream, log, running } = await openStream();
  stream.closeGracefully();
  assert.equal(log, ["close"]);
  await running;
});

test("149, 150 close is at once: one close event before it returns, unsent data dropped", async () => {
  const { loop, stream, far, log, running } = await openStream();
  loop.timer(0, () => {
    stream.write("dropped", (_stream, error) => log.push(error?.code ?? "never"));
    stream.close();
    stream.close();
    assert.equal(log, ["close"]);
  });
  assert.is(await far.ended, "");
  await running;
  assert.equal(log, ["close", "ERR_IOLOOP_STREAM_CLOSED"]);
});

test("151 close in read: the other subscribers of that read still run, nothing after", async () => {
  const { stream, far, log, running } = await openStream();
  stream.on("read", (stream) => stream.close());
  stream.on("read", () => void log.push("other"));
  far.socket.write("x");
  await running;
  assert.equal(log, ["read x", "close", "other"]);
});

test("152, 153 when the peer ends its side, queued data is still written, then the stream closes", async () => {
  const { stream, far, log, running } = await openStream();
  stream.unsubscribe("write");
  const big = "y".repeat(3_000_000);
  stream.on("read", (stream) => void stream.write(big));
  far.socket.pause();
  far.socket.end("question");
  await until(() => log.includes("read question"));
  await turns(10);
  far.socket.resume();
  assert.is((await far.ended).length, big.length);
  await running;
  assert.equal(log, ["read question", "drain", "close"]);
});

test("154 a reset by the peer is close without error", async () => {
  const { stream, far, log, running } = await openStream();
  far.socket.resetAndDestroy();
  await running;
  assert.equal(log, ["close"]);
  assert.is(stream.handle, undefined);
});

test("154 a reset by the peer while writing is close without error", async () => {
  const { stream, far, log, running } = await openStream();
  stream.unsubscribe("write");
  far.socket.pause();
  stream.write(Buffer.alloc(20_000_000));
  await turns(20);
  far.socket.resetAndDestroy();
  await running;
  assert.equal(log, ["close"]);
});

test("155, 156 another error is error, then close; without a subscriber the reactor reports it, and it closes", async () => {
  const broken = (): Duplex =>
    new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done(new Error("broken pipe dream"));
      },
    });
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const heard = new Stream(broken(), { reactor: loop.reactor });
  heard.on("error", (_stream, error) => void log.push(error.message));
  heard.on("close", () => void log.push("close"));
  loop.stream(heard);
  heard.write("x");
  await loop.start();
  assert.equal(log, ["broken pipe dream", "close"]);
  const unheard = new Stream(broken(), { reactor: loop.reactor });
  unheard.on("close", () => void log.push("unheard close"));
  loop.stream(unheard);
  unheard.write("x");
  await loop.start();
  assert.is(log[2], "unheard close");
  assert.is((errors[0]![0] as Error).message, "broken pipe dream");
  assert.is(errors[0]![1], "error");
});

test("160 the peer's end while paused is noticed after start: the rest is read, then it closes", async () => {
  const { stream, far, log, running } = await openStream();
  stream.stop();
  far.socket.end("rest");
  await turns(10);
  assert.equal(log, []);
  stream.start();
  await running;
  assert.equal(log, ["read rest", "close"]);
});

test("160 the same if nothing is left to be read, and if it is paused again meanwhile", async () => {
  const { loop, stream, far, log, running } = await openStream();
  const keep = loop.timer(60, () => {});
  stream.stop();
  far.socket.end();
  await until(() => stream.isReadable);
  await turns(10);
  assert.equal(log, []);
  stream.write("still sent");
  await until(() => far.text() === "still sent");
  stream.start();
  stream.stop();
  await turns(10);
  assert.equal(log, ["write still sent", "drain"]);
  loop.remove(keep);
  stream.start();
  await running;
  assert.equal(log, ["write still sent", "drain", "close"]);
});

test("68, 69 exceptions in drain and close callbacks are reported, and the stream closes and its id is unknown", async () => {
  const { loop, stream, errors, running, id } = await openStream();
  stream.write("x", () => {
    throw new Error("drain");
  });
  stream.on("close", () => {
    throw new Error("close");
  });
  stream.closeGracefully();
  await running;
  assert.equal(
    errors.map(([error, event]) => [(error as Error).message, event]),
    [
      ["drain", "drain"],
      ["close", "close"],
    ],
  );
  assert.is(loop.stream(id), undefined);
});

test("157, 158 a broken pipe, found by reading or by writing, is close without error", async () => {
  for (const side of ["read", "write"]) {
    const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    const duplex = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done(side === "write" ? broken : null);
      },
    });
    const { loop, errors } = quietLoop();
    const stream = new Stream(duplex, { reactor: loop.reactor });
    const log: string[] = [];
    stream.on("error", () => void log.push("error"));
    stream.on("close", () => void log.push("close"));
    loop.stream(stream);
    if (side === "write") stream.write("x");
    else loop.timer(0, () => duplex.destroy(broken));
    await loop.start();
    assert.equal(log, ["close"], side);
    assert.equal(errors, []);
  }
});

test("161 a reset by the peer while paused: close without error, at once or after start", async () => {
  const { loop, stream, far, log, running } = await openStream();
  stream.stop();
  const keep = loop.timer(60, () => {});
  far.socket.resetAndDestroy();
  await turns(20);
  assert.ok(log.length === 0 || log.join() === "close", log.join());
  stream.start();
  loop.remove(keep);
  await running;
  assert.equal(log, ["close"]);
});
