// Clients that are dropped: the events, and that nothing is left of them.

import * as assert from "uvu/assert";
import type { DropInfo } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, inFolder, peer, portOf, quietLoop, turns, until, within } from "../support/harness.ts";

const test = harness("drop");

const SOON = 5; // seconds

function connections(server: {
  getConnections(cb: (error: Error | null, count: number) => void): unknown;
}): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

async function come(count: number, where: Parameters<typeof peer>[0]): Promise<Peer[]> {
  const clients = Array.from({ length: count }, () => peer(where));
  await Promise.all(clients.map(({ connected }) => connected.catch(() => {})));
  return clients;
}

test("clients that are dropped while the loop is stopped are reported when it runs, with their addresses", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  const drops: DropInfo[] = [];
  loop.on("drop", (_loop, info) => void drops.push(info));
  const id = loop.server({ overflow: "drop" }, () => assert.unreachable());
  const clients = await come(3, { port: portOf(loop, id) });
  for (const { closed } of clients) assert.is(await within(SOON, closed), "ECONNRESET");
  assert.equal(drops, []);
  const running = loop.start();
  await until(() => drops.length === 3, SOON);
  loop.remove(id);
  await within(SOON, running);
  for (const { reason, remoteAddress } of drops) assert.equal([reason, remoteAddress], ["backlog", "127.0.0.1"]);
  const ports = new Set(drops.map(({ remotePort }) => remotePort));
  assert.is(ports.size, 3);
  assert.is(ports.has(undefined), false);
});

test("of a flood of clients while the loop is stopped, a thousand are reported", async () => {
  const { loop } = quietLoop({ maxConnections: 0 });
  let drops = 0;
  loop.on("drop", () => drops++);
  const id = loop.server({ overflow: "drop" }, () => assert.unreachable());
  for (let i = 0; i < 22; i++) {
    for (const { closed } of await come(50, { port: portOf(loop, id) })) await within(SOON, closed);
  }
  const running = loop.start();
  await until(() => drops > 0, SOON);
  loop.remove(id);
  await within(SOON, running);
  assert.is(drops, 1000);
});

test("a client that has waited too long is reported with its address, and no longer counts", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ maxConnections: 0, clock });
  const drops: DropInfo[] = [];
  loop.on("drop", (_loop, info) => void drops.push(info));
  const id = loop.server({ waitTimeout: 5 }, () => assert.unreachable());
  const { handle } = loop.acceptor(id)!;
  const running = loop.start();
  const [client] = await come(1, { port: portOf(loop, id) });
  await turns(10);
  assert.is(await connections(handle!), 1);
  const { localPort } = client!.socket;
  await clock.advance(5);
  assert.is(await within(SOON, client!.closed), "ECONNRESET");
  assert.equal(
    drops.map(({ reason, remoteAddress, remotePort }) => [reason, remoteAddress, remotePort]),
    [["timeout", "127.0.0.1", localPort]],
  );
  assert.is(await connections(handle!), 0);
  const [other] = await come(1, { port: portOf(loop, id) });
  await turns(10);
  loop.remove(id);
  assert.is(await within(SOON, other!.closed), "ECONNRESET");
  await within(SOON, running);
});

test("a dropped client of a UNIX domain socket is closed; it has no address", () =>
  inFolder(async (folder) => {
    const { loop } = quietLoop({ maxConnections: 0 });
    const drops: DropInfo[] = [];
    loop.on("drop", (_loop, info) => void drops.push(info));
    const path = `${folder}/socket`;
    const id = loop.server({ path, overflow: "drop" }, () => assert.unreachable());
    await loop.acceptor(id)!.ready;
    const running = loop.start();
    for (const { closed } of await come(3, { path })) await within(SOON, closed);
    assert.equal(
      drops.map(({ reason, remoteAddress, remotePort }) => [reason, remoteAddress, remotePort]),
      Array.from({ length: 3 }, () => ["backlog", undefined, undefined]),
    );
    assert.is(await connections(loop.acceptor(id)!.handle!), 0);
    loop.remove(id);
    await within(SOON, running);
  }));
