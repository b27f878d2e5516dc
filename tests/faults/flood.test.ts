// A peer that sends as fast as it can: pauses hold it back, no byte is lost, and the order is kept.
// Numbers name statements about the originals.

import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import { type IOLoop, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, pair, peer, portOf, quietLoop, sleep, turns, until } from "../support/harness.ts";

const test = harness("flood");

const PART = 65_521; // a prime, so that parts and reads do not begin at the same positions
const TOTAL = 24_000_000;
// A generous estimate of what the buffers of both systems and of the runtime can hold.
const IN_FLIGHT = 16_000_000;

/** The bytes that a peer sends at a position: a pattern whose period is far from the size of a part. */
function part(position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = ((position + i) * 2_654_435_761) >>> 23;
  return bytes;
}

/** Sends all data as fast as the socket takes it. Returns its hash, and how much the socket has taken. */
function flood(far: Peer): { hash: Promise<string>; sent: () => number } {
  let sent = 0;
  const send = async (): Promise<string> => {
    const hash = createHash("sha256");
    while (sent < TOTAL) {
      const bytes = part(sent, Math.min(PART, TOTAL - sent));
      hash.update(bytes);
      sent += bytes.length;
      // In parts, each after the previous one was taken, so that no more is sent than the system can hold.
      await new Promise((resolve) => far.socket.write(bytes, resolve));
    }
    far.socket.end();
    return hash.digest("hex");
  };
  return { hash: send(), sent: () => sent };
}

/** A stream in a loop, with a hash of the data that it reads. */
async function sink(): Promise<{
  loop: IOLoop;
  stream: Stream;
  far: Peer;
  read: () => number;
  hash: () => string;
}> {
  const { loop } = quietLoop();
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  const hash = createHash("sha256");
  let read = 0;
  stream.on("read", (_stream, chunk) => {
    hash.update(chunk);
    read += chunk.length;
  });
  loop.stream(stream);
  return { loop, stream, far, read: () => read, hash: () => hash.digest("hex") };
}

test("159 stop and start of a stream under a flood: every byte, in order, and memory is bounded", async () => {
  const { loop, stream, far, read, hash } = await sink();
  // Pauses inside the read callback, like a program that is busy with the data.
  let pauses = 0;
  stream.on("read", (stream) => {
    stream.stop();
    pauses++;
    if (pauses % 3 === 0) loop.timer(0, () => stream.start());
    else loop.nextTick(() => stream.start());
  });
  const running = loop.start();
  const { hash: sent } = flood(far);
  await running;
  assert.is(read(), TOTAL);
  assert.is(hash(), await sent);
  assert.ok(pauses > 10, `${pauses} pauses`);
});

test("159 a stream that stays stopped holds the peer back", async () => {
  const { loop, stream, far, read, hash } = await sink();
  const running = loop.start();
  const { hash: sent, sent: count } = flood(far);
  await until(() => read() > 1_000_000);
  stream.stop();
  const before = read();
  // Until the peer cannot send any more.
  for (let last = -1; last !== count(); await sleep(0.1)) last = count();
  assert.is(read(), before, "nothing is read while it is stopped");
  assert.ok(count() < TOTAL, "the peer is held back");
  assert.ok(count() - before < IN_FLIGHT, `${count() - before} bytes under way`);
  stream.start();
  await running;
  assert.is(hash(), await sent);
});

test("22 stop and start of the loop under a flood: nothing is read meanwhile, every byte arrives, in order", async () => {
  const { loop, stream, far, read, hash } = await sink();
  let closed = false;
  stream.on("close", () => (closed = true));
  // Half of the stops are inside a read callback, half outside.
  let runs = 0;
  stream.on("read", () => {
    if (runs % 2 === 0) loop.stop();
  });
  const { hash: sent } = flood(far);
  while (!closed) {
    const running = loop.start();
    if (++runs % 2 === 1) {
      await turns(2);
      loop.stop();
    }
    await running;
    if (runs < 100) {
      const before = read();
      await turns(3);
      assert.is(read(), before);
    }
  }
  assert.is(read(), TOTAL);
  assert.is(hash(), await sent);
  assert.ok(runs > 4, `${runs} runs`);
});

test("131 a timeout that is set to 0 and back under traffic starts again then", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor: loop.reactor });
  const log: string[] = [];
  stream.on("read", (_stream, chunk) => void log.push(String(chunk)));
  stream.on("timeout", () => void log.push("timeout"));
  loop.stream(stream);
  const running = loop.start();
  for (const [i, seconds] of [0, 5, 0, 5].entries()) {
    stream.timeout = seconds;
    far.socket.write(`${i}`);
    await until(() => log.at(-1) === `${i}`);
    await clock.advance(seconds === 0 ? 100 : 4.9);
    assert.is(log.at(-1), `${i}`);
  }
  await clock.advance(0.1);
  await running;
  assert.equal(log, ["0", "1", "2", "3", "timeout"]);
  await far.closed;
});

test("7, 57 two loops in one process, with sockets in each: each serves its own, and stops by itself", async () => {
  const served: string[] = [];
  const make = (name: string): { loop: IOLoop; id: ReturnType<IOLoop["server"]>; port: number } => {
    const { loop } = quietLoop();
    const id = loop.server({}, (_loop, stream) => {
      stream.on("read", (stream, chunk) => {
        served.push(`${name} ${String(chunk)}`);
        stream.write(`${name} ${String(chunk)}`);
      });
    });
    return { loop, id, port: portOf(loop, id) };
  };
  const [a, b] = [make("a"), make("b")];
  const [clientA, clientB] = [peer({ port: a.port }), peer({ port: b.port })];
  await Promise.all([clientA.connected, clientB.connected]);
  const [runningA, runningB] = [a.loop.start(), b.loop.start()];
  clientA.socket.write("1");
  clientB.socket.write("1");
  await until(() => clientA.text() === "a 1" && clientB.text() === "b 1");
  a.loop.stop();
  await runningA;
  assert.is(b.loop.isRunning, true);
  clientA.socket.write("2");
  clientB.socket.write("2");
  await until(() => clientB.text() === "b 1b 2");
  await turns(5);
  assert.is(clientA.text(), "a 1", "the stopped loop delivers nothing");
  const again = a.loop.start();
  await until(() => clientA.text() === "a 1a 2");
  a.loop.reset();
  await again;
  clientB.socket.write("3");
  await until(() => clientB.text() === "b 1b 2b 3");
  b.loop.reset();
  await runningB;
  await Promise.all([clientA.closed, clientB.closed]);
  assert.equal(
    served.filter((entry) => entry.startsWith("a")),
    ["a 1", "a 2"],
  );
});

test("24, 25 a timer keeps the loop running, and so does a paused watcher", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  let fired = 0;
  let ended = false;
  loop.timer(3600, () => fired++);
  const first = loop.start();
  await clock.advance(3599);
  assert.is(loop.isRunning, true);
  await clock.advance(1);
  await first;
  assert.is(fired, 1);

  const { near, far } = await pair();
  loop.reactor.io(near, () => {}).watch(near, false, false);
  const second = loop.start().then(() => (ended = true));
  await clock.advance(3600);
  await turns(10);
  assert.is(ended, false);
  assert.is(loop.reactor.remove(near), true);
  await second;
  near.destroy();
  await far.closed;
});
