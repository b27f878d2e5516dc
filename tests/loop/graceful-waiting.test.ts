// The graceful stop and waiting clients: which ones are served, which are reset, and for which reason.

import * as assert from "uvu/assert";
import { type DropInfo, type IOLoop, Server } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, inFolder, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("graceful-waiting");

interface Crowd {
  readonly loop: IOLoop;
  readonly port: number;
  readonly running: Promise<void>;
  readonly drops: DropInfo["reason"][];
  /** The admitted client, and those that wait. */
  readonly inside: Peer;
  readonly waiting: readonly Peer[];
}

// One slot with a client, and others in the queue. Each gets an answer to its question, and is closed.
async function crowd(count: number, clock?: VirtualClock): Promise<Crowd> {
  const { loop } = quietLoop({ maxConnections: 1, ...(clock && { clock }) });
  const drops: DropInfo["reason"][] = [];
  loop.on("drop", (_loop, { reason }) => void drops.push(reason));
  let arrived = 0;
  const id = loop.server({ waitTimeout: 0 }, (_loop, stream) => {
    arrived++;
    stream.timeout = 0;
    stream.on("read", (stream, chunk) => stream.write(`for ${String(chunk)}`).closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const inside = peer({ port });
  await until(() => arrived === 1);
  const waiting: Peer[] = [];
  for (let i = 0; i < count; i++) {
    const client = peer({ port });
    await client.connected;
    client.socket.write(`client ${i}`);
    waiting.push(client);
  }
  await turns(20);
  return { loop, port, running, drops, inside, waiting };
}

test("serve: clients that wait when accepting ends are admitted as slots become free", async () => {
  const { loop, running, drops, inside, waiting } = await crowd(5);
  const stopped = loop.stopGracefully();
  await turns(20);
  assert.is(loop.isRunning, true);
  inside.socket.write("the first");
  assert.is(await inside.ended, "for the first");
  const texts = await Promise.all(waiting.map(({ ended }) => ended));
  assert.equal(
    texts,
    waiting.map((_client, i) => `for client ${i}`),
  );
  await Promise.all([running, stopped]);
  assert.equal(drops, []);
});

test("reset: waiting clients are reset at once, each with a drop; the loop waits for the admitted one", async () => {
  const { loop, running, drops, inside, waiting } = await crowd(3);
  const stopped = loop.stopGracefully({ waiting: "reset" });
  assert.equal(drops, ["stopping", "stopping", "stopping"]);
  for (const client of waiting) assert.is(await client.closed, "ECONNRESET");
  assert.is(loop.isRunning, true);
  inside.socket.write("the first");
  assert.is(await inside.ended, "for the first");
  await Promise.all([running, stopped]);
});

test("reset in a second call overrides serve", async () => {
  const { loop, running, drops, inside, waiting } = await crowd(2);
  const first = loop.stopGracefully();
  await turns(5);
  assert.equal(drops, []);
  const second = loop.stopGracefully({ waiting: "reset" });
  await until(() => drops.length === 2);
  for (const client of waiting) await client.closed;
  inside.socket.end();
  await Promise.all([running, first, second]);
});

test("timeout: after that, waiting clients are reset, with a drop, including those of a stopped server", async () => {
  for (const isStopped of [false, true]) {
    const clock = new VirtualClock();
    const { loop, running, drops, inside, waiting } = await crowd(3, clock);
    if (isStopped) for (const server of servers(loop)) server.stop();
    const stopped = loop.stopGracefully({ timeout: 5 });
    await clock.advance(4.9);
    assert.is(loop.isRunning, true);
    assert.equal(drops, []);
    await clock.advance(0.1);
    await Promise.all([running, stopped]);
    assert.equal(drops, ["stopping", "stopping", "stopping"]);
    await Promise.all([inside, ...waiting].map(({ closed }) => closed));
  }
});

// The id of the loop's only server, which is always the same.
function servers(loop: IOLoop): Server[] {
  const other = loop.server({}, () => {});
  const found: Server[] = [];
  for (let id = Number(other) - 1; found.length === 0; id--) {
    const server = loop.acceptor(id as typeof other);
    if (server) found.push(server);
  }
  loop.remove(other);
  return found;
}

test("a stopped server keeps its clients waiting, and start admits them, even after accepting has ended", async () => {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => stream.write("served").closeGracefully());
  const server = loop.acceptor(id)!;
  server.stop();
  const running = loop.start({ forever: true });
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await turns(20);
  const stopped = loop.stopGracefully();
  await turns(20);
  assert.is(loop.isRunning, true);
  assert.is(client.text(), "");
  server.start();
  assert.is(await client.ended, "served");
  await Promise.all([running, stopped]);
});

test("removing a server resets its waiting clients: a drop with the reason closed", async () => {
  const { loop, drops, inside, waiting, running } = await crowd(2);
  for (const server of servers(loop)) server.close();
  assert.equal(drops, ["closed", "closed"]);
  for (const client of waiting) await client.closed;
  inside.socket.end();
  await running;
});

test("server and listen throw after closing; after finish they are allowed", async () => {
  const { loop, running, inside } = await crowd(0);
  const codes: unknown[] = [];
  const attempt = (): void => {
    try {
      loop.server({}, () => {});
      codes.push("allowed");
    } catch (error) {
      codes.push((error as { code: string }).code);
    }
  };
  loop.on("finish", attempt);
  loop.on("closing", attempt);
  const stopped = loop.stopGracefully();
  attempt();
  assert.equal(codes, ["allowed", "ERR_IOLOOP_STOPPING", "ERR_IOLOOP_STOPPING"]);
  assert.throws(() => new Server({ reactor: loop.reactor }).listen(), /^listen: the loop is stopping gracefully/);
  inside.socket.end();
  await Promise.all([running, stopped]);
  attempt();
  assert.is(codes.at(-1), "allowed");
  loop.reset();
});

test("a UNIX domain socket: no client can connect any more, and waiting ones are served", () =>
  inFolder(async (folder) => {
    const path = `${folder}/socket`;
    const { loop } = quietLoop({ maxConnections: 1 });
    let admitted = 0;
    const id = loop.server({ path }, (_loop, stream) => {
      admitted++;
      stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    });
    await loop.acceptor(id)!.ready;
    const running = loop.start();
    const inside = peer({ path });
    await until(() => admitted === 1);
    const waiting = peer({ path });
    await waiting.connected;
    waiting.socket.write("hello");
    await turns(20);
    const stopped = loop.stopGracefully();
    await until(() => loop.acceptor(id) === undefined);
    inside.socket.end();
    assert.is(await waiting.ended, "hello");
    await Promise.all([running, stopped]);
    const late = peer({ path });
    assert.ok(["ENOENT", "ECONNREFUSED"].includes((await late.closed) ?? ""));
  }));

test("maxAccepts: accepting ends when enough clients have arrived, including waiting ones; all of them are served", async () => {
  const { loop } = quietLoop({ maxAccepts: 3, maxConnections: 1, reactor: undefined });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  loop.on("closing", () => log.push("closing"));
  loop.on("drop", (_loop, { reason }) => log.push(reason));
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients: Peer[] = [];
  for (; !log.includes("closing"); await turns(5)) {
    const client = peer({ port });
    clients.push(client);
    await client.connected;
  }
  assert.ok(clients.length <= 3, `${clients.length} clients`);
  assert.equal(log, ["finish", "closing"]);
  for (const [i, client] of clients.entries()) {
    client.socket.write(`client ${i}`);
    assert.is(await client.ended, `client ${i}`);
  }
  await running;
  assert.equal(log, ["finish", "closing"]);
});

test("maxAccepts: a client that is dropped before enough have arrived does not count", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ maxAccepts: 2, maxConnections: 0, clock });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  loop.on("drop", (_loop, { reason }) => log.push(reason));
  const id = loop.server({ waitTimeout: 1, backlog: 1 }, (_loop, stream) => stream.close());
  const port = portOf(loop, id);
  const running = loop.start();
  for (let i = 0; i < 6; i++) {
    const client = peer({ port });
    await client.connected;
    await turns(10);
    if (log.includes("finish")) break; // the cut has left only one
    await clock.advance(1.1);
    await client.closed;
  }
  if (!log.includes("finish"))
    assert.equal(
      log,
      Array.from({ length: 6 }, () => "timeout"),
    );
  loop.reset();
  await running;
});
