// The options of the graceful stop: delay, timeout and signal.

import * as assert from "uvu/assert";
import type { IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, peer, plainServer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("graceful-options");

// A running loop with an admitted client, which sends nothing and stays open.
async function withClient(): Promise<{ loop: IOLoop; running: Promise<void>; client: Peer }> {
  const { loop } = quietLoop();
  const id = loop.server({}, (_loop, stream) => (stream.timeout = 0));
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  await client.connected;
  await turns(20);
  return { loop, running, client };
}

test("delay: accepting continues for that long", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  loop.on("finish", () => log.push("finish"));
  const id = loop.server({}, (_loop, stream) => {
    log.push("accept");
    stream.write("served").closeGracefully();
  });
  const running = loop.start();
  const stopped = loop.stopGracefully({ delay: 5 });
  assert.equal(log, ["finish"]);
  await clock.advance(4.9);
  assert.is(await peer({ port: portOf(loop, id) }).ended, "served");
  await turns(5);
  assert.is(loop.isRunning, true);
  await clock.advance(0.1);
  await Promise.all([running, stopped]);
  assert.equal(log, ["finish", "accept"]);
  loop.reset();
});

test("timeout: after that, remaining connections are closed; a client that is still connecting gets an error", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const log: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.timeout = 0;
    stream.on("close", () => log.push("close"));
  });
  const running = loop.start();
  const clients = [peer({ port: portOf(loop, id) }), peer({ port: portOf(loop, id) })];
  await Promise.all(clients.map((client) => client.connected));
  await turns(20);
  const stopped = loop.stopGracefully({ timeout: 30 });
  await clock.advance(29);
  assert.is(loop.isRunning, true);
  await clock.advance(1);
  await Promise.all([running, stopped]);
  assert.equal(log, ["close", "close"]);
  await Promise.all(clients.map((client) => client.closed));
  loop.reset();
});

test("timeout: a client that always reconnects does not keep the loop running", async () => {
  const { port, sockets, close } = await plainServer();
  for (const retries of [false, true]) {
    const clock = new VirtualClock();
    const { loop } = quietLoop({ clock });
    let opened = 0;
    const open = (): void => {
      loop.client({ port }, (_loop, _error, stream) => {
        if (!stream) return retries ? open() : undefined;
        opened++;
        stream.timeout = 0;
        stream.on("close", open);
      });
    };
    open();
    const running = loop.start();
    await until(() => opened === 1);
    const stopped = loop.stopGracefully({ timeout: 5 });
    await turns(5);
    assert.is(loop.isRunning, true);
    await clock.advance(5);
    await Promise.all([running, stopped]);
    loop.reset();
  }
  for (const socket of sockets) socket.destroy();
  await close();
});

test("signal: aborting it ends the stop at once; a second call with a timeout shortens it, too", async () => {
  for (const hasten of ["signal", "second call", "aborted before"] as const) {
    const { loop, running, client } = await withClient();
    const controller = new AbortController();
    if (hasten === "aborted before") controller.abort();
    const stopped = loop.stopGracefully({ signal: controller.signal });
    if (hasten === "signal") controller.abort();
    if (hasten === "second call") void loop.stopGracefully({ timeout: 0.001 });
    await Promise.all([running, stopped]);
    await client.closed;
    loop.reset();
  }
});

test("signal: an AbortSignal of another implementation is accepted", async () => {
  const { loop, running, client } = await withClient();
  const signal = Object.assign(new EventTarget(), { aborted: false });
  const stopped = loop.stopGracefully({ signal: signal as AbortSignal });
  signal.dispatchEvent(new Event("abort"));
  await Promise.all([running, stopped, client.closed]);
  loop.reset();
});

test("signal: if given before start, it counts until the loop has stopped, and no longer", async () => {
  const { loop, running, client } = await withClient();
  loop.stop();
  await running;
  const controller = new AbortController();
  await loop.stopGracefully({ signal: controller.signal });
  const second = loop.start();
  await turns(5);
  assert.is(loop.isRunning, true);
  controller.abort();
  await second;
  await client.closed;

  loop.reset();

  const other = new AbortController();
  await loop.stopGracefully({ signal: other.signal });
  await loop.start();
  const { port: elsewhere, close } = await plainServer();
  const third = loop.start();
  loop.client({ port: elsewhere }, () => {});
  await turns(20);
  const stopped = loop.stopGracefully();
  other.abort(); // the signal of the previous stop
  await turns(5);
  assert.is(loop.isRunning, true);
  loop.reset();
  await Promise.all([third, stopped, close()]);
});
