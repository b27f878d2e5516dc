// Lingering after a graceful close: our side ends, and input is discarded until the peer ends its side.

import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import * as assert from "uvu/assert";
import { type IOLoop, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import {
  type Peer,
  harness,
  inFolder,
  peer,
  portOf,
  quietLoop,
  sleep,
  turns,
  until,
  watch,
} from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("stream-linger");

const PIECE = Buffer.alloc(10_000, "x");

/** Keeps the far side from ending when the near one has ended. */
function keepOpen(far: Peer): Peer {
  far.socket.allowHalfOpen = true;
  return far;
}

/** Whether a stream's connection is still open: the far side can send without getting a reset. */
async function isOpen(far: Peer): Promise<boolean> {
  for (let i = 0; i < 3 && !far.socket.destroyed; i++) {
    far.socket.write("?");
    await sleep(0.02);
  }
  return !far.socket.destroyed;
}

test("an answer reaches a peer that is still sending, and close comes before closeGracefully returns", async () => {
  const { loop, stream, far, log, running } = await openStream();
  keepOpen(far);
  stream.on("read", (stream) => stream.write("413 Too Large").closeGracefully());
  far.socket.write("begin");
  await until(() => log.includes("close"));
  let sent = 0;
  for (; sent < 500_000; sent += PIECE.length) {
    far.socket.write(PIECE);
    await turns(1);
  }
  assert.is(await far.ended, "413 Too Large");
  assert.is(loop.isRunning, true);
  far.socket.end();
  assert.is(await far.closed, undefined);
  await running;
  assert.equal(log, ["read begin", "write 413 Too Large", "drain", "close"]);
});

test("input is delivered until everything written has been sent, and not after that", async () => {
  const { stream, far, log, running } = await openStream();
  keepOpen(far).socket.pause();
  stream.unsubscribe("write");
  stream.unsubscribe("drain");
  stream.write(Buffer.alloc(20_000_000)).closeGracefully();
  far.socket.write("meanwhile");
  await until(() => log.includes("read meanwhile"));
  far.socket.resume();
  await until(() => log.includes("close"));
  far.socket.write("too late");
  await far.ended;
  far.socket.end();
  await running;
  assert.equal(log, ["read meanwhile", "close"]);
});

test("a stream that is paused when it closes keeps reading all the same", async () => {
  const { stream, far, running } = await openStream();
  keepOpen(far);
  stream.stop();
  stream.write("bye");
  stream.closeGracefully();
  assert.is(await far.ended, "bye");
  for (let i = 0; i < 50; i++) far.socket.write(PIECE);
  far.socket.end();
  assert.is(await far.closed, undefined);
  await running;
});

test("lingering ends after 1 MiB of input", async () => {
  const { stream, far, running } = await openStream();
  keepOpen(far);
  stream.closeGracefully();
  await far.ended;
  let isOver = false;
  void running.then(() => (isOver = true));
  while (!isOver && !far.socket.destroyed) {
    far.socket.write(PIECE);
    await turns(1);
  }
  await running;
  far.socket.destroy();
});

test("lingering ends after 2 s on the loop's clock, not before", async () => {
  const clock = new VirtualClock();
  const { loop, stream, far, log, running } = await openStream({ clock });
  keepOpen(far);
  await clock.advance(10);
  stream.closeGracefully();
  assert.equal(log, ["close"]);
  await far.ended;
  await clock.advance(1.999);
  assert.is(loop.isRunning, true);
  assert.is(await isOpen(far), true);
  await clock.advance(0.001);
  await running;
  assert.is(await isOpen(far), false);
  far.socket.destroy();
  assert.equal(log, ["close"]);
});

test("while the loop is stopped, lingering continues for 2 s; reset ends it", async () => {
  for (const way of ["wait", "reset", "start"]) {
    const { loop, stream, far, running } = await openStream();
    keepOpen(far);
    stream.write("bye");
    stream.closeGracefully();
    await far.ended;
    loop.stop();
    await running;
    assert.is(await isOpen(far), true, way);
    if (way === "reset") loop.reset();
    const again = way === "start" ? loop.start() : undefined;
    if (again) {
      assert.is(await isOpen(far), true, way);
      far.socket.end();
      await again;
    } else {
      while (await isOpen(far));
    }
    await far.closed;
  }
});

test("a stream that is closed gracefully while the loop is stopped lingers, too", async () => {
  const { loop, stream, far, running, log } = await openStream();
  keepOpen(far);
  loop.stop();
  await running;
  stream.closeGracefully();
  assert.equal(log, ["close"]);
  await far.ended;
  assert.is(await isOpen(far), true);
  far.socket.end();
  assert.is(await far.closed, undefined);
  loop.reset();
});

test("no lingering if the peer has ended, or after close", async () => {
  const clock = new VirtualClock();
  const { stream, far, running } = await openStream({ clock });
  stream.on("read", (stream) => stream.write("answer"));
  far.socket.end("question");
  assert.is(await far.ended, "answer");
  await running; // no time passes here
  const other = await openStream({ clock });
  keepOpen(other.far);
  other.stream.close();
  await other.running;
  other.far.socket.destroy();
});

/** A server that answers at once, and the number of open connections. */
function greeter(loop: IOLoop): { id: ReturnType<IOLoop["server"]>; count: () => number } {
  let count = 0;
  const id = loop.server({}, (_loop, stream) => {
    count++;
    stream.write("hello").closeGracefully();
  });
  return { id, count: () => count };
}

test("lingering connections take no slot; at most maxConnections linger, and the oldest is closed first", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock, maxConnections: 1 });
  const { id, count } = greeter(loop);
  const running = loop.start();
  const far: Peer[] = [];
  for (let i = 0; i < 3; i++) {
    far.push(keepOpen(peer({ port: portOf(loop, id) })));
    assert.is(await far[i]!.ended, "hello");
  }
  assert.is(count(), 3);
  while (await isOpen(far[0]!));
  while (await isOpen(far[1]!));
  assert.is(await isOpen(far[2]!), true);
  loop.reset();
  await running;
  for (const { socket } of far) socket.destroy();
});

test("a graceful stop waits for lingering connections, and its timeout closes them", async () => {
  for (const timeout of [0, 1]) {
    const clock = new VirtualClock();
    const { loop } = quietLoop({ clock });
    const { id } = greeter(loop);
    const running = loop.start();
    const far = keepOpen(peer({ port: portOf(loop, id) }));
    assert.is(await far.ended, "hello");
    const stopped = loop.stopGracefully(timeout > 0 ? { timeout } : {});
    await clock.advance(0.9);
    assert.is(loop.isRunning, true);
    await clock.advance(timeout > 0 ? 0.2 : 1.2);
    await stopped;
    await running;
    while (await isOpen(far));
  }
});

test("over TLS, UNIX domain sockets and with a Duplex, too", async () => {
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const { loop } = quietLoop();
  const log: string[] = [];
  const answer = (_loop: IOLoop, stream: Stream): void => {
    stream.once("read", () => stream.write("answer").closeGracefully());
    stream.on("error", (_stream, error) => void log.push(error.message));
  };
  const running = loop.start();
  await inFolder(async (folder) => {
    const path = join(folder, "socket");
    const ids = [
      loop.server({ tls: true, tlsCert: cert, tlsKey: key }, answer),
      loop.server({ path }, answer),
    ] as const;
    await loop.acceptor(ids[1])!.ready;
    const { connect } = await import("node:tls");
    const options = { port: portOf(loop, ids[0]), host: "127.0.0.1", servername: "localhost", ca: authority.ca.cert };
    const secure: Socket = connect({ ...options, allowHalfOpen: true } as ConnectionOptions);
    for (const far of [watch(secure), keepOpen(peer({ path }))]) {
      for (let i = 0; i < 20; i++) {
        far.socket.write(PIECE);
        await turns(2);
      }
      assert.is(await far.ended, "answer");
      for (let i = 0; i < 20; i++) {
        far.socket.write(PIECE);
        await turns(2);
      }
      far.socket.end();
      assert.is(await far.closed, undefined);
    }
    for (const id of ids) loop.remove(id);
    await running;
  });
  assert.equal(log, []);
  let ended = false;
  const duplex = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(),
    final(done) {
      ended = true;
      done();
    },
  });
  const stream = new Stream(duplex, { reactor: loop.reactor });
  loop.stream(stream);
  const again = loop.start();
  stream.write("x");
  stream.closeGracefully();
  await until(() => ended);
  await turns(5);
  assert.is(duplex.destroyed, false);
  duplex.push("dropped");
  duplex.push(null);
  await again;
  await until(() => duplex.destroyed);
});

test("every client of a UNIX domain socket gets an answer after which the stream closes at once", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "socket");
    const { loop } = quietLoop();
    const id = loop.server({ path }, (_loop, stream) => stream.write("hello").closeGracefully());
    await loop.acceptor(id)!.ready;
    const running = loop.start();
    for (let i = 0; i < 100; i++) {
      const far = peer({ path });
      assert.is(await far.ended, "hello");
      assert.is(await far.closed, undefined);
    }
    loop.remove(id);
    await running;
  });
});
