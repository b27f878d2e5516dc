// The address on which a server listens, and servers that cannot listen. Numbers name statements about the originals.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Server, type Stream } from "wasm-ioloop";
import {
  deferred,
  evaluate,
  harness,
  inFolder,
  isBun,
  isDeno,
  peer,
  plainServer,
  portOf,
  quietLoop,
  turns,
  until,
} from "../support/harness.ts";

const test = harness("listening");

test("106, 107 the default address is 127.0.0.1, and the default port a free one, which can be read at once", async () => {
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

test("a server on a host name, on IPv6 and on both stacks", async () => {
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

test("108 an address in use is an error event of the acceptor, which is removed", async () => {
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

test("108 without a subscriber it is the reactor's error; nothing is delivered before start", async () => {
  const { port, close } = await plainServer();
  const { loop, errors } = quietLoop();
  loop.server({ port }, () => {});
  await turns(5);
  assert.equal(errors, []);
  await loop.start();
  assert.is((errors[0]![0] as NodeJS.ErrnoException).code, "EADDRINUSE");
  await close();
});

test("an address that is not local, and a name that does not resolve, are errors, too", async () => {
  const { loop, errors } = quietLoop();
  loop.server({ address: "192.0.2.1" }, () => {});
  loop.server({ address: "no-such-host.invalid" }, () => {});
  await loop.start();
  const codes = errors.map(([error]) => (error as NodeJS.ErrnoException).code);
  assert.is(codes.length, 2);
  assert.ok(codes.includes(isDeno ? "EINVAL" : "EADDRNOTAVAIL"), String(codes));
  assert.ok(
    errors.some(([error]) => /no-such-host/.test((error as Error).message)),
    String(errors),
  );
});

test("a path without permission to listen is an error", async () => {
  const { loop, errors } = quietLoop();
  const id = loop.server({ path: "/proc/self/socket" }, () => {});
  await loop.start();
  assert.match(String((errors[0]![0] as NodeJS.ErrnoException).code), /EACCES|ENOENT/); // Bun says the latter
  assert.is(loop.acceptor(id), undefined);
});

test("113 path: a UNIX domain socket; the file is removed with the server", () =>
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

test("154, 160 path: if the peer disconnects while its stream is paused, the rest is read; an answer is lost without an error", () =>
  inFolder(async (folder) => {
    const path = join(folder, "socket");
    const { loop, errors } = quietLoop();
    const log: string[] = [];
    let accepted: Stream | undefined;
    const id = loop.server({ path }, (_loop, stream) => {
      accepted = stream;
      stream.on("read", (stream, chunk) => {
        log.push(`read ${String(chunk)}`);
        stream.write("answer");
      });
      stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
      stream.on("close", () => void log.push("close"));
    });
    const running = loop.start();
    await loop.acceptor(id)!.ready;
    const client = peer({ path });
    client.socket.write("one");
    await until(() => client.text() === "answer");
    accepted!.stop();
    client.socket.write("two");
    await until(() => accepted!.isReadable || isDeno);
    client.socket.destroy();
    await client.closed;
    await turns(20);
    accepted!.start();
    loop.remove(id);
    await running;
    assert.equal(log, ["read one", "read two", "close"]);
    assert.equal(errors, []);
  }));

test("113 path: a stale socket file is replaced; a live one, and any other file, is an error", () =>
  inFolder(async (folder) => {
    const path = join(folder, "stale");
    const { loop, errors } = quietLoop();
    // A server that is killed before it removes its file.
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

for (const runs of [true, false]) {
  test(`a server that cannot listen, is closed, and listens elsewhere, keeps listening there: ${runs ? "at once" : "before start"}`, () =>
    inFolder(async (folder) => {
      const live = createServer().listen(join(folder, "live"));
      await once(live, "listening");
      const { loop, errors } = quietLoop();
      const held = loop.timer(60, () => {});
      let running = runs ? loop.start() : undefined;
      const servers: Server[] = [];
      for (let count = 0; count < 20; count++) {
        const server = new Server({ reactor: loop.reactor });
        servers.push(server);
        server.listen({ path: join(folder, "live") });
        await turns(count); // meanwhile the failure is reported, and the file is checked
        server.close();
        const told = errors.length;
        server.listen({ path: join(folder, `other${count}`) });
        await server.ready;
        await turns(10);
        assert.is(errors.length, told, `closed after ${count} iterations of the event loop`);
      }
      const told = errors.length;
      running ??= loop.start();
      await turns(20);
      assert.equal(
        servers.map((server) => server.isAccepting),
        servers.map(() => true),
      );
      for (const server of servers) server.close();
      loop.remove(held);
      await running;
      live.close();
      assert.is(errors.length, told);
    }));
}

test("112 fd: a server on a descriptor that it inherits, already listening", async () => {
  const child = `import { IOLoop } from "wasm-ioloop";
    IOLoop.server({ fd: 3 }, (loop, stream) => {
      stream.write("by fd").closeGracefully();
      stream.on("close", () => loop.stop());
    });
    await IOLoop.start();`;
  // Only Node exposes the numbers of its descriptors, so the parent is always Node.
  const parent = `const { createServer } = require("net");
    const server = createServer().listen(0, "127.0.0.1", () => {
      const args = ${JSON.stringify(evaluate(child))};
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

test("119 generatePort returns a free port", async () => {
  const port = await Server.generatePort();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
});

test("a server that is closed before it listens never does, and rejects `ready`", async () => {
  const { loop, errors } = quietLoop();
  const id = loop.server({ address: "localhost" }, () => {});
  const server = loop.acceptor(id)!;
  const { ready, handle } = server;
  loop.remove(id);
  const code = await ready.then(
    () => "listens",
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.match(String(code), isBun ? /listens|ERR_IOLOOP_ABORTED/ : /ERR_IOLOOP_ABORTED/); // Bun binds at once
  await turns(20);
  assert.is(handle!.listening, false);
  await loop.start();
  assert.equal(errors, []);
});
