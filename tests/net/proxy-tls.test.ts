// Behind a proxy: TLS of a server, of a stream, and of servers of the runtime, with the client's address in their sockets.

import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { type Socket, connect } from "node:net";
import tls from "node:tls";
import * as assert from "uvu/assert";
import type { ListenerOptions, ServedServer, Stream } from "wasm-ioloop";
import { body, get, handClient } from "../loop/serve-http.ts";
import { Authority } from "../support/certificates.ts";
import { harness, isBun, portOf, quietLoop, until, watch } from "../support/harness.ts";
import { CLIENT, PORT, relay, text } from "./proxied.ts";

const test = harness("proxy-tls");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const PAIR = { key: local.key, cert: local.cert };
const TLS: ListenerOptions = { tlsCert: local.certPath, tlsKey: local.keyPath };
const CA = { ca: authority.ca.cert, servername: "localhost" };

/** Serves behind a proxy. */
async function through(
  server: ServedServer,
  task: (port: number) => Promise<void>,
  options: ListenerOptions = {},
): Promise<void> {
  const { loop, errors } = quietLoop();
  const { halfOpen: _, ...rest } = options;
  const id = loop.serve(server, { proxyProtocol: "required", ...rest });
  const running = loop.start();
  const proxy = await relay(portOf(loop, id), text());
  await task(proxy.port);
  await loop.stopGracefully({ timeout: 5 });
  await running;
  await proxy.close();
  assert.equal(errors, []);
}

const who = ({ remoteAddress, remotePort, remoteFamily }: Socket): string =>
  `${remoteAddress} ${remotePort} ${remoteFamily}`;
const WANTED = `${CLIENT} ${PORT} IPv4`;

test("a server with TLS: the header comes first, in plain", async () => {
  const { loop, errors } = quietLoop();
  const found: string[] = [];
  const id = loop.server({ ...TLS, proxyProtocol: "optional" }, (_loop, stream) => {
    found.push(`${stream.remoteAddress} ${stream.proxy?.version} ${stream.tls?.protocol}`);
    stream.on("read", (stream, chunk) => stream.write(`${who(stream.handle as Socket)} ${chunk}`).closeGracefully());
  });
  const running = loop.start();
  const port = portOf(loop, id);
  const proxy = await relay(port, text());
  const joined = watch(tls.connect({ port: proxy.port, host: "127.0.0.1", ...CA }));
  joined.socket.write("joined");
  assert.is(await joined.ended, `${WANTED} joined`);
  const plain = connect({ port, host: "127.0.0.1" });
  plain.write(text().subarray(0, 9));
  await until(() => plain.bytesWritten === 9);
  await new Promise<void>((resolve) => void plain.write(text().subarray(9), () => resolve()));
  const apart = watch(tls.connect({ socket: plain, ...CA }));
  apart.socket.write("apart");
  assert.is(await apart.ended, `${WANTED} apart`);
  const own = watch(tls.connect({ port, host: "127.0.0.1", ...CA }));
  own.socket.write("own");
  assert.match(await own.ended, /^127\.0\.0\.1 \d+ IPv4 own$/);
  assert.equal(found, [`${CLIENT} 1 TLSv1.3`, `${CLIENT} 1 TLSv1.3`, "127.0.0.1 undefined TLSv1.3"]);
  plain.destroy();
  loop.remove(id);
  await running;
  await proxy.close();
  assert.equal(errors, []);
});

test("startTls keeps the client's address", async () => {
  const { loop, errors } = quietLoop();
  let found: Stream | undefined;
  const id = loop.server({ proxyProtocol: "required" }, (loop, stream) => {
    loop.remove(id);
    found = stream;
    stream.startTls(TLS).then(
      () => stream.write(`${who(stream.handle as Socket)} ${stream.proxy?.version}`).closeGracefully(),
      (error: unknown) => errors.push([error, "startTls"]),
    );
  });
  const running = loop.start();
  const proxy = await relay(portOf(loop, id), text());
  const client = watch(tls.connect({ port: proxy.port, host: "127.0.0.1", ...CA }));
  assert.is(await client.ended, `${WANTED} 1`);
  await running;
  await proxy.close();
  assert.is(found?.closeReason, "local");
  assert.equal(errors, []);
});

test("an http server, plain and with TLS of the loop", async () => {
  const server = http.createServer((request, response) => response.end(`${request.url} ${who(request.socket)}`));
  await through(server, async (port) => {
    assert.is(await get(port, "/a"), `/a ${WANTED}`);
    const client = handClient({ port });
    client.get("/b", "Connection: close\r\n");
    await client.ended;
    assert.is(client.answers()[0]?.body, `/b ${WANTED}`);
  });
  await through(
    server,
    async (port) => {
      const client = handClient({ port }, tls.connect({ port, host: "127.0.0.1", ...CA }));
      client.get("/c", "Connection: close\r\n");
      await client.ended;
      assert.is(client.answers()[0]?.body, `/c ${WANTED}`);
    },
    TLS,
  );
});

test("a stop closes an http connection whose PROXY header is all that has come, as one that has said nothing", async () => {
  const { loop } = quietLoop();
  let isIn = false;
  const id = loop.serve(http.createServer(), { proxyProtocol: "required" }, () => (isIn = true));
  const running = loop.start();
  const client = handClient({ port: portOf(loop, id) });
  client.socket.write(text());
  await until(() => isIn);
  await loop.stopGracefully();
  await running;
  await client.ended;
  assert.is(client.text(), ""); // not 408
});

test("a tls server, and an https server", async () => {
  await through(
    tls.createServer(PAIR, (socket) => void socket.end(who(socket))),
    async (port) => assert.is(await watch(tls.connect({ port, host: "127.0.0.1", ...CA })).ended, WANTED),
  );
  if (isBun) return; // `serve` does not take one there
  const server = https.createServer(PAIR, (request, response) => response.end(who(request.socket)));
  await through(server, async (port) => {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      https.get({ port, host: "127.0.0.1", ...CA, agent: false }, resolve).on("error", reject);
    });
    assert.is(await body(response), WANTED);
  });
});

for (const kind of ["h2c", "h2"] as const) {
  test(`an http2 server, ${kind}`, async () => {
    const answer = ({ socket }: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void =>
      void response.end(who(socket));
    const server = kind === "h2" ? http2.createSecureServer(PAIR, answer) : http2.createServer(answer);
    await through(server, async (port) => {
      const session = http2.connect(`${kind === "h2" ? "https" : "http"}://127.0.0.1:${port}`, { ca: CA.ca });
      assert.is(await body(session.request({ ":path": "/" }).setEncoding("utf8")), WANTED);
      await new Promise<void>((resolve) => session.close(resolve));
    });
  });
}
