// Clients whose PROXY header is not whole: how long and how many of them are waited for, and what becomes of them at a stop.

import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, turns, until } from "../support/harness.ts";
import { ADDRESSES, type Behind, CLIENT, PORT, allRead, behind, binary, text } from "./proxied.ts";

const test = harness("proxy-waiting");

/** How many clients wait to be admitted. */
function waitingIn({ loop }: Behind): number {
  return (JSON.parse(JSON.stringify(loop)) as { waiting: number }).waiting;
}

test("a header must be whole within ten seconds, however it comes", async () => {
  const clock = new VirtualClock();
  const server = behind({}, { clock });
  const clients = [
    server.come(),
    server.come("PROXY TCP4 "),
    server.come(binary(0x21, 0x11, ADDRESSES).subarray(0, 20)),
  ];
  for (const { connected } of clients) await connected;
  await turns(30);
  await clock.advance(5);
  clients[1]!.socket.write("192");
  await turns(30);
  await clock.advance(4.9);
  await turns(10);
  assert.equal(server.reasons(), []);
  await clock.advance(0.2);
  for (const { closed } of clients) assert.is(await closed, "ECONNRESET");
  assert.equal(server.reasons(), ["proxy", "proxy", "proxy"]);
  const late = server.come(text(), "x");
  await allRead(server, 1);
  await clock.advance(100);
  assert.is(late.socket.destroyed, false);
  await server.end();
});

test("of a thousand half headers as many are kept as may wait; none holds a slot", async () => {
  const server = behind({ backlog: 20 }, { maxConnections: 1 });
  const waiting = (): number => waitingIn(server);
  const half = Array.from({ length: 1000 }, () => server.come("PROXY "));
  await until(() => server.drops.length === 980, 60);
  assert.equal(new Set(server.reasons()), new Set(["backlog"]));
  await until(() => half.filter(({ socket }) => socket.destroyed).length === 980, 60);
  const kept = half.filter(({ socket }) => !socket.destroyed);
  for (const { socket } of kept) socket.write(Buffer.concat([text().subarray(6), Buffer.from("x")]));
  await until(() => waiting() === 19);
  server.come();
  const refused = server.come(text(), "y"); // 19 wait, and one header is pending
  assert.is(await refused.closed, "ECONNRESET");
  assert.equal(server.drops.length, 981);
  kept.find(({ text }) => text() !== "")!.socket.destroy();
  await until(() => server.streams.length === 2);
  await server.end();
  assert.equal(server.errors, []);
});

test("a client that is dropped later is reported with its own address", async () => {
  const clock = new VirtualClock();
  const server = behind({ waitTimeout: 5, backlog: 1 }, { clock, maxConnections: 0 });
  const first = server.come(text());
  await until(() => waitingIn(server) === 1);
  assert.is(await server.come(text()).closed, "ECONNRESET");
  await clock.advance(5);
  assert.is(await first.closed, "ECONNRESET");
  const told = server.drops.map(({ reason, remoteAddress, remotePort }) => [reason, remoteAddress, remotePort]);
  assert.equal(told[1], ["timeout", CLIENT, PORT]);
  assert.equal(told[0]!.slice(0, 2), ["backlog", "127.0.0.1"]); // it was not asked who it is
  await server.end();
});

test('with overflow: "drop" a client in a full loop is reset once its header is whole', async () => {
  const server = behind({ overflow: "drop" }, { maxConnections: 1 });
  server.come(text(), "x");
  await allRead(server, 1);
  const second = server.come("PROXY ");
  await second.connected;
  await turns(20);
  assert.equal(server.reasons(), []);
  second.socket.write(text().subarray(6));
  assert.is(await second.closed, "ECONNRESET");
  assert.equal([server.drops[0]!.reason, server.drops[0]!.remoteAddress], ["backlog", CLIENT]);
  await server.end();
});

test("what arrives while the loop is stopped is read when it runs", async () => {
  const server = behind();
  server.loop.stop();
  await turns(3);
  const clients = [server.come(text(), "x"), server.come("PROXY TCP5\r\n"), server.come("PROXY ")];
  for (const { connected } of clients) await connected;
  await turns(30);
  assert.equal([server.streams.length, server.drops.length], [0, 0]);
  let running = server.loop.start();
  await allRead(server, 1);
  await until(() => server.drops.length === 1);
  server.loop.stop();
  await running;
  clients[2]!.socket.write(Buffer.concat([text().subarray(6), Buffer.from("y")]));
  await turns(30);
  assert.is(server.streams.length, 1);
  running = server.loop.start();
  await allRead(server, 2);
  await server.end();
  await running;
  assert.equal(server.texts, ["x", "y"]);
});

test("a graceful stop serves a client whose header comes within a second, and drops the others", async () => {
  const clock = new VirtualClock();
  const server = behind({}, { clock });
  const [soon, late, silent] = [server.come("PROXY "), server.come("PROXY "), server.come()];
  for (const { connected } of [soon, late, silent]) await connected;
  await turns(30);
  let isClosing = false;
  server.loop.on("closing", () => (isClosing = true));
  const stopped = server.loop.stopGracefully();
  await until(() => isClosing);
  soon.socket.write(Buffer.concat([text().subarray(6), Buffer.from("x")]));
  await allRead(server, 1);
  await clock.advance(0.9);
  assert.equal(server.reasons(), []);
  await clock.advance(0.1);
  assert.is(await late.closed, "ECONNRESET");
  assert.is(await silent.closed, "ECONNRESET");
  assert.equal(server.reasons(), ["proxy", "proxy"]);
  soon.socket.end();
  await stopped;
  await server.end();
  assert.equal([server.texts, server.errors], [["x"], []]);
});

test("they are reset by a stop that resets those that wait, and when the server is removed", async () => {
  const stopping = behind();
  const first = stopping.come("PROXY ");
  await first.connected;
  await turns(30);
  await stopping.loop.stopGracefully({ waiting: "reset" });
  assert.is(await first.closed, "ECONNRESET");
  assert.equal(stopping.reasons(), ["stopping"]);
  await stopping.end();

  const cut = behind();
  const second = cut.come("PROXY ");
  await second.connected;
  await turns(30);
  await cut.loop.stopGracefully({ timeout: 0.001 });
  assert.is(await second.closed, "ECONNRESET");
  await cut.end();

  const removed = behind();
  const third = removed.come("PROXY ");
  await third.connected;
  await turns(30);
  removed.loop.remove(removed.id);
  assert.is(await third.closed, "ECONNRESET");
  assert.equal(removed.reasons(), ["closed"]);
  await removed.end();
});
