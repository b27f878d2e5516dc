// Graceful stops of HTTP servers behind a loop: no request whose header has arrived is lost or cut off.

import http from "node:http";
import type { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import { deferred, harness, sleep, turns, until } from "../support/harness.ts";
import { KEEPS_ALIVE, handClient, run } from "./serve-http.ts";

const test = harness("serve-stop");

/** The seconds that a task takes. */
async function seconds(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise;
  return (performance.now() - start) / 1000;
}

test("a pending request gets a complete answer with `Connection: close`, and the connection ends", async () => {
  const begun = deferred();
  const finish = deferred();
  const server = http.createServer((_request, response) => {
    begun.resolve();
    void finish.promise.then(() => response.end("answer"));
  });
  const { loop, port, running, streams, errors } = run(server);
  const client = handClient({ port });
  client.get("/");
  await begun.promise;
  const stopped = loop.stopGracefully();
  await turns(5);
  await sleep(0.3); // longer than a silent connection stays open
  assert.is(streams[0]!.closeReason, undefined);
  finish.resolve();
  await client.ended;
  await stopped;
  await running;
  const [answer] = client.answers();
  assert.is(answer!.body, "answer");
  assert.is(answer!.headers["connection"], "close");
  assert.is(client.answers().length, 1);
  assert.equal(errors, []);
});

test("a body that is still being sent is received completely", async () => {
  const begun = deferred();
  const server = http.createServer((request, response) => {
    begun.resolve();
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => response.end(String(size)));
  });
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  client.socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n");
  await begun.promise;
  const stopped = loop.stopGracefully();
  for (let i = 0; i < 3; i++) {
    await sleep(0.15);
    client.socket.write("0123456789");
  }
  await client.ended;
  await stopped;
  await running;
  assert.is(client.answers()[0]!.body, "30");
});

test("from `finish` on all answers say `Connection: close`, however they are written", async () => {
  if (!KEEPS_ALIVE) return;
  const ways: ((response: http.ServerResponse) => void)[] = [
    (response) => response.end("x"),
    (response) => response.writeHead(200, { "Content-Length": 1 }).end("x"),
    (response) => response.writeHead(200, ["Content-Length", "1"]).end("x"),
    (response) => {
      response.setHeader("X-Test", "1");
      response.write("x");
      response.end();
    },
  ];
  const server = http.createServer((request, response) => ways[Number(request.url!.slice(1))]!(response));
  const { loop, port, running } = run(server);
  const clients = ways.map(() => handClient({ port }));
  for (const [i, client] of clients.entries()) client.get(`/${i}`);
  await until(() => clients.every((client) => client.answers().length === 1));
  for (const client of clients) assert.is(client.answers()[0]!.headers["connection"] ?? "keep-alive", "keep-alive");
  const finished = new Promise<void>((resolve) => void loop.once("finish", () => resolve()));
  const stopped = loop.stopGracefully({ delay: 0.3 });
  await finished;
  for (const [i, client] of clients.entries()) client.get(`/${i}`);
  for (const client of clients) await client.ended;
  for (const client of clients) assert.is(client.answers()[1]!.headers["connection"], "close");
  await stopped;
  await running;
});

test("the connection closes even after an answer that says `keep-alive`", async () => {
  const server = http.createServer((_request, response) => {
    response.setHeader("Connection", "keep-alive");
    response.end("x");
  });
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  await until(() => client.socket.readyState === "open");
  const stopped = loop.stopGracefully({ delay: 2 });
  await turns(5);
  client.get("/");
  await client.ended;
  assert.is(client.answers()[0]!.body, "x");
  await stopped;
  await running;
});

test("pipelined requests that are pending when the stop begins are all answered, and the last answer says close", async () => {
  if (!KEEPS_ALIVE) return;
  const responses: http.ServerResponse[] = [];
  const server = http.createServer((_request, response) => void responses.push(response));
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  for (let i = 0; i < 3; i++) client.get(`/${i}`);
  await until(() => responses.length === 3);
  const stopped = loop.stopGracefully();
  await turns(5);
  for (const [i, response] of responses.entries()) response.end(`answer ${i}`);
  await client.ended;
  await stopped;
  await running;
  const answers = client.answers();
  assert.equal(
    answers.map(({ body }) => body),
    ["answer 0", "answer 1", "answer 2"],
  );
  assert.is(answers[2]!.headers["connection"], "close");
});

test("a request whose header is completed in time is answered", async () => {
  const server = http.createServer((request, response) => response.end(request.url));
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  await until(() => client.socket.readyState === "open");
  client.socket.write("GET /slow HTTP/1.1\r\n");
  await turns(10);
  const stopped = loop.stopGracefully();
  await sleep(0.4);
  client.socket.write("Host: x\r\n\r\n");
  await client.ended;
  assert.is(client.answers()[0]!.body, "/slow");
  await stopped;
  await running;
});

test("waiting clients are served before the loop stops", async () => {
  const server = http.createServer((request, response) => setTimeout(() => response.end(request.url), 20));
  const { loop, port, running } = run(server, { maxConnections: 2 });
  const clients = Array.from({ length: 10 }, () => handClient({ port }));
  for (const [i, client] of clients.entries()) client.get(`/${i}`);
  await until(() => clients.every(({ socket }) => socket.readyState === "open"));
  await until(() => JSON.parse(JSON.stringify(loop)).waiting === 8);
  const stopped = loop.stopGracefully();
  for (const [i, client] of clients.entries()) {
    await client.ended;
    assert.is(client.answers()[0]!.body, `/${i}`);
  }
  await stopped;
  await running;
});

test("`timeout` closes the rest, with that `closeReason`", async () => {
  const begun = deferred();
  const server = http.createServer(() => begun.resolve());
  const { loop, port, running, streams } = run(server);
  const client = handClient({ port });
  client.get("/");
  await begun.promise;
  await loop.stopGracefully({ timeout: 0.2 });
  await running;
  await client.closed;
  assert.is(streams[0]!.closeReason, "stopping");
});

test("the program must end an upgraded connection", async () => {
  const server = http.createServer();
  let upgraded: Duplex | undefined;
  server.on("upgrade", (_request, socket) => {
    upgraded = socket;
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n");
  });
  const { loop, port, running, streams } = run(server);
  const client = handClient({ port });
  client.get("/", "Upgrade: test\r\nConnection: Upgrade\r\n");
  await until(() => client.text().includes("101"));
  const stopped = loop.stopGracefully({ timeout: 10 });
  await sleep(0.4);
  assert.is(streams[0]!.closeReason, undefined);
  upgraded!.end("bye");
  assert.ok((await client.ended).endsWith("bye"));
  await stopped;
  await running;
});

test("a stop with only idle connections ends quickly", async () => {
  const server = http.createServer((_request, response) => response.end("ok"));
  const { loop, port, running } = run(server);
  const clients = Array.from({ length: 50 }, () => handClient({ port }));
  for (const client of clients) client.get("/");
  await until(() => clients.every((client) => client.answers().length === 1));
  assert.ok((await seconds(loop.stopGracefully())) < 5);
  await running;
  for (const client of clients) await client.closed;
});
