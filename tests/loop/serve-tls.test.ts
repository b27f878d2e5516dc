// Servers of the runtime behind a loop, with TLS of the server or of the loop.

import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, inFolder, isBun, portOf, quietLoop, watch } from "../support/harness.ts";
import { body, handClient, serving } from "./serve-http.ts";

const test = harness("serve-tls");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const PAIR = { key: local.key, cert: local.cert };

test("over a UNIX domain socket, and with TLS of the loop", async () => {
  const server = http.createServer((request, response) =>
    response.end(`${request.url} ${"encrypted" in request.socket}`),
  );
  await inFolder(async (folder) => {
    const path = `${folder}/socket`;
    await serving(
      server,
      async () => {
        const client = handClient({ path });
        client.get("/unix", "Connection: close\r\n");
        await client.ended;
        assert.is(client.answers()[0]!.body, "/unix false");
      },
      { path },
    );
  });
  const options = { tlsCert: local.certPath, tlsKey: local.keyPath };
  const errors = await serving(
    server,
    async (loop, _id, port) => {
      const socket = tls.connect({ port, host: "127.0.0.1", ca: authority.ca.cert, servername: "localhost" });
      const client = handClient({ port }, socket);
      client.get("/tls", "Connection: close\r\n");
      await client.ended;
      assert.is(client.answers()[0]!.body, "/tls true");
      assert.is(loop.isRunning, true);
    },
    options,
  );
  assert.equal(errors, []);
});

test("a tls server does its own handshake; loop.stream finds the stream by the encrypted socket", async () => {
  let found: Stream | undefined;
  const { loop } = quietLoop();
  const server = tls.createServer(PAIR, (socket) => {
    found = loop.stream(socket);
    socket.end("secret");
  });
  const id = loop.serve(server);
  const running = loop.start();
  const socket = tls.connect({
    port: portOf(loop, id),
    host: "127.0.0.1",
    ca: authority.ca.cert,
    servername: "localhost",
  });
  assert.is(await watch(socket).ended, "secret");
  await loop.stopGracefully({ timeout: 5 });
  await running;
  assert.ok(found);
  assert.is.not(found.closeReason, undefined);
  assert.throws(() => loop.serve(server, { tls: true, tlsCert: "x", tlsKey: "y" }), /the server speaks TLS itself/);
});

test("an https server", async () => {
  const server = https.createServer(PAIR, (request, response) => response.end(`hello ${request.url}`));
  if (isBun) {
    assert.throws(() => quietLoop().loop.serve(server), /on Bun a server of node:https cannot/);
    return;
  }
  const errors = await serving(server, async (_loop, _id, port) => {
    const answer = deferred<string>();
    const options = { port, path: "/x", ca: authority.ca.cert, servername: "localhost", agent: false as const };
    https.get(options, (response) => void body(response).then(answer.resolve));
    assert.is(await answer.promise, "hello /x");
  });
  assert.equal(errors, []);
});

for (const kind of ["h2c", "h2"] as const) {
  test(`an http2 server, ${kind}: a hundred streams on one connection take one slot`, async () => {
    const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void => {
      setTimeout(() => response.end(`answer to ${request.url}`), 5);
    };
    const server = kind === "h2" ? http2.createSecureServer(PAIR, answer) : http2.createServer(answer);
    let inside = 0;
    const errors = await serving(
      server,
      async (_loop, _id, port) => {
        const scheme = kind === "h2" ? "https" : "http";
        const session = http2.connect(`${scheme}://localhost:${port}`, { ca: authority.ca.cert });
        session.on("error", () => {});
        const ask = async (i: number): Promise<string> =>
          body(session.request({ ":path": `/${i}` }).setEncoding("utf8"));
        const answers = await Promise.all(Array.from({ length: 100 }, (_none, i) => ask(i)));
        assert.equal(
          answers,
          Array.from({ length: 100 }, (_none, i) => `answer to /${i}`),
        );
        assert.is(inside, 1);
        await new Promise<void>((resolve) => session.close(resolve));
      },
      { maxConnections: 1 },
      () => inside++,
    );
    assert.equal(errors, []);
  });
}

test("a secure http2 server that allows HTTP/1.1: a stop serves what is under way in both, and says that it is the last", async () => {
  const begun = [deferred(), deferred()];
  const release = deferred();
  const options = { ...PAIR, allowHTTP1: true };
  const server = http2.createSecureServer(options, (request, response) => {
    begun[request.httpVersionMajor - 1]!.resolve();
    void release.promise.then(() => response.end(`${request.httpVersion} ${request.url}`));
  });
  const { loop, errors } = quietLoop({ maxConnections: 2 });
  const id = loop.serve(server);
  const running = loop.start();
  const port = portOf(loop, id);
  const agent = new https.Agent({ keepAlive: true });
  const answer = deferred<http.IncomingMessage>();
  https.get({ port, path: "/one", ca: authority.ca.cert, servername: "localhost", agent }, answer.resolve);
  const session = http2.connect(`https://localhost:${port}`, { ca: authority.ca.cert });
  const wentAway = deferred();
  session.on("error", () => {}).on("goaway", () => wentAway.resolve());
  const two = body(session.request({ ":path": "/two" }).setEncoding("utf8"));
  await Promise.all(begun.map(({ promise }) => promise));
  const stopped = loop.stopGracefully({ timeout: 20 });
  if (!isBun) await wentAway.promise;
  release.resolve();
  const one = await answer.promise;
  assert.is(one.headers.connection, "close");
  assert.is(await body(one), "1.1 /one");
  assert.is(await two, "2.0 /two");
  await stopped; // both have been closed without the limit
  await running;
  agent.destroy();
  session.destroy();
  assert.equal(errors, []);
});
