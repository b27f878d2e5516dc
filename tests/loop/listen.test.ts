// `for await` over the connections of a server: one client is admitted for each that is asked for.

import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { type Peer, harness, peer, plainServer, quietLoop, sleep, until } from "../support/harness.ts";
import { Authority } from "../support/certificates.ts";
import { rejects } from "../support/rejects.ts";

const test = harness("listen");
const authority = new Authority();
const certificate = authority.sign("localhost");

test("each connection is admitted when it is asked for, in order", async () => {
  const { loop, errors } = quietLoop();
  const server = loop.listen();
  assert.is(loop.acceptor(server.id), server);
  assert.not.ok(loop.isRunning);
  const peers: Peer[] = [];
  const iterator = server[Symbol.asyncIterator]();
  for (const letter of ["a", "b", "c"]) {
    const client = peer({ port: server.port! });
    await client.connected;
    client.socket.write(letter);
    peers.push(client);
  }
  const streams: Stream[] = [];
  for (const letter of ["a", "b", "c"]) {
    const { value: stream } = await iterator.next();
    streams.push(stream);
    assert.is(String(await stream!.reader().read()), letter);
    await sleep(0.02);
    assert.is(loop.toJSON()["waiting"], 3 - streams.length);
  }
  await iterator.return!();
  assert.is(loop.acceptor(server.id), undefined);
  assert.not.ok(
    streams.some(({ isClosed }) => isClosed),
    "connections stay",
  );
  for (const { socket } of peers) socket.end();
  await until(() => !loop.isRunning);
  assert.equal(errors, []);
});

test("a slow consumer makes clients wait, and the loop runs between two turns", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const clients = [peer({ port: server.port! }), peer({ port: server.port! })];
  let served = 0;
  for await (const stream of server) {
    await sleep(0.03); // nothing else is watched meanwhile
    assert.ok(loop.isRunning);
    stream.write(`served ${++served}`);
    await stream[Symbol.asyncDispose]();
    if (served === 2) break;
  }
  const texts = await Promise.all(clients.map(({ ended }) => ended));
  assert.equal(
    texts.toSorted((a, b) => (a < b ? -1 : 1)),
    ["served 1", "served 2"],
  );
  for (const { socket } of clients) socket.end();
  await until(() => !loop.isRunning);
});

test("the iteration ends when the server is closed, removed or aborted", async () => {
  for (const how of ["close", "remove", "signal"] as const) {
    const { loop } = quietLoop();
    const controller = new AbortController();
    const server = loop.listen({ signal: controller.signal });
    const ended = (async () => {
      for await (const _ of server) assert.unreachable();
      return true;
    })();
    if (how === "close") server.close();
    else if (how === "remove") loop.remove(server.id);
    else controller.abort();
    assert.ok(await ended, how);
    await until(() => !loop.isRunning);
  }
});

test("with TLS, a client whose handshake fails does not count", async () => {
  const { loop } = quietLoop();
  const server = loop.listen({ tlsCert: certificate.cert, tlsKey: certificate.key });
  const next = server[Symbol.asyncIterator]().next();
  const stranger = peer({ port: server.port! });
  stranger.socket.write("this is not TLS\n");
  await stranger.closed;
  const client = await loop.connect({
    port: server.port,
    tlsCa: authority.ca.cert,
    tlsOptions: { servername: "localhost" },
  });
  const { value: stream } = await next;
  await client.send("secret");
  assert.is(String(await stream!.reader().read()), "secret");
  assert.ok(stream!.tls);
  server.close();
  client.close();
  await until(() => !loop.isRunning);
});

test("it throws where listening fails", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  const server = loop.listen({ port });
  await rejects(server[Symbol.asyncIterator]().next(), "EADDRINUSE");
  await until(() => !loop.isRunning);
  assert.equal(errors, []);
  assert.throws(() => loop.listen({ port: -1 }), /listen: option "port"/);
  await close();
});

test("in a graceful stop those who wait are served, and then it ends", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const clients = [peer({ port: server.port! }), peer({ port: server.port! }), peer({ port: server.port! })];
  await Promise.all(clients.map(({ connected }) => connected));
  let stopping: Promise<void> | undefined;
  let served = 0;
  for await (const stream of server) {
    stopping ??= loop.stopGracefully();
    await sleep(0.01);
    served++;
    stream.write("served");
    stream.closeGracefully();
  }
  assert.is(served, 3);
  assert.equal(await Promise.all(clients.map(({ ended }) => ended)), ["served", "served", "served"]);
  for (const { socket } of clients) socket.end();
  await stopping;
  await rejects(loop.sleep(1), "ERR_IOLOOP_STOPPED");
});

test("a stop leaves it pending, and a reset rejects it", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const iterator = server[Symbol.asyncIterator]();
  const next = iterator.next();
  loop.stop();
  const client = peer({ port: server.port! });
  await client.connected;
  let got: Stream | undefined;
  const waiting = next.then(({ value }) => (got = value));
  await sleep(0.02);
  assert.is(got, undefined);
  const running = loop.start();
  await waiting;
  assert.ok(got);
  const pending = iterator.next();
  loop.reset();
  await rejects(pending, "ERR_IOLOOP_ABORTED");
  assert.equal(await iterator.next(), { done: true, value: undefined });
  client.socket.destroy();
  await running;
});

test("one iteration at a time, and it starts a stopped loop no more", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const iterator = server[Symbol.asyncIterator]();
  assert.throws(() => server[Symbol.asyncIterator](), /for await: the server is iterated over already/);
  void iterator.next();
  loop.stop();
  await iterator.return!();
  const other = loop.listen();
  await rejects(other[Symbol.asyncIterator]().next(), "ERR_IOLOOP_STOPPED");
  other.close();
});

test("`stop` of the server pauses the iteration, `start` continues it", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const iterator = server[Symbol.asyncIterator]();
  server.stop();
  let got: Stream | undefined;
  const next = iterator.next().then(({ value }) => (got = value));
  const client = peer({ port: server.port! });
  await client.connected;
  await sleep(0.02);
  assert.is(got, undefined);
  server.start();
  await next;
  assert.ok(got);
  await iterator.return!();
  got.close();
  client.socket.end();
  await until(() => !loop.isRunning);
});
