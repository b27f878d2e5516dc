// A server whose clients wait while it listens again with other options: they keep those with which they came.

import * as assert from "uvu/assert";
import { Server } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, peer, quietLoop, turns, until } from "../support/harness.ts";
import { CLIENT, text } from "./proxied.ts";

const test = harness("server-again");
const authority = new Authority();
const { certPath, keyPath } = authority.sign("localhost", "IP:127.0.0.1");

for (const isProxied of [true, false]) {
  test(`clients that wait ${isProxied ? "behind a proxy" : "for a server without TLS"}`, async () => {
    const { loop, errors } = quietLoop({ maxConnections: 0 });
    const server = new Server({ reactor: loop.reactor });
    const seen: string[] = [];
    server.on("accept", (_server, handle) => {
      handle.on("data", (chunk: Buffer) => {
        seen.push(String(chunk));
        handle.end(`${handle.remoteAddress}`);
      });
      handle.resume();
    });
    server.listen(isProxied ? { proxyProtocol: "required" } : {});
    const running = loop.start({ forever: true });
    const client = peer({ port: server.port! });
    await client.connected;
    if (isProxied) client.socket.write(text());
    client.socket.write("hello");
    await until(() => (JSON.parse(JSON.stringify(loop)) as { waiting: number }).waiting === 1);
    let isClosing = false;
    loop.on("closing", () => {
      isClosing = true;
      server.listen({ exempt: true, ...(isProxied ? {} : { tlsCert: certPath, tlsKey: keyPath }) });
    });
    void loop.stopGracefully({ timeout: 20 });
    await until(() => isClosing);
    await turns(5);
    loop.maxConnections = 5;
    assert.is(await client.ended, isProxied ? CLIENT : "127.0.0.1");
    assert.equal(seen, ["hello"]);
    client.socket.destroy();
    server.close();
    loop.reset();
    await running;
    assert.equal(errors, []);
  });
}
