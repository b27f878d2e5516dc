// The socket of a bare connection, created when the program asks for it: at any time, and in any state of the connection.

import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { Socket } from "node:net";
import * as assert from "uvu/assert";
import { accept, isBare } from "./accepted.ts";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("bare socket, asked for");

test("the socket may be asked for at any time: data is received and sent in order", async () => {
  const { stream, far, log, end } = await accept();
  far.socket.write("one");
  await until(() => log.length === 1);
  stream.write("a");
  const handle = stream.handle as Socket;
  stream.write("b");
  far.socket.write("two");
  await until(() => log.length === 2 && far.text() === "ab");
  assert.equal(log, ["read one", "read two"]);
  assert.is(handle.bytesRead, 6);
  assert.is(stream.bytesRead, 6);
  assert.is(stream.bytesWritten, 2);
  far.socket.end("three");
  await until(() => log.includes("close"));
  assert.equal(log, ["read one", "read two", "read three", "close"]);
  await end();
});

test("the socket may be asked for in the callback that reads, and stopped there", async () => {
  const { stream, far, log, end } = await accept();
  stream.on("read", (stream) => {
    assert.is((stream.handle as Socket).destroyed, false);
    stream.stop();
  });
  far.socket.write("one");
  await until(() => log.length === 1);
  far.socket.write("two");
  await until(() => stream.isReadable);
  assert.equal(log, ["read one"]);
  stream.start();
  await until(() => log.length === 2);
  assert.equal(log, ["read one", "read two"]);
  await end();
});

test("if it is stolen in the server's callback, nothing has been read from it: another process could take it", async () => {
  const { loop } = quietLoop();
  let stolen: Socket | undefined;
  const id = loop.server({}, (_loop, stream) => void (stolen = stream.stealHandle() as Socket));
  const running = loop.start();
  const { socket } = peer({ port: portOf(loop, id) });
  socket.write("hello");
  await until(() => stolen !== undefined && socket.bytesWritten === 5);
  await turns(50);
  if (isBare) assert.is(stolen!.bytesRead, 0);
  const [chunk] = (await once(stolen!.resume(), "data")) as [Buffer];
  assert.is(String(chunk), "hello");
  socket.destroy();
  stolen!.destroy();
  loop.remove(id);
  await running;
});

test("the socket may be asked for during a large write: everything arrives, once", async () => {
  const { stream, far, log, end } = await accept();
  const block = "0123456789".repeat(100_000);
  far.socket.pause();
  let drained = 0;
  for (let i = 0; i < 8; i++) stream.write(block);
  stream.write("end", () => drained++);
  await turns(20);
  assert.ok(stream.bytesWaiting > 0);
  assert.instance(stream.handle, Socket);
  far.socket.resume();
  await until(() => drained === 1 && far.text().endsWith("end"));
  assert.is(far.text().length, 8_000_003);
  assert.is(far.text().slice(0, 8_000_000), block.repeat(8));
  assert.equal(log, []);
  await end();
});

test("a stopped loop reads nothing, even if the socket is asked for meanwhile, and continues where it was", async () => {
  for (const asks of [false, true]) {
    const { loop, stream, far, log, end } = await accept();
    loop.stop();
    await turns(2);
    far.socket.write("meanwhile");
    await turns(20);
    if (asks) assert.instance(stream.handle, Socket);
    await turns(20);
    assert.equal(log, []);
    const running = loop.start();
    await until(() => log.length === 1);
    assert.equal(log, ["read meanwhile"]);
    await end();
    await running;
  }
});

test("a stolen handle is a socket, paused, and pending writes are sent", async () => {
  const { stream, far, log, end } = await accept();
  far.socket.write("one");
  await until(() => log.length === 1);
  stream.write("last");
  const socket = stream.stealHandle() as Socket;
  assert.instance(socket, Socket);
  far.socket.write("two");
  await until(() => far.text() === "last");
  const heard: string[] = [];
  socket.on("data", (chunk: Buffer) => void heard.push(chunk.toString()));
  socket.resume();
  await until(() => heard.length === 1);
  assert.equal(heard, ["two"]);
  assert.equal(log, ["read one"]);
  socket.destroy();
  await end();
});

test("a handle stolen after the peer has ended or disconnected reports that to its new owner", async () => {
  const { stream, far, end } = await accept();
  far.socket.pause();
  stream.write("0123456789".repeat(800_000));
  far.socket.end("bye");
  await until(() => stream.bytesRead === 3);
  await turns(20);
  const socket = stream.stealHandle() as Socket;
  socket.resume();
  await until(() => socket.readableEnded);
  far.socket.resume();
  socket.end();
  await far.ended;
  assert.is(far.text().length, 8_000_000);
  await end();
  const gone = await accept();
  gone.loop.stop();
  await turns(2);
  gone.far.socket.resetAndDestroy();
  await turns(20);
  const dead = gone.stream.stealHandle() as Socket;
  dead.on("error", () => {}).resume();
  await until(() => dead.destroyed);
  await gone.end();
});

test("a handle stolen at once serves HTTP", async () => {
  const http = createHttp((request, response) => void response.end(`you asked for ${request.url}`));
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => {
    const socket = stream.stealHandle() as Socket;
    http.emit("connection", socket);
    socket.resume();
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.write("GET /it HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert.match(await client.ended, "you asked for /it");
  client.socket.destroy();
  loop.reset();
  await running;
});

test("the socket may be asked for after its server has stopped listening", async () => {
  const { loop, stream, far, id, log, end } = await accept();
  loop.remove(id);
  await turns(5);
  const handle = stream.handle as Socket;
  assert.instance(handle, Socket);
  assert.is(handle.remotePort, far.socket.localPort);
  far.socket.write("still");
  await until(() => log.length === 1);
  stream.write("here").closeGracefully();
  assert.is(await far.ended, "here");
  assert.equal(log, ["read still", "close"]);
  await end();
});

test("the socket may be asked for after limits and listeners have been set on its server", async () => {
  const { stream, far, acceptor, log, end } = await accept();
  const handle = acceptor.handle!;
  const dropped: unknown[] = [];
  const connected: unknown[] = [];
  handle.maxConnections = 0;
  handle.on("drop", (data) => void dropped.push(data));
  handle.on("connection", (socket) => void connected.push(socket));
  assert.instance(stream.handle, Socket);
  assert.is(handle.maxConnections, 0);
  far.socket.write("one");
  await until(() => log.length === 1);
  assert.equal([dropped, connected], [[], []]);
  await end();
});

test("the socket may be asked for after the peer has ended or disconnected while the loop was stopped", async () => {
  for (const isReset of [false, true]) {
    const { loop, stream, far, log, end } = await accept();
    loop.stop();
    await turns(2);
    if (isReset) far.socket.resetAndDestroy();
    else far.socket.end("bye");
    await turns(20);
    assert.instance(stream.handle, Socket);
    await turns(20);
    assert.equal(log, []);
    const running = loop.start();
    await until(() => log.includes("close"));
    assert.equal(log, isReset ? ["close"] : ["read bye", "close"]);
    await end();
    await running;
  }
});
