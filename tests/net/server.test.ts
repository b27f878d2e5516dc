// class Server: which clients it accepts, and when. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { Reactor, Server, Stream } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("server");

test("114 stop and start pause and resume accepting; clients wait meanwhile", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => stream.write("served").closeGracefully());
  const server = loop.acceptor(id)!;
  assert.is(server.isAccepting, true);
  server.stop();
  assert.is(server.isAccepting, false);
  const keep = loop.timer(60, () => {});
  const running = loop.start();
  const client = peer({ port: server.port! });
  await client.connected;
  await turns(10);
  assert.is(client.text(), "");
  server.start();
  assert.is(await client.ended, "served");
  loop.remove(id);
  loop.remove(keep);
  await running;
});

test("115, 116, 117, 81, 82 the order: accept, read of data that came before, close; the id is known meanwhile", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({}, (loop, stream, cid) => {
    log.push(`accept ${loop.stream(cid) === stream}`);
    stream.on("read", (_stream, chunk) => log.push(`read ${String(chunk)}`));
    stream.on("close", () => log.push(`close ${loop.stream(cid) === undefined}`));
  });
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  client.socket.end("before");
  await turns(5);
  const running = loop.start();
  await client.closed;
  loop.remove(id);
  await running;
  assert.equal(log, ["accept true", "read before", "close true"]);
});

test("66 an exception in the server callback: the connection stays, the server continues", async () => {
  const { loop, errors } = quietLoop();
  let accepted = 0;
  let stream: Stream | undefined;
  const id = loop.server({}, (loop, it, cid) => {
    accepted++;
    it.on("read", () => it.closeGracefully());
    if (accepted > 1) return;
    stream = it;
    assert.is(loop.stream(cid), stream);
    throw new Error("Bye!");
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [peer({ port }), peer({ port })];
  await until(() => accepted === 2);
  assert.ok(stream!.handle);
  for (const client of clients) client.socket.write("x");
  await Promise.all(clients.map((client) => client.ended));
  assert.is(errors.length, 1);
  assert.is(errors[0]![1], "accept");
  loop.remove(id);
  await running;
});

test("75, 76 remove ends listening at once, keeps connections, and resets waiting clients", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  let accepted = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.on("read", (stream) => stream.write("still here").closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const first = peer({ port });
  await until(() => accepted === 1);
  const waiting = peer({ port });
  await waiting.connected;
  await turns(5);
  assert.is(loop.remove(id), true);
  assert.is(loop.remove(id), false);
  assert.is(loop.acceptor(id), undefined);
  assert.is(await waiting.closed, "ECONNRESET");
  assert.is(await peer({ port }).closed, "ECONNREFUSED");
  first.socket.write("x");
  assert.is(await first.ended, "still here");
  await running;
});

test("a directly created server emits accept with a paused handle; loop.acceptor makes it one of the loop", async () => {
  const { loop } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  const log: string[] = [];
  server.on("accept", (_server, handle) => {
    log.push(`accept ${handle.isPaused()}`);
    const stream = new Stream(handle, { reactor: loop.reactor });
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    loop.stream(stream);
  });
  server.listen({});
  const id = loop.acceptor(server);
  assert.is(loop.acceptor(id), server);
  const running = loop.start();
  const client = peer({ port: server.port! });
  client.socket.write("by hand");
  assert.is(await client.ended, "by hand");
  loop.remove(id);
  assert.is(server.handle, undefined);
  await running;
  assert.equal(log, ["accept true"]);
});

test("a directly created server on a reactor alone: the subscriber owns the handle", async () => {
  const reactor = new Reactor();
  const server = new Server({ reactor, multiAccept: 2 });
  server.listen();
  let accepted = 0;
  server.on("accept", (_server, handle) => {
    accepted++;
    handle.resume().end("plain");
  });
  const running = reactor.start();
  const clients = Array.from({ length: 5 }, () => peer({ port: server.port! }));
  for (const client of clients) assert.is(await client.ended, "plain");
  assert.is(accepted, 5);
  server.close();
  await running;
});

test("waitTimeout: a client that waits too long is reset, with a drop", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  const reasons: string[] = [];
  loop.on("drop", (_loop, info) => void reasons.push(info.reason));
  const id = loop.server({ waitTimeout: 0.05 }, () => {});
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  assert.is(await client.closed, "ECONNRESET");
  assert.equal(reasons, ["timeout"]);
  loop.remove(id);
  await running;
});

test("84 loop.acceptor registers a server, on the loop's reactor, and returns its id", async () => {
  const { loop } = quietLoop();
  const elsewhere = new Reactor();
  const server = new Server({ reactor: elsewhere });
  const id = loop.acceptor(server);
  assert.is(server.reactor, loop.reactor);
  assert.is(loop.acceptor(id), server);
  assert.is(loop.acceptor(server), id);
  server.on("accept", (_server, handle) => handle.resume().end("served"));
  server.listen();
  const running = loop.start();
  assert.is(await peer({ port: server.port! }).ended, "served");
  assert.is(loop.remove(id), true);
  assert.is(loop.acceptor(id), undefined);
  await running;
});
