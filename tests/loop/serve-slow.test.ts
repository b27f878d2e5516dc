// HTTP servers behind a loop: slow clients, HTTP/2, and that nothing is left on a server.

import http from "node:http";
import http2 from "node:http2";
import { connect } from "node:net";
import * as assert from "uvu/assert";
import { harness, isBun, sleep, turns, until, within } from "../support/harness.ts";
import { KEEPS_ALIVE, handClient, run } from "./serve-http.ts";

const test = harness("serve-slow");

test("connections between requests, and silent ones, close soon; an incomplete header is answered with 408", async () => {
  const server = http.createServer((_request, response) => response.end("ok"));
  const { loop, port, running } = run(server);
  const [idle, silent, slow] = [handClient({ port }), handClient({ port }), handClient({ port })];
  if (KEEPS_ALIVE) {
    idle.get("/");
    await until(() => idle.answers().length === 1);
  }
  await until(() => silent.socket.readyState === "open" && slow.socket.readyState === "open");
  slow.socket.write("GET / HT");
  await turns(10);
  const stopping = performance.now();
  const stopped = loop.stopGracefully();
  await idle.ended;
  await silent.ended;
  assert.ok(performance.now() - stopping < 900, "the idle ones waited for the slow one");
  assert.is(slow.socket.destroyed, false);
  await slow.ended;
  assert.ok(performance.now() - stopping > 900);
  assert.is(slow.answers()[0]?.status, 408);
  await stopped;
  await running;
});

for (const late of [false, true]) {
  test(`HTTP/2: streams that have begun are finished, and the client gets a GOAWAY${late ? ", also one that waited" : ""}`, async () => {
    const responses: http2.Http2ServerResponse[] = [];
    const server = http2.createServer((_request, response) => void responses.push(response));
    const { loop, port, running } = run(server, { maxConnections: late ? 1 : 10 });
    const first = late ? handClient({ port }) : undefined;
    if (first) await until(() => first.socket.readyState === "open");
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    let told = 0;
    session.on("goaway", () => told++);
    const ask = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let text = "";
        const request = session.request({ ":path": path });
        request.on("data", (chunk) => (text += String(chunk)));
        request.on("end", () => resolve(text)).on("error", reject);
      });
    const answers = Promise.all([ask("/1"), ask("/2")]);
    if (!late) await until(() => responses.length === 2);
    else await until(() => JSON.parse(JSON.stringify(loop)).waiting === 1);
    const stopped = loop.stopGracefully({ timeout: 20 });
    first?.socket.destroy();
    await until(() => responses.length === 2);
    await sleep(0.3);
    for (const response of responses) response.end("answer");
    assert.equal(await within(10, answers), ["answer", "answer"]);
    await stopped;
    await running;
    assert.ok(told > 0);
    session.destroy();
  });
}

test("HTTP/2: a client that never closes its side does not hold up a graceful stop", async () => {
  const { loop, port, running } = run(http2.createServer());
  const client = handClient({ port }, connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
  await until(() => JSON.parse(JSON.stringify(loop)).incoming === 1);
  await within(20, loop.stopGracefully());
  await running;
  client.socket.destroy();
});

test("a slow client is answered with 408, as by a listening server, after the server's headersTimeout", async () => {
  const server = http.createServer({ headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 });
  server.on("request", (_request, response) => response.end("ok"));
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  client.socket.write("GET / HTTP/1.1\r\nX-");
  const drip = setInterval(() => client.socket.writable && client.socket.write("a"), 50);
  await client.ended;
  clearInterval(drip);
  assert.is(client.answers()[0]?.status, 408);
  assert.is(loop.isRunning, true);
  await loop.stopGracefully();
  await running;
});

test("closeIdleConnections of the server closes idle connections", async () => {
  if (!KEEPS_ALIVE) return;
  const server = http.createServer((_request, response) => response.end("ok"));
  const { loop, port, running } = run(server);
  const client = handClient({ port });
  client.get("/");
  await until(() => client.answers().length === 1);
  await turns(5);
  server.closeIdleConnections();
  await client.closed;
  await loop.stopGracefully();
  await running;
});

test("after the loop has stopped, nothing of it is left on the server", async () => {
  const server = http.createServer((_request, response) => response.end("ok"));
  const before = server.eventNames().map((name) => [name, server.listenerCount(name)]);
  const { loop, running } = run(server);
  await loop.stopGracefully();
  await running;
  assert.equal(
    server.eventNames().map((name) => [name, server.listenerCount(name)]),
    before,
  );
  assert.is(isBun && before.length === 0, false);
});
