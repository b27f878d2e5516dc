// Handles that can be watched: sockets, listening servers, pipes, terminals, streams of any kind.

import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from "node:tls";
import * as assert from "uvu/assert";
import { type Handle, Reactor } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { deferred, harness, turns, until } from "../support/harness.ts";
import { listeners, listening, watching } from "./watching.ts";

const test = harness("watchers-handles");

// Sends a question on one handle, and reads the answer on the same or another one, up to its end. No listener must be left on either.
async function talk(output: Handle & Writable, input: Handle & Readable, question = "hello"): Promise<string> {
  const reactor = new Reactor();
  const errors: unknown[] = [];
  reactor.on("error", (_reactor, error) => void errors.push(error));
  const before = [output, input].map(listeners);
  let answer = "";
  let asked = false;
  const handle = (handle: Handle, writable: boolean): void => {
    if (writable && handle === output && !asked) {
      asked = true;
      output.write(question);
      if (output !== (input as unknown)) reactor.remove(output);
      else reactor.watch(input, true, false);
    } else if (writable) {
      reactor.watch(handle, true, false);
    } else if (handle === input) {
      for (let chunk = input.read(); chunk !== null; chunk = input.read()) answer += String(chunk);
    }
    if (asked && answer.length >= question.length) reactor.remove(input);
  };
  reactor.io(output, (_reactor, writable) => handle(output, writable));
  if (output !== (input as unknown)) reactor.io(input, (_reactor, writable) => handle(input, writable));
  await reactor.start();
  assert.equal(errors, []);
  for (const [i, handle] of [output, input].entries()) {
    // The runtime removes its own listeners after connecting.
    for (const [name, count] of Object.entries(listeners(handle))) assert.ok(count <= (before[i]![name] ?? 0), name);
  }
  return answer;
}

// Not by `pipe`, which makes Bun open standard error.
const echo = (socket: Socket): void => {
  socket.on("error", () => {});
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("end", () => socket.end());
};

test("a TCP socket, watched before it is connected", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket)).on("connection", echo);
  const { port } = await listening(server);
  const socket = connect({ port, host: "127.0.0.1" });
  assert.is(await talk(socket, socket), "hello");
  socket.destroy();
  for (const near of accepted) near.destroy();
  server.close();
});

test("a socket that was never connected is not writable", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const socket = new Socket();
  watch(socket, "", (writable) => writable && reactor.remove(socket));
  const running = reactor.start();
  await turns(10);
  assert.equal(log, []);
  socket.connect(port, "127.0.0.1");
  await running;
  assert.equal(log, ["w"]);
  socket.destroy();
  server.close();
});

test("a refused connection makes the callback run, and has no other effect", async () => {
  const server = createServer();
  const { port } = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const reactor = new Reactor();
  const socket = connect({ port, host: "127.0.0.1" });
  let code: string | undefined;
  reactor.io(socket, (_reactor, writable) => {
    if (!writable) return;
    code = (socket.errored as { code?: string } | null)?.code;
    reactor.remove(socket);
  });
  reactor.watch(socket, false, true);
  await reactor.start();
  assert.ok(socket.destroyed);
  assert.is(code, "ECONNREFUSED");
});

test("a UNIX domain socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ioloop-"));
  const server = createServer(echo);
  await listening(server, { path: join(folder, "s") });
  const socket = connect(join(folder, "s"));
  assert.is(await talk(socket, socket), "hello");
  socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

test("a TLS socket, on both sides", async () => {
  const { cert, key } = new Authority().sign("localhost");
  const accepted = deferred<TLSSocket>();
  const server = createTlsServer({ cert, key }, (socket) => accepted.resolve(socket));
  const socket = connectTls({ ...(await listening(server)), host: "127.0.0.1", rejectUnauthorized: false });
  const answered = accepted.promise.then((near) => talk(near, near, "from the server").then((got) => [near, got]));
  const [near, got] = await Promise.all([answered, talk(socket, socket, "from the client")]).then(([it, other]) => [
    it[0] as TLSSocket,
    [it[1], other],
  ]);
  assert.equal(got, ["from the client", "from the server"]);
  (near as TLSSocket).destroy();
  socket.destroy();
  server.close();
});

test("the pipes of a child process", async () => {
  const child = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
  assert.is(await talk(child.stdin, child.stdout), "hello");
  const { reactor, log, watch } = watching();
  watch(child.stdin, "in");
  watch(child.stdout, "out", () => {
    if (child.stdout.read() === null && log.filter((call) => call === "rout").length > 3) reactor.reset();
  });
  reactor.watch(child.stdout, true, false);
  const running = reactor.start();
  await until(() => log.length > 3);
  assert.ok(log.every((call) => call === "win"));
  const ended = new Promise((resolve) => child.on("close", resolve));
  reactor.remove(child.stdin);
  child.stdin.end();
  await running;
  child.stdout.resume();
  await ended;
});

test("a child process that ends: its input has failed or is closed, so it is ready", async () => {
  const child = spawn("true", { stdio: ["pipe", "ignore", "ignore"] });
  const { reactor, log, watch } = watching();
  const ended = new Promise((resolve) => child.on("close", resolve));
  watch(child.stdin, "", (writable) => {
    if (writable && !child.stdin.destroyed) child.stdin.write("x");
    else if (child.stdin.destroyed) reactor.remove(child.stdin);
  });
  await reactor.start();
  assert.ok(log.length > 0);
  await ended;
});

test("a Readable, a Writable, a Duplex, a Transform: each for what it supports", async () => {
  const { reactor, log, watch } = watching();
  const readable = Readable.from(["a", "b"]);
  const writable = new Writable({ write: (_chunk, _encoding, done) => setImmediate(done), highWaterMark: 1 });
  const chunks: unknown[] = [];
  watch(readable, "able", () => {
    chunks.push(readable.read());
    if (readable.readableEnded || readable.destroyed) reactor.remove(readable);
  });
  await reactor.start();
  assert.ok(!log.slice(0, 2).includes("wable"));
  assert.equal(
    chunks.filter((chunk) => chunk !== null),
    ["a", "b"],
  );
  log.length = 0;
  watch(writable, "able", () => {
    if (log.length === 3) reactor.remove(writable);
    writable.write("x");
  });
  await reactor.start();
  assert.equal(log, ["wable", "wable", "wable"]);
  const duplex = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      this.push(chunk);
      done();
    },
  });
  assert.is(await talk(duplex, duplex), "hello");
  const transform = new PassThrough();
  assert.is(await talk(transform, transform), "hello");
});

test("a stream in object mode, and one with its own push", async () => {
  const { reactor, watch } = watching();
  class Late extends Readable {
    override _read(): void {}
    give(thing: object): void {
      super.push(thing);
    }
  }
  const late = new Late({ objectMode: true });
  const things: unknown[] = [];
  watch(late, "", () => {
    things.push(late.read());
    if (things.length === 2) reactor.remove(late);
  });
  const running = reactor.start();
  late.give({ n: 1 });
  await until(() => things.length === 1);
  await turns(5);
  late.give({ n: 2 });
  await running;
  assert.equal(things, [{ n: 1 }, { n: 2 }]);
});

test("files, like any stream", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ioloop-"));
  const path = join(folder, "file");
  writeFileSync(path, "contents");
  const { reactor, watch } = watching();
  const input = createReadStream(path);
  const output = createWriteStream(join(folder, "copy"));
  let text = "";
  watch(input, "", () => {
    text += String(input.read() ?? "");
    if (input.readableEnded || input.destroyed) reactor.remove(input);
  });
  watch(output, "", () => {
    output.end("x");
    reactor.remove(output);
  });
  const closed = new Promise((resolve) => output.on("close", resolve));
  await reactor.start();
  assert.is(text, "contents");
  await closed;
  rmSync(folder, { recursive: true });
});
