// Watching listening servers: connections that wait, and how the program takes them.

import { type Socket, createServer } from "node:net";
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from "node:tls";
import * as assert from "uvu/assert";
import type { IOLoopError } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, peer, turns, until, watch as watchPeer, within } from "../support/harness.ts";
import { listeners, listening, watching } from "./watching.ts";

const test = harness("watchers-server");

test("if the server has a listener, the callback runs after it, once for each connection, one per tick", async () => {
  const { reactor, log, watch } = watching();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    log.push("taken");
    sockets.push(socket);
  });
  const { port } = await listening(server);
  const before = listeners(server);
  watch(server);
  const running = reactor.start();
  const peers = [peer({ port }), peer({ port }), peer({ port })];
  await until(() => log.filter((call) => call === "r").length === 3);
  await turns(10);
  assert.is(log.length, 6);
  assert.is(log[0], "taken");
  reactor.remove(server);
  await running;
  assert.equal(listeners(server), before);
  server.close();
  for (const socket of sockets) socket.destroy();
  for (const { closed } of peers) await closed;
});

test("if the server has no listener, connections wait, and the callback takes them one by one", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const before = listeners(server);
  const texts: string[] = [];
  const sockets: Socket[] = [];
  watch(server, "", () => {
    if (log.length < 5) return; // not taken yet, so the callback runs again
    server.once("connection", (socket) => {
      sockets.push(socket);
      socket.on("data", (chunk) => texts.push(String(chunk)));
    });
  });
  const running = reactor.start();
  const peers = [];
  for (const name of ["a", "b", "c"]) {
    const it = peer({ port });
    await it.connected;
    it.socket.write(name);
    peers.push(it);
  }
  await until(() => sockets.length === 3);
  await until(() => texts.length === 3);
  assert.equal(texts.toSorted(), ["a", "b", "c"]);
  await turns(3);
  const calls = log.length;
  await turns(10);
  assert.is(log.length, calls);
  reactor.remove(server);
  await running;
  assert.equal(listeners(server), before);
  server.close();
  for (const socket of sockets) socket.destroy();
  for (const { closed } of peers) await closed;
});

test("remove closes connections that were not taken; one taken in that callback stays open", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const peers = [peer({ port }), peer({ port })];
  const taken = deferred<Socket>();
  watch(server);
  const running = reactor.start();
  await Promise.all(peers.map(({ connected }) => connected));
  await until(() => log.length > 0);
  reactor.remove(server);
  server.once("connection", (socket) => socket.destroy()); // the runtime may not have accepted both yet
  await running;
  for (const { closed } of peers) await closed;
  server.removeAllListeners("connection");
  watch(server, "", () => {
    server.once("connection", taken.resolve);
    reactor.remove(server);
  });
  const last = peer({ port });
  await reactor.start();
  const socket = await taken.promise;
  assert.is(socket.destroyed, false);
  socket.end("welcome");
  assert.is(await last.ended, "welcome");
  server.close();
  last.socket.destroy();
  await last.closed;
});

test("an exception in a listener while a server is removed is an error; connections that still wait are closed", async () => {
  const { reactor, errors, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const peers = [peer({ port }), peer({ port })];
  watch(server);
  const running = reactor.start();
  let accepted = 0;
  while (accepted < peers.length) {
    server.getConnections((_error, count) => (accepted = count));
    await turns(1);
  }
  const failure = new Error("Not this one");
  server.once("connection", (socket) => {
    socket.destroy();
    throw failure;
  });
  reactor.remove(server);
  await running;
  for (const { closed } of peers) await within(5, closed);
  assert.equal(errors, [failure]);
  server.close();
});

test("a waiting connection that its peer closes no longer counts", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  watch(server);
  const running = reactor.start();
  const gone = peer({ port });
  await until(() => log.length > 2);
  gone.socket.resetAndDestroy();
  await gone.closed;
  let calls = -1;
  await until(() => calls === (calls = log.length));
  reactor.remove(server);
  await running;
  server.close();
});

test("a TLS server is ready when a handshake is done", async () => {
  const { cert, key } = new Authority().sign("localhost");
  const { reactor, log, watch } = watching();
  const server = createTlsServer({ cert, key });
  const { port } = await listening(server);
  const taken = deferred<TLSSocket>();
  watch(server, "", () => void server.once("secureConnection", taken.resolve));
  const running = reactor.start();
  const plain = peer({ port });
  await plain.connected;
  await turns(5);
  assert.equal(log, []);
  const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const far = watchPeer(client);
  (await taken.promise).end("secret");
  assert.is(await far.ended, "secret");
  reactor.remove(server);
  await running;
  plain.socket.destroy();
  client.destroy();
  await Promise.all([plain.closed, far.closed]);
  await new Promise((resolve) => server.close(resolve));
});

test("a server that is closed while watched is ready until it is removed; so is one whose address is in use", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  watch(server);
  const running = reactor.start();
  const other = createServer();
  watch(other, "other", () => reactor.remove(other));
  other.listen(port, "127.0.0.1");
  await until(() => log.length === 1);
  assert.equal(log, ["rother"]);
  server.close();
  await until(() => log.length > 5);
  reactor.remove(server);
  await running;
});

test("51 a closed server is an error, one that does not listen yet is not", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  watch(server); // it has not listened yet
  const running = reactor.start();
  const { port } = await listening(server);
  const client = peer({ port });
  await until(() => log.length > 0);
  reactor.remove(server);
  await running;
  await client.closed;
  await new Promise((resolve) => server.close(resolve));
  assert.throws(
    () => reactor.io(server, () => {}),
    (error: IOLoopError) => error.code === "ERR_IOLOOP_HANDLE_CLOSED" && error.message === "io: handle is closed",
  );
  await reactor.start(); // nothing has been watched
  await listening(server);
  watch(server); // it listens again
  reactor.remove(server);
  server.close();
});
