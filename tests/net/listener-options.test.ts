// Options of a listening server, and the settings of accepted sockets. Numbers name statements about the originals.

import { once } from "node:events";
import { type AddressInfo, Socket, connect, createServer } from "node:net";
import * as assert from "uvu/assert";
import { type IOLoopError, Server } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("listener-options");

test("102 never more than maxConnections are open, however large multiAccept is", async () => {
  const { loop } = quietLoop({ maxConnections: 2, multiAccept: 50 });
  let open = 0;
  let most = 0;
  const id = loop.server({}, (_loop, stream) => {
    most = Math.max(most, ++open);
    stream.on("close", () => open--);
    stream.on("read", (stream) => stream.closeGracefully());
  });
  const port = portOf(loop, id);
  // All of them already wait when the loop starts, so the first pass could admit them at once.
  const clients = Array.from({ length: 10 }, () => peer({ port }));
  await Promise.all(clients.map((client) => client.connected));
  await turns(10);
  const running = loop.start();
  await until(() => open === 2);
  for (const client of clients) client.socket.write("go");
  await Promise.all(clients.map((client) => client.ended));
  assert.is(most, 2);
  loop.remove(id);
  await running;
});

test("109 backlog: by default 511 clients may wait", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  let drops = 0;
  loop.on("drop", (_loop, info) => {
    assert.is(info.reason, "backlog");
    drops++;
  });
  const id = loop.server({}, () => assert.unreachable());
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [];
  // In batches, so that the system's queue, which may be shorter, is never full.
  for (let i = 0; i < 52; i++) {
    const part = Array.from({ length: 10 }, () => peer({ port }));
    await Promise.all(part.map((client) => client.connected.catch(() => {})));
    clients.push(...part);
  }
  await until(() => drops === 9);
  await turns(10);
  assert.is(drops, 9);
  loop.remove(id);
  await Promise.all(clients.map((client) => client.closed));
  await running;
});

test("110 reuse: two servers on one port, or an error that names the option", async () => {
  const { loop, errors } = quietLoop();
  let first;
  try {
    first = loop.server({ reuse: true }, (_loop, stream) => stream.write("served").closeGracefully());
  } catch (error) {
    assert.is((error as IOLoopError).code, "ERR_IOLOOP_UNSUPPORTED");
    assert.match((error as Error).message, '"reuse"');
    return;
  }
  const server = loop.acceptor(first)!;
  await server.ready;
  const port = server.port!;
  const second = loop.server({ reuse: true, port }, (_loop, stream) => stream.write("served").closeGracefully());
  await loop.acceptor(second)!.ready;
  assert.is(portOf(loop, second), port);
  const running = loop.start();
  const clients = Array.from({ length: 20 }, () => peer({ port }));
  for (const client of clients) assert.is(await client.ended, "served");
  loop.remove(first);
  loop.remove(second);
  await running;
  assert.equal(errors, []);
});

for (const noDelay of [undefined, true, false]) {
  test(`118 accepted and outgoing sockets send small chunks at once: TCP_NODELAY; noDelay ${noDelay}`, async () => {
    const original = Socket.prototype.setNoDelay;
    const set = new Set<number | undefined>();
    Socket.prototype.setNoDelay = function (this: Socket, on = true) {
      if (on) set.add(this.localPort);
      return original.call(this, on);
    };
    const { loop } = quietLoop();
    const id = loop.server({ noDelay }, (_loop, stream) => {
      stream.handle!.listenerCount("close"); // the socket that is created of a bare connection must have the same setting
      stream.closeGracefully();
    });
    const restore = await watchHandles((port) => set.add(port));
    try {
      const port = portOf(loop, id);
      let from: number | undefined;
      loop.client({ port, noDelay }, (loop, _error, stream) => {
        from = (stream!.handle as Socket).localPort;
        stream!.on("close", () => loop.remove(id));
      });
      await loop.start();
      assert.is(set.has(port), noDelay !== false, "accepted");
      assert.is(set.has(from), noDelay !== false, "outgoing");
    } finally {
      Socket.prototype.setNoDelay = original;
      restore();
    }
  });
}

interface Handle {
  setNoDelay(on: boolean): number;
  /** On Bun. */
  readonly localPort?: number;
  /** On Node. */
  getsockname?(out: { port?: number | undefined }): number;
}

/** If the loop uses bare connections, the options are set on their handles. */
async function watchHandles(told: (port: number | undefined) => void): Promise<() => void> {
  const probe = await anyHandle();
  if (typeof probe?.setNoDelay !== "function") return () => {};
  const prototype = Object.getPrototypeOf(probe) as Handle;
  const original = prototype.setNoDelay;
  prototype.setNoDelay = function (this: Handle, on) {
    const name = { port: this.localPort };
    this.getsockname?.(name);
    if (on) told(name.port);
    return original.call(this, on);
  };
  return () => {
    prototype.setNoDelay = original;
  };
}

/** The handle of an accepted socket. All have the same class. */
async function anyHandle(): Promise<Handle | null | undefined> {
  const server = createServer();
  const accepted = once(server, "connection") as Promise<[Socket & { _handle?: Handle | null }]>;
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = await accepted;
  const { _handle: handle } = socket;
  socket.destroy();
  client.destroy();
  server.close();
  return handle;
}

test("a server that is stopped before it listens admits no client until start", async () => {
  const { loop } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  server.stop();
  server.on("accept", (_server, handle) => handle.resume().end("served"));
  server.listen();
  assert.is(server.isAccepting, false);
  const keep = loop.timer(60, () => {});
  const running = loop.start();
  const client = peer({ port: server.port! });
  await client.connected;
  await turns(10);
  assert.is(client.text(), "");
  server.start();
  assert.is(await client.ended, "served");
  server.close();
  loop.remove(keep);
  await running;
});
