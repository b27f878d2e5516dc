// Connections without the runtime's socket around them, where that can be: whoever asks for the socket must not notice.

import { channel } from "node:diagnostics_channel";
import { createServer as createHttp } from "node:http";
import { Socket } from "node:net";
import * as assert from "uvu/assert";
import type { IOLoop, Server, Stream } from "wasm-ioloop";
import { type Peer, harness, isBun, isDeno, peer, portOf, quietLoop, turns, until } from "./harness.ts";

const test = harness("bare socket");

const isBare = !isBun && !isDeno && process.env["IOLOOP_FAST"] !== "0";

interface Accepted {
  readonly loop: IOLoop;
  readonly stream: Stream;
  readonly far: Peer;
  readonly log: string[];
  readonly acceptor: Server;
  readonly id: ReturnType<IOLoop["timer"]>;
  end(): Promise<void>;
}

/** A stream that a loop's server has accepted, its events logged, and the socket at its other end. */
async function accept(prepare: (acceptor: Server) => void = () => {}): Promise<Accepted> {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  let accepted: Stream | undefined;
  const id = loop.server({}, (_loop, stream) => {
    accepted = stream;
    stream.on("read", (_stream, chunk) => void log.push(`read ${String(chunk)}`));
    stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
    stream.on("close", () => void log.push("close"));
  });
  const acceptor = loop.acceptor(id)!;
  prepare(acceptor);
  const running = loop.start();
  const far = peer({ port: portOf(loop, id) });
  await until(() => accepted !== undefined);
  const end = async (): Promise<void> => {
    far.socket.destroy();
    loop.reset();
    await running;
    assert.equal(errors, []);
  };
  return { loop, stream: accepted!, far, log, acceptor, id, end };
}

/** How many sockets of the runtime are told to send at once: each that a loop accepts. */
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

test("a connection that is served has no socket of the runtime where that can be, and one where it is asked for", async () => {
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
  const asked = await countSockets(async () => {
    const { stream, far, end } = await accept();
    const { handle } = stream;
    assert.instance(handle, Socket);
    assert.is((handle as Socket).remotePort, far.socket.localPort);
    assert.is(stream.handle, handle);
    await end();
  });
  assert.is(asked, 1);
});

test("the socket may be asked for at any time: what comes and goes does so in order", async () => {
  const { stream, far, log, end } = await accept();
  far.socket.write("one");
  await until(() => log.length === 1);
  stream.write("a");
  const handle = stream.handle as Socket;
  stream.write("b");
  far.socket.write("two");
  await until(() => log.length === 2 && far.text() === "ab");
  assert.equal(log, ["read one", "read two"]);
  assert.is(handle.bytesRead, 6);
  assert.is(stream.bytesRead, 6);
  assert.is(stream.bytesWritten, 2);
  far.socket.end("three");
  await until(() => log.includes("close"));
  assert.equal(log, ["read one", "read two", "read three", "close"]);
  await end();
});

test("the socket may be asked for in the callback that reads, and stopped there", async () => {
  const { stream, far, log, end } = await accept();
  stream.on("read", (stream) => {
    assert.is((stream.handle as Socket).destroyed, false);
    stream.stop();
  });
  far.socket.write("one");
  await until(() => log.length === 1);
  far.socket.write("two");
  await until(() => stream.isReadable);
  assert.equal(log, ["read one"]);
  stream.start();
  await until(() => log.length === 2);
  assert.equal(log, ["read one", "read two"]);
  await end();
});

test("the socket is asked for while much is being written: it all arrives, once", async () => {
  const { stream, far, log, end } = await accept();
  const block = "0123456789".repeat(100_000);
  far.socket.pause();
  let drained = 0;
  for (let i = 0; i < 8; i++) stream.write(block);
  stream.write("end", () => drained++);
  await turns(20);
  assert.ok(stream.bytesWaiting > 0);
  assert.instance(stream.handle, Socket);
  far.socket.resume();
  await until(() => drained === 1 && far.text().endsWith("end"));
  assert.is(far.text().length, 8_000_003);
  assert.is(far.text().slice(0, 8_000_000), block.repeat(8));
  assert.equal(log, []);
  await end();
});

test("a loop that is stopped reads nothing, though the socket is asked for meanwhile, and goes on where it was", async () => {
  for (const asks of [false, true]) {
    const { loop, stream, far, log, end } = await accept();
    loop.stop();
    await turns(2);
    far.socket.write("meanwhile");
    await turns(20);
    if (asks) assert.instance(stream.handle, Socket);
    await turns(20);
    assert.equal(log, []);
    const running = loop.start();
    await until(() => log.length === 1);
    assert.equal(log, ["read meanwhile"]);
    await end();
    await running;
  }
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

test("writing to a peer that is gone closes the stream", async () => {
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

test("a stolen handle is a socket, paused, with what was written on its way", async () => {
  const { stream, far, log, end } = await accept();
  far.socket.write("one");
  await until(() => log.length === 1);
  stream.write("last");
  const socket = stream.stealHandle() as Socket;
  assert.instance(socket, Socket);
  far.socket.write("two");
  await until(() => far.text() === "last");
  const heard: string[] = [];
  socket.on("data", (chunk: Buffer) => void heard.push(chunk.toString()));
  socket.resume();
  await until(() => heard.length === 1);
  assert.equal(heard, ["two"]);
  assert.equal(log, ["read one"]);
  socket.destroy();
  await end();
});

test("a handle stolen at once serves HTTP", async () => {
  const http = createHttp((request, response) => void response.end(`you asked for ${request.url}`));
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => {
    const socket = stream.stealHandle() as Socket;
    http.emit("connection", socket);
    socket.resume();
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.write("GET /it HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert.match(await client.ended, "you asked for /it");
  client.socket.destroy();
  loop.reset();
  await running;
});

test("who listens to the acceptor's accept, or to the connections of its handle, is given sockets", async () => {
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

test("who subscribes to the runtime's diagnostics channel is given sockets", async () => {
  if (!isBare) return;
  const seen: unknown[] = [];
  const see = (message: unknown): void => void seen.push((message as { socket: Socket }).socket);
  const sockets = channel("net.server.socket");
  sockets.subscribe(see);
  const { stream, end } = await accept();
  assert.is(stream.handle, seen[0]);
  sockets.unsubscribe(see);
  await end();
});

test("the listening handle counts its connections, and is closed when the last one is", async () => {
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

test("the socket's own settings are those of the connection", async () => {
  const { stream, far, end } = await accept();
  const socket = stream.handle as Socket;
  // Nagle is off, and can be put on again.
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
