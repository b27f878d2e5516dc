// class Stream. Numbers name statements about the originals.

import { once } from "node:events";
import { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { type IOLoop, Reactor, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, deferred, harness, isBun, pair, quietLoop, turns, until } from "./harness.ts";

const test = harness("stream");

interface Open {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly stream: Stream;
  readonly far: Peer;
  readonly log: string[];
  readonly running: Promise<void>;
  readonly id: ReturnType<IOLoop["timer"]>;
}

// A stream in a running loop, its events logged, and the plain socket at its other end.
async function open(options: { clock?: VirtualClock } = {}): Promise<Open> {
  const { loop, errors } = quietLoop(options);
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  const log: string[] = [];
  stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
  stream.on("write", (_stream, chunk) => void log.push(`write ${String(chunk)}`));
  stream.on("drain", () => void log.push("drain"));
  stream.on("timeout", () => void log.push("timeout"));
  stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
  stream.on("close", () => void log.push("close"));
  const id = loop.stream(stream);
  const running = loop.start();
  await turns(2);
  return { loop, errors, stream, far, log, running, id };
}

test("131, 136 the timeout is 15 s unless set, and 0 after close", async () => {
  const { stream, running } = await open();
  assert.is(stream.timeout, 15);
  stream.close();
  assert.is(stream.timeout, 0);
  await running;
});

test("132 inactivity: timeout, then close; the peer sees the end", async () => {
  const clock = new VirtualClock();
  const { log, far, running } = await open({ clock });
  await clock.advance(14.999);
  assert.equal(log, []);
  await clock.advance(0.001);
  assert.equal(log, ["timeout", "close"]);
  await far.ended;
  await running;
});

test("131 setting the timeout counts anew, 0 is never, also while running", async () => {
  const clock = new VirtualClock();
  const { stream, log, running } = await open({ clock });
  await clock.advance(10);
  stream.timeout = 10;
  await clock.advance(9.5);
  assert.equal(log, []);
  stream.timeout = 0;
  await clock.advance(1000);
  assert.equal(log, []);
  stream.timeout = 2;
  await clock.advance(2);
  assert.equal(log, ["timeout", "close"]);
  await running;
});

test("133 reading, writing and isReadable count as activity", async () => {
  const clock = new VirtualClock();
  const { stream, log, far, running } = await open({ clock });
  await clock.advance(10);
  far.socket.write("a");
  await until(() => log.length === 1);
  await clock.advance(10);
  stream.write("b");
  await until(() => far.text() === "b");
  await clock.advance(10);
  assert.is(stream.isReadable, false);
  await clock.advance(14.5);
  assert.is(log.includes("timeout"), false);
  await clock.advance(0.5);
  assert.equal(log, ["read a", "write b", "drain", "timeout", "close"]);
  await running;
});

test("134 stop does not stop the timeout: a paused stream with unread data times out", async () => {
  const clock = new VirtualClock();
  const { stream, log, far, running } = await open({ clock });
  stream.stop();
  far.socket.write("unread");
  await turns(5);
  await clock.advance(15);
  assert.equal(log, ["timeout", "close"]);
  await far.closed;
  await running;
});

test("135 a write in the timeout handler is not sent", async () => {
  const clock = new VirtualClock();
  const { stream, far, running } = await open({ clock });
  stream.on("timeout", (stream) => void stream.write("too late"));
  await clock.advance(15);
  assert.is(await far.ended, "");
  await running;
});

test("137, 138, 139 write never sends before it returns; one callback's writes go out as one chunk, then drain", async () => {
  const { loop, stream, far, log, running } = await open();
  loop.timer(0, () => {
    stream.write("a", () => log.push("cb a"));
    stream.write(Buffer.from("b"), () => log.push("cb b"));
    stream.write("ü");
    assert.is(stream.bytesWaiting, 4);
    assert.is(stream.isWriting, true);
    assert.is(stream.bytesWritten, 0);
    assert.equal(log, []);
    stream.closeGracefully();
  });
  assert.is(await far.ended, "abü");
  assert.equal(log, ["write abü", "cb a", "cb b", "drain", "close"]);
  assert.is(stream.bytesWritten, 4);
  await running;
});

test("130 what is written outside any callback is joined and sent soon", async () => {
  const { stream, far, log, running } = await open();
  stream.write("a").write("b");
  assert.is(far.text(), "");
  await until(() => far.text() === "ab");
  await until(() => log.length === 2);
  assert.equal(log, ["write ab", "drain"]);
  stream.close();
  await running;
});

test("141 an empty chunk without callback does nothing; 142 with one, it is called in the next tick", async () => {
  const { stream, log, running } = await open();
  assert.is(stream.write(""), stream);
  assert.is(stream.isWriting, false);
  const called = deferred();
  stream.write("", (it) => {
    assert.is(it, stream);
    called.resolve();
  });
  assert.is(stream.isWriting, true);
  await called.promise;
  await turns(2);
  assert.is(stream.isWriting, false);
  assert.equal(log, ["drain"]);
  stream.close();
  await running;
});

test("143, 163 a closed stream: writes and closes do nothing, lookups say so", async () => {
  const { loop, stream, log, running, id } = await open();
  stream.close();
  assert.is(stream.write("x"), stream);
  stream.write("x", () => assert.unreachable());
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

test("144, 145 a write in a drain callback goes on; a graceful close waits for the last, whoever subscribes to drain", async () => {
  const { stream, far, log, running } = await open();
  let rounds = 0;
  const more = (stream: Stream): void => {
    if (++rounds < 3) stream.write(`${rounds}`, more);
  };
  stream.write("0", more);
  stream.closeGracefully();
  assert.is(await far.ended, "012");
  await running;
  assert.equal(log, ["write 0", "drain", "write 1", "drain", "write 2", "drain", "close"]);
});

test("146 closeGracefully with nothing pending closes before it returns", async () => {
  const { stream, log, running } = await open();
  stream.closeGracefully();
  assert.equal(log, ["close"]);
  await running;
});

test("147, 148 5 MB to a slow reader: every byte is sent, writes after closeGracefully too, and it goes on reading", async () => {
  const { stream, far, log, running } = await open();
  far.socket.pause();
  stream.unsubscribe("write");
  stream.write(Buffer.alloc(5_000_000, "x"));
  stream.closeGracefully();
  stream.write("last");
  far.socket.write("still read");
  await until(() => log.includes("read still read"));
  assert.is(stream.handle !== undefined, true);
  const slowly = setInterval(() => {
    far.socket.resume();
    setTimeout(() => far.socket.pause(), 2);
  }, 4);
  const text = await far.ended;
  clearInterval(slowly);
  far.socket.resume();
  assert.is(text.length, 5_000_004);
  assert.is(text.endsWith("last"), true);
  await running;
  assert.equal(log, ["read still read", "drain", "close"]);
});

test("a slow reader is activity as long as bytes move, and none any more when they do not", async () => {
  const clock = new VirtualClock();
  const { stream, far, log, running } = await open({ clock });
  far.socket.on("data", () => far.socket.pause());
  let written = 0;
  stream.unsubscribe("write");
  stream.on("write", (_stream, chunk) => (written += chunk.length));
  stream.write(Buffer.alloc(32_000_000));
  await turns(20);
  for (let i = 0; i < 3; i++) {
    await clock.advance(14);
    for (const before = written; written === before; await turns(1)) far.socket.resume();
  }
  assert.is(log.includes("timeout"), false);
  await turns(50);
  await clock.advance(16);
  assert.equal(log, ["timeout", "close"]);
  far.socket.destroy();
  await running;
});

test("149, 150 close is at once: one close event before it returns, unsent data dropped", async () => {
  const { loop, stream, far, log, running } = await open();
  loop.timer(0, () => {
    stream.write("dropped", () => log.push("never"));
    stream.close();
    stream.close();
    assert.equal(log, ["close"]);
  });
  assert.is(await far.ended, "");
  await running;
  assert.equal(log, ["close"]);
});

test("151 close in read: the other subscribers of that read still run, nothing after", async () => {
  const { stream, far, log, running } = await open();
  stream.on("read", (stream) => stream.close());
  stream.on("read", () => void log.push("other"));
  far.socket.write("x");
  await running;
  assert.equal(log, ["read x", "close", "other"]);
});

test("152, 153 when the peer ends its side, what is queued is still written, then the stream closes", async () => {
  const { stream, far, log, running } = await open();
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
  const { stream, far, log, running } = await open();
  far.socket.resetAndDestroy();
  await running;
  assert.equal(log, ["close"]);
  assert.is(stream.handle, undefined);
});

test("154 a reset by the peer while writing is close without error", async () => {
  const { stream, far, log, running } = await open();
  stream.unsubscribe("write");
  far.socket.pause();
  stream.write(Buffer.alloc(20_000_000));
  await turns(20);
  far.socket.resetAndDestroy();
  await running;
  assert.equal(log, ["close"]);
});

test("155 another error is error, then close; 156 without a subscriber the reactor reports it, and it closes", async () => {
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

test("159 stop pauses reading only; unread data comes after start; both may be repeated", async () => {
  const { stream, far, log, running } = await open();
  stream.stop();
  stream.stop();
  far.socket.write("later");
  stream.write("now");
  await until(() => far.text() === "now");
  await turns(5);
  assert.equal(log, ["write now", "drain"]);
  stream.start();
  stream.start();
  await until(() => log.length === 3);
  assert.equal(log, ["write now", "drain", "read later"]);
  stream.close();
  await running;
});

test("160 the peer's end while paused is noticed after start: the rest is read, then it closes", async () => {
  const { stream, far, log, running } = await open();
  stream.stop();
  far.socket.end("rest");
  await turns(10);
  assert.equal(log, []);
  stream.start();
  await running;
  assert.equal(log, ["read rest", "close"]);
});

test("65 an exception in a read subscriber: later ones are skipped, the stream goes on", async () => {
  const { stream, errors, far, log, running } = await open();
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

test("68, 69 exceptions in drain and close callbacks are reported, and the stream closes and is forgotten", async () => {
  const { loop, stream, errors, running, id } = await open();
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

test("165, 166 stealHandle: silent, paused, nothing of the loop's left, no byte lost, the id and its timer gone", async () => {
  const clock = new VirtualClock();
  const { loop, stream, far, log, running, id } = await open({ clock });
  const fresh = await pair();
  stream.write("written before");
  const handle = stream.stealHandle()!;
  assert.is(loop.stream(id), undefined);
  assert.is(loop.remove(id), false);
  for (const event of ["data", "end", "error", "close", "readable"]) {
    assert.is(handle.listenerCount(event), fresh.near.listenerCount(event), event);
  }
  fresh.near.destroy();
  assert.is(handle.allowHalfOpen, fresh.near.allowHalfOpen);
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

test("168 counters, high-water mark, canWrite", async () => {
  const { loop, stream, far, running } = await open();
  assert.is(stream.highWaterMark, 1_048_576);
  stream.highWaterMark = 4;
  far.socket.write("12345");
  await until(() => stream.bytesRead === 5);
  loop.timer(0, () => {
    stream.write("123");
    assert.is(stream.canWrite, true);
    stream.write("4");
    assert.is(stream.canWrite, false);
    assert.is(stream.bytesWaiting, 4);
  });
  await until(() => stream.bytesWritten === 4);
  assert.is(stream.canWrite, true);
  assert.is(stream.bytesWaiting, 0);
  stream.close();
  await running;
});

test("83 loop.stream registers a stream, starts it, keeps its timeout and gives its id", async () => {
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

test("a stream by hand needs no loop: it reads, writes and times out on its reactor", async () => {
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
