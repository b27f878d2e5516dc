// The graceful stop and the clients that wait: who is served, who is reset, and with which reason.

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
  /** The one who is inside, and clients that wait. */
  readonly inside: Peer;
  readonly waiting: readonly Peer[];
}

// One slot, a client in it, and others in the queue. Each is answered what it asks, and closed.
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

test("reset: they are reset at once, each with a drop; who is inside is waited for", async () => {
  const { loop, running, drops, inside, waiting } = await crowd(3);
  const stopped = loop.stopGracefully({ waiting: "reset" });
  assert.equal(drops, ["stopping", "stopping", "stopping"]);
  for (const client of waiting) assert.is(await client.closed, "ECONNRESET");
  assert.is(loop.isRunning, true);
  inside.socket.write("the first");
  assert.is(await inside.ended, "for the first");
  await Promise.all([running, stopped]);
});

test("reset, given by a second call, wins", async () => {
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

test("timeout: then they are reset too, with a drop, and so is what waits behind a stopped server", async () => {
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

// The loop's only server, by its id: the first one of a loop.
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

test("a stopped server keeps its clients waiting, and start admits them, also when accepting has ended", async () => {
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

test("a server that is removed resets clients that wait for it: a drop says closed", async () => {
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

test("a UNIX domain socket: nobody can connect any more, and who waits is served", () =>
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

test("maxAccepts: accepting ends when enough have arrived, also in the queue; nobody is left behind", async () => {
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

test("maxAccepts: one that is dropped before enough have arrived gives its number back", async () => {
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
    if (log.includes("finish")) break; // the cut left one only
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
