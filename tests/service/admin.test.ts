// Health checks: the admin server, and the agent check of HAProxy.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { IOLoop } from "wasm-ioloop";
import { admin, agentCheck } from "wasm-ioloop/admin";
import { refusal } from "../base/refusal.ts";
import { type Peer, harness, inFolder, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("admin");

interface Answer {
  readonly code: number;
  readonly head: string;
  readonly body: string;
}

async function request(where: { port: number } | { path: string }, line: string): Promise<Answer> {
  const client = peer(where);
  client.socket.write(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [head = "", body = ""] = (await client.ended).split("\r\n\r\n");
  client.socket.destroy();
  await client.closed;
  return { code: Number(head.split(" ")[1]), head, body };
}

async function agentSays(port: number): Promise<string> {
  const client = peer({ port });
  const said = await client.ended;
  client.socket.destroy();
  await client.closed;
  return said;
}

/** A loop with a server, an admin server and an agent check. */
function watched(options: ConstructorParameters<typeof IOLoop>[0] = {}): {
  loop: IOLoop;
  port: number;
  /** The codes of /healthz and /readyz, and what the agent check says. */
  look(): Promise<[number, number, string]>;
  running: Promise<void>;
  end(): Promise<void>;
} {
  const { loop, errors } = quietLoop(options);
  const health = admin(loop);
  const agent = agentCheck(loop).port!;
  const port = portOf(
    loop,
    loop.server({ idleTimeout: 0 }, () => {}),
  );
  const where = { port: health.port! };
  const running = loop.start();
  return {
    loop,
    port,
    running,
    look: async () => [
      (await request(where, "GET /healthz")).code,
      (await request(where, "GET /readyz")).code,
      await agentSays(agent),
    ],
    end: async () => {
      loop.reset();
      await running;
      assert.equal(errors, []);
    },
  };
}

const READY = [200, 200, "ready up 100%\n"];
const NOT_READY = [200, 503, "drain\n"];

test("ready while clients can be admitted, and also while they have to wait", async () => {
  const { loop, port, look, end } = watched({ maxConnections: 1 });
  assert.equal(await look(), READY);
  const clients: Peer[] = [peer({ port }), peer({ port })];
  await until(() => loop.toJSON()["waiting"] === 1);
  assert.equal(await look(), READY);
  loop.maxConnections = 0;
  assert.equal(await look(), NOT_READY);
  loop.maxConnections = 1;
  assert.equal(await look(), READY);
  for (const { socket } of clients) socket.destroy();
  await end();
});

test("not ready from `finish` on, until the last connection has gone", async () => {
  const { loop, port, look, running, end } = watched();
  const client = peer({ port });
  await until(() => loop.toJSON()["incoming"] === 1);
  const closing = new Promise((resolve) => loop.on("closing", resolve));
  const stopped = loop.stopGracefully({ delay: 0.05 });
  assert.is(loop.isAccepting, false);
  assert.equal(await look(), NOT_READY);
  await closing;
  assert.equal(await look(), NOT_READY);
  client.socket.end();
  await Promise.all([stopped, running, client.closed]);
  await end();
});

test("not ready before a server listens, while all are stopped, and after the last was closed", async () => {
  const { loop } = quietLoop();
  const { port } = admin(loop, {});
  const code = async (): Promise<number> => (await request({ port: port! }, "GET /readyz")).code;
  assert.is(loop.isAccepting, false);
  const running = loop.start();
  assert.is(await code(), 503);
  const id = loop.server(() => {});
  assert.is(await code(), 200);
  const other = loop.server(() => {});
  loop.acceptor(id)!.stop();
  assert.is(await code(), 200);
  loop.acceptor(other)!.stop();
  assert.is(await code(), 503);
  loop.acceptor(id)!.start();
  assert.is(await code(), 200);
  loop.remove(id);
  assert.is(await code(), 503);
  loop.reset();
  assert.is(loop.isAccepting, false);
  await running;
});

test("answers are small, are not cached, and have a body only for GET", async () => {
  const { loop } = quietLoop();
  const where = { port: admin(loop).port! };
  const running = loop.start();
  const ready = await request(where, "GET /readyz?verbose");
  assert.match(ready.head, /^HTTP\/1\.1 503 /);
  assert.match(ready.head, /^Cache-Control: no-store\r$/im);
  assert.match(ready.head, /^Connection: close\r?$/im); // also for a client that would keep it
  assert.match(ready.head, /^Content-Type: application\/json\r$/im);
  const { status, isRunning, isAccepting, acceptors } = JSON.parse(ready.body) as Record<string, unknown>;
  assert.equal([status, isRunning, isAccepting, acceptors], ["not ready", true, false, 1]);
  const head = await request(where, "HEAD /healthz");
  assert.equal([head.code, head.body], [200, ""]);
  assert.match(head.head, /^Content-Length: \d\d+\r$/im);
  const other = await request(where, "GET /healthz/");
  assert.equal([other.code, other.body], [404, '{"status":"not found","known":["/healthz","/readyz"]}\n']);
  const post = await request(where, "DELETE /healthz");
  assert.is(post.code, 405);
  assert.match(post.head, /^Allow: GET, HEAD\r$/im);
  loop.reset();
  await running;
});

test("it takes the options of a server: a path, a signal", () =>
  inFolder(async (folder) => {
    const { loop } = quietLoop();
    const path = join(folder, "admin");
    const aborting = new AbortController();
    const server = admin(loop, { path, mode: 0o600, signal: aborting.signal });
    await server.ready;
    const running = loop.start();
    assert.is((await request({ path }, "GET /healthz")).code, 200);
    aborting.abort();
    await turns(2);
    assert.is(existsSync(path), false);
    loop.reset();
    await running;
  }));

test("wrong arguments: the message names the method that was called", () => {
  const { loop } = quietLoop();
  const prefix = "TypeError ERR_IOLOOP_INVALID_ARG_TYPE:";
  for (const wrong of [undefined, null, 5, {}, loop.reactor]) {
    assert.ok(
      refusal(() => agentCheck(wrong as never)).startsWith(`${prefix} agentCheck: loop must be an IOLoop, not `),
    );
    assert.ok(refusal(() => admin(wrong as never)).startsWith(`${prefix} admin: loop must be an IOLoop, not `));
  }
  for (const [what, start] of [
    ["admin", admin],
    ["agentCheck", agentCheck],
  ] as const) {
    const refused = (options: unknown, why: string): void => {
      const said = refusal(() => start(loop, options as never));
      assert.ok(said.includes(`: ${what}: ${why}`), said);
    };
    refused(5, "options must be an object, not 5");
    refused({ prot: 1 }, 'unknown option "prot"; did you mean "port"?');
    refused({ port: -1 }, 'option "port" must be ');
  }
});
