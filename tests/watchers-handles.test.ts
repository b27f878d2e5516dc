// What can be watched: sockets, listening servers, pipes, terminals, streams of any kind.

import { execFileSync, spawn } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { type Handle, Reactor } from "wasm-ioloop";
import { Authority } from "./certificates.ts";
import { deferred, harness, isBun, pair, peer, turns, until, watch as watchPeer } from "./harness.ts";
import { listeners, watching } from "./watching.ts";

const test = harness("watchers-handles");

// Sends a question by one handle, reads the answer by the same or another, up to its end; then nothing is left on either.
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
      if (answer.length >= question.length) reactor.remove(input);
    }
  };
  reactor.io(output, (_reactor, writable) => handle(output, writable));
  if (output !== (input as unknown)) reactor.io(input, (_reactor, writable) => handle(input, writable));
  await reactor.start();
  assert.equal(errors, []);
  assert.equal([output, input].map(listeners), before);
  return answer;
}

const echo = (socket: Socket): void => void socket.on("error", () => {}).pipe(socket);

async function listening(server: Server, where: object = { port: 0, host: "127.0.0.1" }): Promise<{ port: number }> {
  await new Promise<void>((resolve) => void server.listen(where, resolve));
  return server.address() as { port: number };
}

test("a TCP socket, watched before it is connected", async () => {
  const server = createServer(echo);
  const socket = connect(await listening(server));
  assert.is(await talk(socket, socket), "hello");
  socket.destroy();
  server.close();
});

test("a socket that was never connected is not writable", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const { Socket } = await import("node:net");
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

test("a connection that is refused wakes the callback, and nothing else", async () => {
  const server = createServer();
  const { port } = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const reactor = new Reactor();
  const socket = connect({ port, host: "127.0.0.1" });
  let code: string | undefined;
  reactor.io(socket, (_reactor, writable) => {
    if (!writable) return;
    code = (socket.errored as NodeJS.ErrnoException | null)?.code;
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

test("a child process that ends: its input has failed or is closed, and so is ready", async () => {
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

test("a Readable, a Writable, a Duplex, a Transform: each for what it can", async () => {
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

test("a stream in object mode, and one that pushes past its own push", async () => {
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

test("files, as any stream", async () => {
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

// What a child process does with its own standard input, watched; told by its exit and its output.
const STDIN = `
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const { stdin } = process;
reactor.io(stdin, () => {
  const chunk = stdin.read();
  if (chunk !== null) console.log("got " + String(chunk).trim());
  if (String(chunk).includes("quit") || stdin.readableEnded) reactor.remove(stdin);
});
reactor.watch(stdin, true, false);
await reactor.start();
console.log("done", stdin.readableFlowing, stdin.listenerCount("readable"));
`;

async function runScript(source: string, tty: boolean, input: string, end: boolean): Promise<string> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const file = join(root, `build/stdin-${process.pid}.mjs`);
  writeFileSync(file, source);
  const env = { ...process.env, NO_COLOR: "1", TERM: "dumb" };
  const child = tty
    ? spawn("script", ["-qec", `${process.execPath} ${file}`, "/dev/null"], { cwd: root, env })
    : spawn(process.execPath, [file], { cwd: root, env });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  child.stdin.on("error", () => {});
  const closed = new Promise((resolve) => child.on("close", resolve));
  child.stdin.write(input);
  if (end) child.stdin.end();
  try {
    await closed; // by itself, although its input is still open where it was not ended
  } finally {
    child.kill();
    child.stdin.destroy();
    rmSync(file);
  }
  return output.replaceAll("\r", "");
}

const hasScript = ((): boolean => {
  try {
    execFileSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test("standard input, a pipe: read, and let go, so that the process ends", async () => {
  assert.is(await runScript(STDIN, false, "quit\n", false), "got quit\ndone null 0\n");
  assert.is(await runScript(STDIN, false, "hello\n", true), "got hello\ndone null 0\n");
});

if (hasScript) {
  test("standard input, a terminal: read, and let go, so that the process ends", async () => {
    const output = await runScript(STDIN, true, "quit\n", false);
    assert.match(output, "got quit\ndone null 0\n");
  });

  test("standard output, a terminal: writable, and its input is left to the program", async () => {
    const source = `
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
let calls = 0;
process.stdin.on("data", (chunk) => {
  console.log("typed " + String(chunk).trim());
  process.stdin.pause();
  reactor.remove(process.stdout);
});
reactor.io(process.stdout, (_reactor, writable) => {
  if (calls++ === 0) console.log(writable ? "writable" : "readable");
});
await reactor.start();
console.log("done");
`;
    const output = await runScript(source, true, "quit\n", false);
    assert.match(output, "writable\n");
    assert.match(output, "typed quit\ndone\n");
  });
}

test("a listening server whose listener takes: the callback is called after it, once for each, one a tick", async () => {
  const { reactor, log, watch } = watching();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    log.push("taken");
    sockets.push(socket);
  });
  const { port } = await listening(server);
  const before = listeners(server);
  watch(server);
  const running = reactor.start();
  const peers = [peer({ port }), peer({ port }), peer({ port })];
  await until(() => log.filter((call) => call === "r").length === 3);
  await turns(10);
  assert.is(log.length, 6);
  assert.is(log[0], "taken");
  reactor.remove(server);
  await running;
  assert.equal(listeners(server), before);
  server.close();
  for (const socket of sockets) socket.destroy();
  for (const { closed } of peers) await closed;
});

test("a listening server without a listener: connections wait, and are taken one by one in the callback", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const before = listeners(server);
  const texts: string[] = [];
  const sockets: Socket[] = [];
  watch(server, "", () => {
    if (log.length < 5) return; // not taken yet, so it is told again
    server.once("connection", (socket) => {
      sockets.push(socket);
      socket.on("data", (chunk) => texts.push(String(chunk)));
    });
  });
  const running = reactor.start();
  const peers = [];
  for (const name of ["a", "b", "c"]) {
    const it = peer({ port });
    await it.connected;
    it.socket.write(name);
    peers.push(it);
  }
  await until(() => sockets.length === 3);
  await until(() => texts.length === 3);
  assert.equal(texts.toSorted(), ["a", "b", "c"]);
  await turns(3);
  const calls = log.length;
  await turns(10);
  assert.is(log.length, calls);
  reactor.remove(server);
  await running;
  assert.equal(listeners(server), before);
  server.close();
  for (const socket of sockets) socket.destroy();
  for (const { closed } of peers) await closed;
});

test("connections nobody has taken are closed with remove; one taken in that callback is not", async () => {
  const { reactor, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  const peers = [peer({ port }), peer({ port })];
  const taken = deferred<Socket>();
  watch(server, "", () => {
    server.getConnections((_error, count) => {
      if (count < 2 || reactor.remove(server) === false) return;
    });
  });
  const running = reactor.start();
  server.on("removeListener", () => {});
  await Promise.all(peers.map(({ connected }) => connected));
  await running;
  for (const { closed } of peers) await closed;
  watch(server, "", () => {
    server.once("connection", taken.resolve);
    reactor.remove(server);
  });
  const last = peer({ port });
  await reactor.start();
  const socket = await taken.promise;
  assert.is(socket.destroyed, false);
  socket.end("welcome");
  assert.is(await last.ended, "welcome");
  server.close();
  last.socket.destroy();
  await last.closed;
});

test("a waiting connection whose peer goes is no longer one", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  watch(server);
  const running = reactor.start();
  const gone = peer({ port });
  await until(() => log.length > 2);
  gone.socket.resetAndDestroy();
  await gone.closed;
  let calls = -1;
  await until(() => calls === (calls = log.length));
  reactor.remove(server);
  await running;
  server.close();
});

test("a TLS server: told when the handshake is done", async () => {
  const { cert, key } = new Authority().sign("localhost");
  const { reactor, log, watch } = watching();
  const server = createTlsServer({ cert, key });
  const { port } = await listening(server);
  const taken = deferred<TLSSocket>();
  watch(server, "", () => void server.once("secureConnection", taken.resolve));
  const running = reactor.start();
  const plain = peer({ port });
  await plain.connected;
  await turns(5);
  assert.equal(log, []);
  const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const far = watchPeer(client);
  (await taken.promise).end("secret");
  assert.is(await far.ended, "secret");
  reactor.remove(server);
  await running;
  plain.socket.destroy();
  client.destroy();
  await Promise.all([plain.closed, far.closed]);
  await new Promise((resolve) => server.close(resolve));
});

test("a server that is closed while watched is ready until removed; an address in use wakes the callback", async () => {
  const { reactor, log, watch } = watching();
  const server = createServer();
  const { port } = await listening(server);
  watch(server);
  const running = reactor.start();
  const other = createServer();
  watch(other, "other", () => reactor.remove(other));
  other.listen(port, "127.0.0.1");
  await until(() => log.length === 1);
  assert.equal(log, ["rother"]);
  server.close();
  await until(() => log.length > 5);
  reactor.remove(server);
  await running;
});

test("a program's own readable listener that comes and goes: the data listener after it still flows", async () => {
  const { reactor, watch } = watching();
  const { near, far } = await pair();
  watch(near);
  reactor.watch(near, true, false);
  const own = (): void => {};
  near.on("readable", own);
  await turns(2);
  near.off("readable", own);
  await turns(2);
  reactor.remove(near);
  const seen: string[] = [];
  near.on("data", (chunk) => seen.push(String(chunk)));
  far.socket.write("abc");
  await until(() => seen.length === 1);
  near.destroy();
  await far.closed;
});

test("a process whose reactor is stopped ends, whatever it watches", async () => {
  const source = `
import { createServer } from "node:net";
import { PassThrough } from "node:stream";
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const server = createServer().listen(0, "127.0.0.1", async () => {
  for (const handle of [server, process.stdin, new PassThrough()]) reactor.io(handle, () => {}).watch(handle, true, false);
  reactor.timer(0.01, () => reactor.stop());
  await reactor.start();
  console.log("stopped");
});
`;
  assert.is(await runScript(source, false, "", false), "stopped\n");
});

test("a process whose reactor runs does not end, although nothing it watches would keep it alive", async () => {
  const source = `
import { PassThrough } from "node:stream";
import { Reactor } from "wasm-ioloop";
const reactor = new Reactor();
const handle = new PassThrough();
reactor.io(handle, () => reactor.remove(handle)).watch(handle, true, false);
setTimeout(() => handle.write("x"), 200).unref();
await reactor.start();
console.log("done");
`;
  assert.is(await runScript(source, false, "", false), "done\n");
  assert.ok(isBun || process.version);
});
