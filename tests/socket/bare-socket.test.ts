// Connections without a socket of the runtime, if that is supported. This must be invisible from outside.

import { channel } from "node:diagnostics_channel";
import { Socket } from "node:net";
import * as assert from "uvu/assert";
import { accept, isBare } from "./accepted.ts";
import { deferred, harness, isBun, peer, turns, until } from "../support/harness.ts";

const test = harness("bare socket");

/** The number of calls of setNoDelay on sockets of the runtime: one for each that a loop accepts. */
async function countSockets(body: () => Promise<void>): Promise<number> {
  const original = Socket.prototype.setNoDelay;
  let count = 0;
  Socket.prototype.setNoDelay = function (this: Socket, on = true) {
    count++;
    return original.call(this, on);
  };
  try {
    await body();
  } finally {
    Socket.prototype.setNoDelay = original;
  }
  return count;
}

test("an accepted connection has no socket of the runtime, if that is supported, until it is asked for one", async () => {
  const unasked = await countSockets(async () => {
    const { stream, far, log, end } = await accept();
    far.socket.write("hello");
    await until(() => log.length === 1);
    stream.write("hi");
    stream.closeGracefully();
    assert.is(await far.ended, "hi");
    assert.equal(log, ["read hello", "close"]);
    await end();
  });
  assert.is(unasked, isBare ? 0 : 1);
  const addressed = await countSockets(async () => {
    const { stream, far, log, end } = await accept();
    assert.equal([stream.remoteAddress, stream.remotePort], ["127.0.0.1", far.socket.localPort]);
    far.socket.resetAndDestroy();
    await until(() => log.includes("close"));
    assert.equal([stream.remoteAddress, stream.remotePort], [undefined, undefined]);
    await end();
  });
  assert.is(addressed, isBare ? 0 : 1);
  const asked = await countSockets(async () => {
    const { stream, far, end } = await accept();
    const { handle } = stream;
    assert.instance(handle, Socket);
    assert.is((handle as Socket).remotePort, far.socket.localPort);
    assert.is(stream.remotePort, far.socket.localPort);
    assert.is(stream.handle, handle);
    await end();
  });
  assert.is(asked, 1);
});

test("the peer's end and its reset close the stream; neither is an error", async () => {
  const ended = await accept();
  ended.far.socket.end("bye");
  await until(() => ended.log.includes("close"));
  assert.equal(ended.log, ["read bye", "close"]);
  await ended.end();
  const reset = await accept();
  reset.far.socket.resetAndDestroy();
  await until(() => reset.log.includes("close"));
  assert.equal(reset.log, ["close"]);
  await reset.end();
});

test("writing to a disconnected peer closes the stream", async () => {
  const { stream, far, log, end } = await accept();
  far.socket.resetAndDestroy();
  await far.closed;
  for (let i = 0; i < 100 && !log.includes("close"); i++) {
    stream.write("into nothing");
    await turns(2);
  }
  assert.equal(log, ["close"]);
  assert.is(stream.handle, undefined);
  await end();
});

test("subscribers to the acceptor's accept, and listeners to its handle's connections, get sockets", async () => {
  const given: unknown[] = [];
  const { stream, far, log, end } = await accept((acceptor) => {
    acceptor.on("accept", (_server, handle) => void given.push(handle));
  });
  assert.instance(given[0], Socket);
  assert.is(stream.handle, given[0]);
  far.socket.write("hello");
  await until(() => log.length === 1);
  await end();
  const connected: unknown[] = [];
  const other = await accept(({ handle }) => {
    handle!.on("connection", (socket) => void connected.push(socket));
  });
  assert.is(other.stream.handle, connected[0]);
  await other.end();
});

test("subscribers to the runtime's diagnostics channel get sockets", async () => {
  if (!isBare || isBun) return; // Bun has no such channel
  const seen: unknown[] = [];
  const see = (message: unknown): void => void seen.push((message as { socket: Socket }).socket);
  const sockets = channel("net.server.socket");
  sockets.subscribe(see);
  const { stream, end } = await accept();
  assert.is(stream.handle, seen[0]);
  sockets.unsubscribe(see);
  await end();
});

test("the listening handle counts its connections, and closes with the last one", async () => {
  const { loop, stream, far, acceptor, id, log, end } = await accept();
  const handle = acceptor.handle!;
  const count = (): Promise<number> =>
    new Promise((resolve, reject) => {
      handle.getConnections((error, connections) => (error ? reject(error) : resolve(connections)));
    });
  assert.is(await count(), 1);
  let isClosed = false;
  handle.on("close", () => (isClosed = true));
  loop.remove(id);
  await turns(5);
  far.socket.write("still");
  await until(() => log.length === 1);
  assert.is(isClosed, false);
  stream.close();
  await until(() => isClosed);
  assert.equal(log, ["read still", "close"]);
  await end();
});

test("the settings of the socket are those of the connection", async () => {
  const { stream, far, end } = await accept();
  const socket = stream.handle as Socket;
  // Nagle's algorithm is off, and can be switched on again.
  const told: boolean[] = [];
  const { _handle: handle } = socket as unknown as { _handle?: { setNoDelay?(on: boolean): number } };
  if (isBare && handle?.setNoDelay) {
    const original = handle.setNoDelay;
    handle.setNoDelay = function (on) {
      told.push(on);
      return original.call(this, on);
    };
    socket.setNoDelay(false);
    assert.equal(told, [false]);
  }
  assert.is(socket.allowHalfOpen, true);
  assert.is(socket.readyState, "open");
  far.socket.destroy();
  await end();
});

// Bun also emits an event for most errors of a write. For the others, there is only the result of `write`.
test("on Bun, a write that the system refuses closes the stream at once, even without an event", async () => {
  if (!isBun || !isBare) return;
  for (const isLater of [false, true]) {
    const { stream, far, log, end } = await accept();
    const { prototype, write } = await rawSockets();
    if (isLater) {
      far.socket.pause();
      stream.write(Buffer.alloc(20_000_000));
      await until(() => stream.bytesWritten > 0);
    }
    prototype.write = () => -1;
    try {
      if (isLater) far.socket.resume();
      else stream.write("x");
      await until(() => log.includes("close"));
    } finally {
      prototype.write = write;
    }
    assert.equal(log, ["close"]);
    await end();
  }
});

interface Raw {
  write(piece: string | Uint8Array): number;
}

/** The prototype of the sockets of `Bun.listen`. */
async function rawSockets(): Promise<{ prototype: Raw; write: Raw["write"] }> {
  interface Listening {
    readonly port: number;
    stop(force: boolean): void;
  }
  const { Bun: bun } = globalThis as unknown as { Bun: { listen(options: object): Listening } };
  const found = deferred<Raw>();
  const socket = { open: (raw: Raw) => found.resolve(Object.getPrototypeOf(raw) as Raw), data: () => {} };
  const listening = bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const { socket: far } = peer({ port: listening.port });
  const prototype = await found.promise;
  far.destroy();
  listening.stop(true);
  return { prototype, write: prototype.write };
}
