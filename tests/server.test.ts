// class Server. Numbers name statements about the originals.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Reactor, Server, Stream } from "wasm-ioloop";
import { deferred, harness, isBun, peer, plainServer, portOf, quietLoop, turns, until } from "./harness.ts";

const test = harness("server");

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ioloop-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("106, 107 the address is 127.0.0.1 and the port a free one, to be read at once", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, () => {});
  const server = loop.acceptor(id)!;
  assert.ok(server.port! > 0);
  await server.ready;
  const address = server.handle!.address() as { address: string; port: number };
  assert.is(address.address, "127.0.0.1");
  assert.is(address.port, server.port);
  loop.reset();
});

test("a server by name, on IPv6 and on both stacks", async () => {
  const { loop } = quietLoop();
  const ids = [{ address: "localhost" }, { address: "::1" }, { address: "::" }].map((where) =>
    loop.server(where, (_loop, stream) => stream.write("hi").closeGracefully()),
  );
  const running = loop.start();
  for (const id of ids) await loop.acceptor(id)!.ready;
  assert.is(await peer({ host: "localhost", port: portOf(loop, ids[0]!) }).ended, "hi");
  assert.is(await peer({ host: "::1", port: portOf(loop, ids[1]!) }).ended, "hi");
  assert.is(await peer({ host: "::1", port: portOf(loop, ids[2]!) }).ended, "hi");
  assert.is(await peer({ host: "127.0.0.1", port: portOf(loop, ids[2]!) }).ended, "hi");
  for (const id of ids) loop.remove(id);
  await running;
});

test("108 an address in use is an error event of the acceptor, which is gone then", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  const id = loop.server({ port }, () => {});
  const server = loop.acceptor(id)!;
  const failed = deferred<Error>();
  server.on("error", (_server, error) => failed.resolve(error));
  await loop.start();
  assert.is(((await failed.promise) as NodeJS.ErrnoException).code, "EADDRINUSE");
  assert.is(loop.acceptor(id), undefined);
  assert.equal(errors, []);
  await server.ready.then(
    () => assert.unreachable(),
    (error: NodeJS.ErrnoException) => assert.is(error.code, "EADDRINUSE"),
  );
  await close();
});

test("108 without a subscriber the reactor's error gets it; nothing is delivered before start", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  loop.server({ port }, () => {});
  await turns(5);
  assert.equal(errors, []);
  await loop.start();
  assert.is((errors[0]![0] as NodeJS.ErrnoException).code, "EADDRINUSE");
  await close();
});

test("an address that is not ours, and one that no look-up knows, are errors too", async () => {
  const { loop, errors } = quietLoop();
  loop.server({ address: "192.0.2.1" }, () => {});
  loop.server({ address: "no-such-host.invalid" }, () => {});
  await loop.start();
  const codes = errors.map(([error]) => (error as NodeJS.ErrnoException).code);
  assert.is(codes.length, 2);
  assert.ok(codes.includes("EADDRNOTAVAIL"), String(codes));
  assert.ok(
    errors.some(([error]) => /no-such-host/.test((error as Error).message)),
    String(errors),
  );
});

test("113 path: a UNIX domain socket; the file goes with the server", () =>
  inFolder(async (folder) => {
    const path = join(folder, "socket");
    const { loop } = quietLoop();
    const id = loop.server({ path }, (_loop, stream) => {
      stream.on("read", (stream, chunk) => stream.write(`echo ${String(chunk)}`).closeGracefully());
    });
    assert.is(loop.acceptor(id)!.port, undefined);
    const running = loop.start();
    await loop.acceptor(id)!.ready;
    const client = peer({ path });
    client.socket.write("x");
    assert.is(await client.ended, "echo x");
    loop.remove(id);
    await running;
    assert.is(existsSync(path), false);
  }));

test("113 path: a stale socket file is replaced, a live one refused, another file left alone", () =>
  inFolder(async (folder) => {
    const path = join(folder, "stale");
    const { loop, errors } = quietLoop();
    // A server that dies without removing its file.
    const source = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", source]);
    assert.is(existsSync(path), true);
    const id = loop.server({ path }, (_loop, stream) => stream.write("fresh").closeGracefully());
    const running = loop.start();
    await loop.acceptor(id)!.ready;
    assert.is(await peer({ path }).ended, "fresh");

    const second = loop.server({ path }, () => {});
    await until(() => errors.length === 1);
    assert.is(loop.acceptor(second), undefined);
    assert.is(await peer({ path }).ended, "fresh");

    const file = join(folder, "file");
    writeFileSync(file, "precious");
    loop.server({ path: file }, () => {});
    await until(() => errors.length === 2);
    assert.ok(existsSync(file));
    assert.equal(
      errors.map(([error]) => (error as NodeJS.ErrnoException).code),
      ["EADDRINUSE", "EADDRINUSE"],
    );
    loop.remove(id);
    await running;
  }));

test("114 stop and start pause and resume accepting; clients wait meanwhile", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => stream.write("served").closeGracefully());
  const server = loop.acceptor(id)!;
  assert.is(server.isAccepting, true);
  server.stop();
  assert.is(server.isAccepting, false);
  const keep = loop.timer(60, () => {});
  const running = loop.start();
  const client = peer({ port: server.port! });
  await client.connected;
  await turns(10);
  assert.is(client.text(), "");
  server.start();
  assert.is(await client.ended, "served");
  loop.remove(id);
  loop.remove(keep);
  await running;
});

test("115, 116, 117, 81, 82 the order: accept, read of what was there before, close; the id is known meanwhile", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({}, (loop, stream, cid) => {
    log.push(`accept ${loop.stream(cid) === stream}`);
    stream.on("read", (_stream, chunk) => log.push(`read ${String(chunk)}`));
    stream.on("close", () => log.push(`close ${loop.stream(cid)}`));
  });
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  client.socket.end("before");
  await turns(5);
  const running = loop.start();
  await client.closed;
  loop.remove(id);
  await running;
  assert.equal(log, ["accept true", "read before", "close undefined"]);
});

test("66 an exception in the server callback: the connection stays, the server goes on", async () => {
  const { loop, errors } = quietLoop();
  let accepted = 0;
  let stream: Stream | undefined;
  const id = loop.server({}, (loop, it, cid) => {
    accepted++;
    it.on("read", () => it.closeGracefully());
    if (accepted > 1) return;
    stream = it;
    assert.is(loop.stream(cid), stream);
    throw new Error("Bye!");
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [peer({ port }), peer({ port })];
  await until(() => accepted === 2);
  assert.ok(stream!.handle);
  for (const client of clients) client.socket.write("x");
  await Promise.all(clients.map((client) => client.ended));
  assert.is(errors.length, 1);
  assert.is(errors[0]![1], "accept");
  loop.remove(id);
  await running;
});

test("75, 76 remove ends listening at once, keeps connections, and resets those who wait", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  let accepted = 0;
  const id = loop.server({}, (_loop, stream) => {
    accepted++;
    stream.on("read", (stream) => stream.write("still here").closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const first = peer({ port });
  await until(() => accepted === 1);
  const waiting = peer({ port });
  await waiting.connected;
  await turns(5);
  assert.is(loop.remove(id), true);
  assert.is(loop.remove(id), false);
  assert.is(loop.acceptor(id), undefined);
  assert.is(await waiting.closed, "ECONNRESET");
  assert.is(await peer({ port }).closed, "ECONNREFUSED");
  first.socket.write("x");
  assert.is(await first.ended, "still here");
  await running;
});

test("112 fd: a server on a descriptor that it inherits, already listening", async () => {
  const child = `import { IOLoop } from "wasm-ioloop";
    IOLoop.server({ fd: 3 }, (loop, stream) => {
      stream.write("by fd").closeGracefully();
      stream.on("close", () => loop.stop());
    });
    await IOLoop.start();`;
  // Node tells the number of its descriptors, so the parent is always that.
  const parent = `const { createServer } = require("net");
    const server = createServer().listen(0, "127.0.0.1", () => {
      const args = ${JSON.stringify(isBun ? ["--eval", child] : ["--input-type=module", "--eval", child])};
      const options = { stdio: ["ignore", "inherit", "inherit", server._handle.fd] };
      const child = require("child_process").spawn(${JSON.stringify(process.execPath)}, args, options);
      console.log(server.address().port);
      server.close();
    });`;
  const program = spawn(process.env["TEST_NODE"] ?? "node", ["-e", parent], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(program.stdout, "data")) as [Buffer];
  assert.is(await peer({ port: Number(line) }).ended, "by fd");
  await once(program, "close");
});

test("a server by hand emits accept with a paused handle; adopted, it is an acceptor of the loop", async () => {
  const { loop } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  const log: string[] = [];
  server.on("accept", (_server, handle) => {
    log.push(`accept ${handle.isPaused()}`);
    const stream = new Stream(handle, { reactor: loop.reactor });
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    loop.stream(stream);
  });
  server.listen({});
  const id = loop.acceptor(server);
  assert.is(loop.acceptor(id), server);
  const running = loop.start();
  const client = peer({ port: server.port! });
  client.socket.write("by hand");
  assert.is(await client.ended, "by hand");
  loop.remove(id);
  assert.is(server.handle, undefined);
  await running;
  assert.equal(log, ["accept true"]);
});

test("a server by hand on a reactor alone: the handle is the subscriber's", async () => {
  const reactor = new Reactor();
  const server = new Server({ reactor, multiAccept: 2 });
  server.listen();
  let accepted = 0;
  server.on("accept", (_server, handle) => {
    accepted++;
    handle.resume().end("plain");
  });
  const running = reactor.start();
  const clients = Array.from({ length: 5 }, () => peer({ port: server.port! }));
  for (const client of clients) assert.is(await client.ended, "plain");
  assert.is(accepted, 5);
  server.close();
  await running;
});

test("119 generatePort gives a port that is free", async () => {
  const port = await Server.generatePort();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
});

test("waitTimeout: who waits too long is reset, and drop says so", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  const reasons: string[] = [];
  loop.on("drop", (_loop, info) => void reasons.push(info.reason));
  const id = loop.server({ waitTimeout: 0.05 }, () => {});
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  assert.is(await client.closed, "ECONNRESET");
  assert.equal(reasons, ["timeout"]);
  loop.remove(id);
  await running;
});
