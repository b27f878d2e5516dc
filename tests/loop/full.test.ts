// The events `full` and `free`: a client has to wait for a slot, and no client waits any more.

import * as assert from "uvu/assert";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("full");

test("full is emitted once when a client has to wait for a slot, free once when no client waits any more", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const log: string[] = [];
  loop.on("full", () => log.push("full"));
  loop.on("free", () => log.push("free"));
  let admitted = 0;
  const id = loop.server({}, (_loop, stream) => {
    admitted++;
    stream.timeout = 0;
  });
  const running = loop.start();
  const clients = [];
  for (let i = 0; i < 3; i++) {
    const client = peer({ port: portOf(loop, id) });
    clients.push(client);
    await client.connected;
    if (i === 0) await until(() => admitted === 1);
    await turns(10);
    if (i === 0) assert.equal(log, []);
  }
  await until(() => log.length > 0);
  assert.equal(log, ["full"]);
  for (const [i, client] of clients.entries()) {
    client.socket.destroy();
    await until(() => admitted === Math.min(i + 2, 3));
    await turns(10);
    assert.equal(log, i === 0 ? ["full"] : ["full", "free"]);
  }
  loop.maxConnections = 0;
  const late = peer({ port: portOf(loop, id) });
  await until(() => log.length === 3);
  loop.acceptor(id)!.stop();
  await until(() => log.length === 4);
  assert.equal(log, ["full", "free", "full", "free"]);
  loop.reset();
  await Promise.all([running, late.closed]);
});

test("subscribers that stop a server and start it again do not block the loop", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  let admitted = 0;
  const id = loop.server({}, () => admitted++);
  loop.on("full", () => loop.acceptor(id)!.stop());
  loop.on("free", () => loop.acceptor(id)!.start());
  const running = loop.start();
  const clients = Array.from({ length: 3 }, () => peer({ port: portOf(loop, id) }));
  await until(() => admitted === 1);
  await Promise.all(clients.map(({ connected }) => connected));
  await new Promise((resolve) => loop.timer(0.01, () => resolve(undefined)));
  for (const [i, { socket }] of clients.entries()) {
    socket.destroy();
    await until(() => admitted >= Math.min(i + 2, 3));
  }
  loop.reset();
  await running;
});

test("a burst of clients that only waits for the next tick does not emit full", async () => {
  const { loop } = quietLoop({ multiAccept: 1 });
  let admitted = 0;
  loop.on("full", () => assert.unreachable());
  const id = loop.server({}, () => admitted++);
  const clients = Array.from({ length: 10 }, () => peer({ port: portOf(loop, id) }));
  await Promise.all(clients.map(({ connected }) => connected));
  const running = loop.start();
  await until(() => admitted === 10);
  loop.reset();
  await running;
  await Promise.all(clients.map(({ closed }) => closed));
});

test("free is emitted before the end of a graceful stop", async () => {
  const { loop } = quietLoop({ maxConnections: 1 });
  const log: string[] = [];
  for (const name of ["full", "free", "finish", "closing"] as const) loop.on(name, () => log.push(name));
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const [first, second] = [peer({ port }), peer({ port })];
  await Promise.all([first.connected, second.connected]);
  await until(() => log.includes("full"));
  const stopped = loop.stopGracefully();
  for (const client of [first, second]) client.socket.write("bye");
  await Promise.all([first.ended, second.ended]);
  await Promise.all([running, stopped]);
  assert.equal(log, ["full", "finish", "closing", "free"]);
});
