// Other code that uses a server's handle.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer } from "node:net";
import * as assert from "uvu/assert";
import { Server } from "wasm-ioloop";
import { harness, inFolder, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("server-handle");

test("closing the handle ends the acceptor, and the loop does not wait for it", async () => {
  for (const runs of [true, false]) {
    const { loop, errors } = quietLoop();
    const id = loop.server({}, () => assert.unreachable());
    const server = loop.acceptor(id)!;
    await server.ready;
    const running = runs ? loop.start() : undefined;
    await turns(2);
    server.handle!.close();
    await (running ?? loop.start());
    assert.is(loop.acceptor(id), undefined);
    assert.is(server.handle, undefined);
    assert.is(server.isAccepting, false);
    assert.is(server.port, undefined);
    assert.is(loop.remove(id), false);
    assert.equal(errors, []);
    server.listen(); // it can be used again
    assert.ok(server.port);
    server.close();
  }
});

test("admitted clients stay, and waiting ones are reset", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const log: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    log.push("admitted");
    stream.on("read", (stream, chunk) => stream.write(chunk));
    stream.on("close", () => void log.push("closed"));
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const [first, second] = [peer({ port }), peer({ port })];
  await until(() => log.length === 1);
  await second.connected;
  await turns(5);
  loop.acceptor(id)!.handle!.close();
  first.socket.write("hello");
  await until(() => first.text() === "hello");
  first.socket.end();
  await first.closed;
  await running;
  await second.closed;
  assert.is(log.at(-1), "closed");
});

test("the runtime's tracing channel has a start for every end", async () => {
  const seen: string[] = [];
  const notes = ["asyncStart", "asyncEnd", "error"].map((name) => {
    const note = (message: unknown): void => {
      const { server, options } = message as { server: unknown; options?: { port?: number } };
      assert.ok(server);
      seen.push(options === undefined ? name : `${name} ${options.port}`);
    };
    subscribe(`tracing:net.server.listen:${name}`, note);
    return () => unsubscribe(`tracing:net.server.listen:${name}`, note);
  });
  const plain = createServer();
  await new Promise<void>((resolve) => void plain.listen({ port: 0, host: "127.0.0.1" }, resolve));
  await new Promise((resolve) => plain.close(resolve));
  const ofPlain = seen.splice(0);
  const { loop } = quietLoop();
  const server = new Server({ reactor: loop.reactor });
  server.listen();
  await server.ready;
  assert.equal(seen.splice(0), ofPlain); // some runtimes do not have this channel
  const second = new Server({ reactor: loop.reactor });
  second.listen({ port: server.port });
  await second.ready.catch(() => {});
  assert.equal(seen.splice(0), ofPlain.length > 0 ? [`asyncStart ${server.port}`, "error"] : []);
  server.close();
  await inFolder(async (folder) => {
    server.listen({ path: `${folder}/socket` });
    await server.ready;
    assert.is(seen.length, ofPlain.length);
    server.close();
    await turns(2);
  });
  for (const end of notes) end();
  second.unsubscribeAll();
  second.on("error", () => {});
  await loop.start();
});
