// class Stream: created directly, of any handle, and stealHandle. Numbers name statements about the originals.

import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { Reactor, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, isBun, pair, quietLoop, turns, until } from "../support/harness.ts";
import { isAccepted, openStream } from "./open-stream.ts";

const test = harness("stream");

test("65 an exception in a read subscriber: later ones are skipped, the stream continues", async () => {
  const { stream, errors, far, log, running } = await openStream();
  const first = stream.on("read", () => {
    throw new Error("Bye!");
  });
  stream.on("read", () => void log.push("later"));
  far.socket.write("x");
  await until(() => errors.length === 1);
  assert.is(errors[0]![1], "read");
  stream.unsubscribe("read", first);
  far.socket.write("y");
  await until(() => log.length === 3);
  assert.equal(log, ["read x", "read y", "later"]);
  stream.close();
  await running;
});

test("165, 166 stealHandle: the stream is silent, the handle paused and without listeners, no byte is lost, id and timer are free", async () => {
  const clock = new VirtualClock();
  const { loop, stream, far, log, running, id } = await openStream({ clock });
  const fresh = await pair();
  stream.write("written before");
  const handle = stream.stealHandle()!;
  assert.is(loop.stream(id), undefined);
  assert.is(loop.remove(id), false);
  // The socket of a pair also has a listener of the harness.
  if (isAccepted) fresh.near.removeAllListeners("error");
  for (const event of ["data", "end", "error", "close", "readable"]) {
    assert.is(handle.listenerCount(event), fresh.near.listenerCount(event), event);
  }
  fresh.near.destroy();
  assert.is(handle.allowHalfOpen, isAccepted ? false : fresh.near.allowHalfOpen);
  assert.is(handle.isPaused(), true);
  far.socket.write("to the thief");
  await running;
  await clock.advance(100);
  assert.equal(log, []);
  assert.is(handle.destroyed, false);
  handle.resume();
  const [chunk] = (await once(handle, "data")) as [Buffer];
  assert.is(String(chunk), "to the thief");
  handle.end("thank you");
  assert.is(await far.ended, "written beforethank you");
  far.socket.end();
  await once(handle, "close");
});

test("83 loop.stream registers a stream, starts it, keeps its timeout and returns its id", async () => {
  const { loop } = quietLoop();
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: new Reactor() });
  stream.timeout = 7;
  const id = loop.stream(stream);
  assert.is(loop.stream(id), stream);
  assert.is(loop.stream(stream), id);
  assert.is(stream.reactor, loop.reactor);
  assert.is(stream.timeout, 7);
  loop.reset();
  await far.closed;
});

test("a directly created stream needs no loop: it reads, writes and times out on its reactor", async () => {
  const clock = new VirtualClock();
  const reactor = new Reactor({ clock });
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor });
  const log: string[] = [];
  stream.on("read", (stream, chunk) => {
    log.push(String(chunk));
    stream.write("pong");
  });
  stream.on("close", () => void log.push("close"));
  stream.start();
  far.socket.write("ping");
  const running = reactor.start();
  await until(() => far.text() === "pong");
  await turns(5);
  await clock.advance(16);
  await running;
  assert.equal(log, ["ping", "close"]);
  await far.closed;
});

test("any Duplex can be a stream", async () => {
  const { loop } = quietLoop();
  const written: string[] = [];
  const duplex = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const stream = new Stream(duplex, { reactor: loop.reactor });
  const log: string[] = [];
  stream.on("read", (stream, chunk) => {
    log.push(String(chunk));
    stream.write("answer").closeGracefully();
  });
  stream.on("close", () => void log.push("close"));
  loop.stream(stream);
  duplex.push("question");
  await loop.start();
  assert.equal(log, ["question", "close"]);
  assert.equal(written, ["answer"]);
  assert.ok(isBun || duplex.destroyed);
});

test("167 isReadable: true with unread data or the peer's end, false otherwise", async () => {
  const { loop, stream, far, running } = await openStream();
  const keep = loop.timer(60, () => {});
  assert.is(stream.isReadable, false);
  stream.stop();
  far.socket.write("unread");
  await until(() => stream.isReadable);
  let read = "";
  stream.on("read", (_stream, chunk) => (read += String(chunk)));
  stream.start();
  await until(() => read === "unread");
  assert.is(stream.isReadable, false);
  stream.stop();
  far.socket.end();
  await until(() => stream.isReadable);
  stream.close();
  assert.is(stream.isReadable, false);
  loop.remove(keep);
  await running;
});

test("169 handle is the socket, until the stream closes or it is stolen", async () => {
  const { stream, running } = await openStream();
  const { handle } = stream;
  assert.is((handle as Socket).remoteAddress, "127.0.0.1");
  assert.is(stream.stealHandle(), handle);
  assert.is(stream.handle, undefined);
  handle!.destroy();
  await running;
});
