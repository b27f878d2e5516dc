// What libraries do with their servers and sockets: the loop must still notice that these have closed.

import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { TLSSocket, connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, peer, portOf, quietLoop, until } from "../support/harness.ts";

const test = harness("serve-library");

test("an http server that is closed without having listened emits close once, and its acceptors are gone", async () => {
  const { loop, errors } = quietLoop();
  const server = createHttpServer();
  let closed = 0;
  server.on("close", () => closed++);
  const ids = [loop.serve(server, {}), loop.serve(server, {})];
  const running = loop.start();
  server.close();
  await running;
  assert.is(closed, 1);
  assert.equal(
    ids.map((id) => loop.acceptor(id)),
    [undefined, undefined],
  );
  assert.equal(errors, []);
});

test("a slot is free again when a socket without listeners has closed", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 1 });
  const reasons: unknown[] = [];
  const server = createServer((socket) => {
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.once("data", (chunk) => socket.end(`echo ${chunk}`));
  });
  const id = loop.serve(server, {}, (_loop, stream) => {
    stream.on("close", (stream) => reasons.push(stream.closeReason));
  });
  const running = loop.start();
  for (const name of ["first", "second", "third"]) {
    const client = peer({ port: portOf(loop, id) });
    client.socket.write(name);
    assert.is(await client.ended, `echo ${name}`);
    client.socket.end();
    await client.closed;
  }
  await until(() => reasons.length === 3);
  assert.equal(reasons, ["local", "local", "local"]);
  await loop.stopGracefully();
  await running;
  assert.equal(errors, []);
});

test("the same if the library has put TLS on top of the socket", async () => {
  const { loop, errors } = quietLoop({ maxConnections: 1 });
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.removeAllListeners();
      socket.write("begin", () => {
        const secure = new TLSSocket(socket, { isServer: true, cert, key });
        secure.on("error", () => {});
        secure.once("data", (chunk) => secure.end(`echo ${chunk}`));
      });
    });
  });
  const id = loop.serve(server, {});
  const running = loop.start();
  for (const name of ["first", "second", "third"]) {
    const client = peer({ port: portOf(loop, id) });
    const begun = deferred();
    client.socket.once("data", () => begun.resolve());
    client.socket.write("begin TLS");
    await begun.promise;
    client.socket.removeAllListeners("data");
    const secure = connectTls({ socket: client.socket, ca: authority.ca.cert, servername: "localhost" });
    const answer = deferred<string>();
    secure.on("error", answer.reject);
    secure.once("data", (chunk) => answer.resolve(`${chunk}`));
    secure.write(name);
    assert.is(await answer.promise, `echo ${name}`);
    secure.end();
  }
  await loop.stopGracefully();
  await running;
  assert.equal(errors, []);
});
