// A stolen handle is a socket like any other. Numbers name statements about the originals.

import { type IncomingMessage, createServer, get } from "node:http";
import { type Socket } from "node:net";
import * as assert from "uvu/assert";
import { Reactor, Stream } from "wasm-ioloop";
import { deferred, harness, pair, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("steal");

test("165 a stolen handle as a plain socket: both directions, half-close, its own timeout", async () => {
  const { loop, stream, far, log, running } = await openStream();
  far.socket.write("to the loop");
  await until(() => log.length === 1);
  const socket = stream.stealHandle() as Socket;
  assert.is(socket.isPaused(), true);
  await running;
  assert.is(loop.isRunning, false, "the loop has nothing left to wait for");
  const heard: string[] = [];
  const ended = deferred();
  const idle = deferred();
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => heard.push(text));
  socket.on("end", () => ended.resolve());
  socket.resume();
  socket.setTimeout(20, () => idle.resolve());
  await idle.promise;
  socket.setTimeout(0);
  socket.write("from the socket");
  await until(() => far.text() === "from the socket");
  far.socket.end("to the socket");
  await ended.promise;
  assert.equal(heard, ["to the socket"]);
  if (!socket.writableEnded) socket.end(" and its last word");
  await far.closed;
  assert.equal(log, ["read to the loop"]);
});

test("a stolen handle that the loop has accepted or opened closes when its peer ends, like any other", async () => {
  const { loop } = quietLoop();
  const stolen: Socket[] = [];
  const steal = (stream: Stream): void => {
    const socket = stream.stealHandle() as Socket;
    stolen.push(socket);
    socket.on("data", () => {});
    socket.on("error", () => {});
  };
  const id = loop.server({}, (_loop, stream) => steal(stream));
  const running = loop.start();
  const far = peer({ port: portOf(loop, id) });
  await until(() => stolen.length === 1);
  const { port, close } = await plainServer((socket) => socket.end("bye"));
  loop.client({ port }, (_loop, _error, stream) => steal(stream!));
  await until(() => stolen.length === 2);
  for (const socket of stolen) {
    assert.is(socket.allowHalfOpen, false);
    socket.resume();
  }
  far.socket.end("bye");
  await until(() => stolen.every((socket) => socket.destroyed));
  loop.reset();
  await running;
  await close();
});

test("the half-open state of a user's socket is restored", async () => {
  for (const allowHalfOpen of [true, false]) {
    const { loop } = quietLoop();
    const { near, far } = await pair();
    near.allowHalfOpen = allowHalfOpen;
    const stream = new Stream(near, { reactor: loop.reactor });
    loop.stream(stream);
    const running = loop.start();
    await turns(2);
    assert.is((stream.stealHandle() as Socket).allowHalfOpen, allowHalfOpen);
    near.destroy();
    far.socket.destroy();
    await running;
  }
});

test("165 a stolen handle in a new stream, of another loop", async () => {
  const { stream, far, running } = await openStream();
  const handle = stream.stealHandle()!;
  far.socket.write("hello");
  await running;
  const { loop } = quietLoop();
  const next = new Stream(handle, { reactor: loop.reactor });
  next.on("read", (stream, chunk) => stream.write(`echo ${String(chunk)}`).closeGracefully());
  loop.stream(next);
  await loop.start();
  assert.is(await far.ended, "echo hello");
});

test("165 data written before stealHandle is sent before that of the new owner", async () => {
  const reactor = new Reactor();
  const { near, far } = await pair();
  const stream = new Stream(near, { reactor });
  stream.start();
  const running = reactor.start();
  reactor.nextTick(() => {
    stream.write("x".repeat(400_000));
    stream.write("y");
    stream.stealHandle()!.end("z");
  });
  const text = await far.ended;
  assert.is(text.length, 400_002);
  assert.is(text.slice(-3), "xyz");
  near.destroy();
  await running;
});

test("165 a stolen handle serves HTTP, by the connection event of http.Server", async () => {
  const { loop, errors } = quietLoop();
  const requests: string[] = [];
  const http = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    let body = "";
    request.on("data", (chunk: Buffer) => (body += String(chunk)));
    request.on("end", () => response.end(`hello ${body}`));
  });
  // The loop admits clients, the runtime handles the protocol.
  const id = loop.server({}, (_loop, stream) => {
    const handle = stream.stealHandle()!;
    http.emit("connection", handle);
    handle.resume(); // it is paused: Node's server makes it flow, Bun's does not
  });
  const port = portOf(loop, id);
  const running = loop.start();

  const answer = deferred<IncomingMessage>();
  get({ host: "127.0.0.1", port, path: "/page", agent: false }, answer.resolve);
  const response = await answer.promise;
  let page = "";
  for await (const chunk of response) page += String(chunk);
  assert.is(response.statusCode, 200);
  assert.is(page, "hello ");

  // Two requests on one connection, with a body that arrives in parts.
  const client = peer({ port });
  client.socket.write("POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  await turns(10);
  client.socket.write("cde");
  await until(() => client.text().endsWith("hello abcde"));
  client.socket.write("GET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const text = await client.ended;
  assert.is(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  client.socket.destroy();
  loop.remove(id);
  await running;
  assert.equal(requests, ["GET /page", "POST /one", "GET /two"]);
  assert.equal(errors, []);
});

test("166 the id, the timer and the slot are free at once, whatever the new owner does", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const stolen: Socket[] = [];
  const id = loop.server({}, (_loop, stream, cid) => {
    stolen.push(stream.stealHandle() as Socket);
    assert.is(loop.stream(cid), undefined);
    assert.is(loop.remove(cid), false);
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [peer({ port }), peer({ port }), peer({ port })];
  await until(() => stolen.length === 3);
  loop.remove(id);
  await running;
  for (const socket of stolen) socket.end("bye");
  for (const client of clients) assert.is(await client.ended, "bye");
  for (const socket of stolen) socket.destroy();
  await Promise.all(clients.map((client) => client.closed));
});
