// The file of a UNIX domain socket: when it is replaced, and when it is removed.

import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { type Server as NetServer, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { harness, inFolder, peer, quietLoop, until } from "../support/harness.ts";

// Child processes that listen on request run this file, too.
if (process.argv[2] === "listen") {
  let loop: IOLoop | undefined;
  process.on("message", (path: string) => {
    if (path === "") {
      loop?.reset();
      process.send!("closed");
      return;
    }
    loop = new IOLoop();
    const server = loop.acceptor(loop.server({ path }, (_loop, stream) => stream.write("here")))!;
    server.on("error", () => {});
    const say = (what: string | undefined): void => void process.send!(what);
    server.ready.then(
      () => say("listens"),
      (error: NodeJS.ErrnoException) => say(error.code),
    );
    void loop.start();
  });
  process.send!("up");
  await new Promise(() => setInterval(() => {}, 1000));
}

const test = harness("socket-file");

// A socket of another program. It binds, does what its arguments say, and stays for a while.
const OTHER = `use Socket; use Fcntl; $| = 1; my ($path, $type, $listen) = @ARGV;
  socket(my $s, AF_UNIX, $type eq "dgram" ? SOCK_DGRAM : SOCK_STREAM, 0); bind($s, pack_sockaddr_un($path)) or die;
  listen($s, 0) if $listen;
  for (1 .. 3) {
    last unless $listen;
    socket(my $c, AF_UNIX, SOCK_STREAM, 0); fcntl($c, F_SETFL, O_NONBLOCK); connect($c, pack_sockaddr_un($path));
    push @clients, $c;
  }
  print "up\\n"; sleep 30;`;

async function otherProgram(...args: string[]): Promise<ChildProcess> {
  const program = spawn("perl", ["-e", OTHER, "--", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "data");
  return program;
}

/** Leaves a stale socket file behind. */
function leave(path: string): void {
  spawnSync("perl", [
    "-e",
    "use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die",
    path,
  ]);
  assert.ok(lstatSync(path).isSocket());
}

async function listening(path: string): Promise<NetServer> {
  const server = createServer((socket) => socket.end("other")).listen(path);
  await once(server, "listening");
  return server;
}

/** The result of listening at a path: "listens", or the code of the error. */
async function outcome(path: string): Promise<string | undefined> {
  const { loop } = quietLoop();
  const server = loop.acceptor(loop.server({ path }, () => {}))!;
  const said = await server.ready.then(
    () => "listens",
    (error: NodeJS.ErrnoException) => error.code,
  );
  loop.reset();
  return said;
}

for (const [what, args] of [
  ["whose queue is full", ["stream", "1"]],
  ["that is bound and does not listen yet", ["stream"]],
  ["for datagrams", ["dgram"]],
] as const) {
  test(`a live socket ${what} is left alone`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "live");
      const program = await otherProgram(path, ...args);
      const { ino } = lstatSync(path);
      assert.is(await outcome(path), "EADDRINUSE");
      assert.is(lstatSync(path).ino, ino);
      program.kill();
      await once(program, "close");
      // After its process has ended, the file is stale.
      assert.is(await outcome(path), "listens");
      assert.equal(readdirSync(folder), []);
    }));
}

test("a live server does not notice another one that tries to use its path", () =>
  inFolder(async (folder) => {
    const path = join(folder, "live");
    const server = await listening(path);
    let clients = 0;
    server.on("connection", () => clients++);
    for (let i = 0; i < 5; i++) assert.is(await outcome(path), "EADDRINUSE");
    assert.is(await peer({ path }).ended, "other"); // after everything that may have arrived before
    assert.is(clients, 1);
    server.close();
  }));

test("of two processes that start at once on a stale file, one listens and the other gets an error", () =>
  inFolder(async (folder) => {
    const children = [0, 1].map(() => fork(fileURLToPath(import.meta.url), ["listen"]));
    const answer = async (child: ChildProcess): Promise<unknown> => ((await once(child, "message")) as unknown[])[0];
    await Promise.all(children.map(answer));
    for (let round = 0; round < 25; round++) {
      const path = join(folder, `socket${round}`);
      leave(path);
      const answers = children.map(answer);
      for (const child of children) child.send(path);
      assert.equal(new Set(await Promise.all(answers)), new Set(["EADDRINUSE", "listens"]), `round ${round}`);
      const client = peer({ path });
      await until(() => client.text() === "here");
      const closed = children.map(answer);
      for (const child of children) child.send("");
      await Promise.all(closed);
      client.socket.destroy();
    }
    assert.equal(readdirSync(folder), []);
    for (const child of children) {
      child.kill();
      await once(child, "close");
    }
  }));

test("a process that removes a file waits for others that do; the lock of a dead process blocks none", () =>
  inFolder(async (folder) => {
    const path = join(folder, "stale");
    const lock = `${path}.ioloop-lock`;
    leave(path);
    writeFileSync(lock, "");
    const waits = outcome(path);
    await until(() => existsSync(lock));
    const old = Date.now() / 1000 - 60;
    utimesSync(lock, old, old);
    assert.is(await waits, "listens");
    assert.equal(readdirSync(folder), []);
  }));

test("a closed server removes its own file, and not one that has replaced it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "socket");
    const { loop } = quietLoop();
    const own = loop.server({ path }, () => {});
    await loop.acceptor(own)!.ready;
    loop.remove(own);
    assert.is(existsSync(path), false);

    const id = loop.server({ path }, () => {});
    await loop.acceptor(id)!.ready;
    renameSync(path, join(folder, "moved"));
    const server = await listening(path);
    const { ino } = lstatSync(path);
    loop.remove(id);
    assert.is(lstatSync(path).ino, ino);
    assert.is(await peer({ path }).ended, "other");

    const third = loop.server({ path: join(folder, "third") }, () => {});
    await loop.acceptor(third)!.ready;
    renameSync(join(folder, "third"), join(folder, "moved"));
    writeFileSync(join(folder, "third"), "precious");
    loop.remove(third);
    assert.equal(readdirSync(folder).toSorted(), ["moved", "socket", "third"]);
    await loop.start();
    server.close();
  }));

test("a path that is too long for the system, in bytes, is an error at the call, on either side", () =>
  inFolder(async (folder) => {
    const { loop } = quietLoop();
    const path = `${folder}/${"é".repeat(20)}`.padEnd(107 - 20, "x");
    assert.is(Buffer.byteLength(path), 107);
    const wrong = (error: Error & { code?: string }): boolean =>
      error instanceof RangeError &&
      error.code === "ERR_IOLOOP_OUT_OF_RANGE" &&
      /at most 107 bytes/.test(error.message);
    assert.throws(() => loop.server({ path: `${path}x` }, () => {}), wrong);
    assert.throws(() => loop.client({ path: `${path}x` }, () => {}), wrong);
    const id = loop.server({ path }, (_loop, stream) => stream.write("fits").closeGracefully());
    await loop.acceptor(id)!.ready;
    const running = loop.start();
    assert.equal(readdirSync(folder), [path.slice(folder.length + 1)]);
    assert.is(await peer({ path }).ended, "fits");
    loop.remove(id);
    await running;
  }));
