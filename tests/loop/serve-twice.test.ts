// One server behind two loops: each of them follows its own connections. And an answer that comes before the body of its request.

import http from "node:http";
import type { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import type { IOLoop } from "wasm-ioloop";
import { deferred, harness, portOf, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { KEEPS_ALIVE, handClient, run } from "./serve-http.ts";

const test = harness("serve-twice");

/** Serves by two loops; gives both ports. */
async function serving(
  server: http.Server,
  body: (first: number, second: number, one: IOLoop, other: IOLoop) => Promise<void>,
): Promise<void> {
  const [one, other] = [quietLoop(), quietLoop()];
  const [first, second] = [one.loop.serve(server), other.loop.serve(server)];
  const running = [one.loop.start(), other.loop.start()];
  try {
    await body(portOf(one.loop, first), portOf(other.loop, second), one.loop, other.loop);
  } finally {
    await Promise.all([one.loop.stopGracefully({ timeout: 5 }), other.loop.stopGracefully({ timeout: 5 })]);
    await Promise.all(running);
  }
  assert.equal([...one.errors, ...other.errors], []);
}

test("each of two loops knows its own requests, whichever stops first", async () => {
  for (const stopsFirst of [0, 1]) {
    const responses: http.ServerResponse[] = [];
    const server = http.createServer((_request, response) => void responses.push(response));
    await serving(server, async (first, second, ...loops) => {
      const clients = [handClient({ port: first }), handClient({ port: second })];
      for (const client of clients) client.get("/");
      await until(() => responses.length === 2);
      const stopping = loops[stopsFirst]!.stopGracefully({ timeout: 60 });
      await sleep(1.5); // longer than half a header is waited for
      for (const response of responses) response.end("ok");
      await stopping;
      await until(() => clients.every((client) => client.answers().length === 1));
      const [stopped, goesOn] = [clients[stopsFirst]!, clients[1 - stopsFirst]!];
      assert.is(stopped.answers()[0]!.status, 200);
      assert.is(stopped.answers()[0]!.headers["connection"], "close");
      if (!KEEPS_ALIVE) return;
      goesOn.get("/");
      await until(() => responses.length === 3);
      responses[2]!.end("again");
      await until(() => goesOn.answers().length === 2);
    });
  }
});

test("a subscriber to `upgrade` may come and go while two loops serve the server", async () => {
  const sockets: Duplex[] = [];
  const server = http.createServer((_request, response) => response.end("plain"));
  const upgraded = (_request: unknown, socket: Duplex): void => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  };
  await serving(server, async (first, second, one, other) => {
    const before = [handClient({ port: first }), handClient({ port: second })];
    for (const client of before) client.get("/");
    await until(() => before.every((client) => client.answers().length === 1));
    server.on("upgrade", upgraded);
    const clients = [handClient({ port: first }), handClient({ port: second })];
    for (const client of clients) client.get("/", "Connection: Upgrade\r\nUpgrade: x\r\n");
    await until(() => sockets.length === 2);
    server.off("upgrade", upgraded);
    assert.is(server.listenerCount("upgrade"), 0);
    const stopping = [one.stopGracefully({ timeout: 60 }), other.stopGracefully({ timeout: 60 })];
    await sleep(0.5); // longer than a silent connection is left
    await turns(5);
    for (const socket of sockets) socket.end("bye");
    await Promise.all(stopping);
    for (const client of clients) assert.ok((await client.ended).endsWith("bye"));
  });
});

test("after an answer that came before the body had, a stop closes the connection without a second answer", async () => {
  if (!KEEPS_ALIVE) return;
  const server = http.createServer((_request, response) => response.end("early"));
  const { loop, port, running, errors } = run(server);
  const client = handClient({ port });
  const complete = deferred();
  server.prependListener("request", (request: http.IncomingMessage) => request.on("close", complete.resolve));
  client.socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  await until(() => client.answers().length === 1);
  client.socket.write("x".repeat(100_000));
  await complete.promise;
  await loop.stopGracefully({ timeout: 60 });
  await running;
  assert.equal(
    (await client.ended.then(client.answers)).map(({ status }) => status),
    [200],
  );
  assert.equal(errors, []);
});
