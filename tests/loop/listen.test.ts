// `for await` over the connections of a server: one client is admitted for each that is asked for.

import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { type Peer, harness, peer, plainServer, portOf, quietLoop, sleep, until } from "../support/harness.ts";
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

test("a slow consumer leaves clients in the queue, and they are served in their turn", async () => {
  const { loop } = quietLoop();
  const server = loop.listen();
  const clients: Peer[] = [];
  for (const letter of ["a", "b", "c"]) {
    const client = peer({ port: server.port! });
    clients.push(client);
    await client.connected;
    client.socket.write(letter);
  }
  let served = "";
  for await (const stream of server) {
    served += String(await stream.reader().read());
    await sleep(0.03); // nothing else is watched meanwhile
    assert.ok(loop.isRunning);
    const { incoming, waiting } = loop.toJSON();
    assert.equal([incoming, waiting], [1, 3 - served.length], "nobody was admitted whom nobody had asked for");
    stream.write(`served ${served}`);
    await stream[Symbol.asyncDispose]();
    clients[served.length - 1]!.socket.end();
    if (served.length === 3) break;
  }
  const texts = await Promise.all(clients.map(({ ended }) => ended));
  assert.equal(texts, ["served a", "served ab", "served abc"]);
  await until(() => !loop.isRunning);
});

test("`exempt`: a client is admitted to a full loop, but only when it is asked for, and displaces nobody", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 1, displaceIdle: 0.01 });
  const usual: Stream[] = [];
  const port = portOf(
    loop,
    loop.server({}, (_loop, stream) => void usual.push(stream)),
  );
  const server = loop.listen({ exempt: true });
  const iterator = server[Symbol.asyncIterator]();
  const running = loop.start();
  const clients = [peer({ port })];
  await until(() => usual.length === 1);
  for (const letter of ["a", "b"]) {
    const client = peer({ port: server.port! });
    clients.push(client);
    await client.connected;
    client.socket.write(letter);
  }
  const read = async (): Promise<string> => String(await (await iterator.next()).value!.reader().read());
  for (const letter of ["a", "b"]) {
    const before = loop.toJSON()["exempt"];
    await sleep(0.03);
    assert.is(loop.toJSON()["exempt"], before);
    assert.is(await read(), letter);
  }
  assert.is(usual[0]!.closeReason, undefined);
  loop.reset();
  for (const { socket } of clients) socket.destroy();
  await running;
  assert.equal(errors, []);
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
