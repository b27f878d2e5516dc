// Connections that make room for waiting clients.

import http from "node:http";
import * as assert from "uvu/assert";
import { IOLoop, type Stream } from "wasm-ioloop";
import { type Peer, harness, isDeno, peer, portOf, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { handClient } from "../loop/serve-http.ts";

const test = harness("displace");

interface Full {
  readonly loop: IOLoop;
  readonly streams: Stream[];
  readonly clients: Peer[];
  readonly errors: [unknown, string][];
  come(): Peer;
  end(): Promise<void>;
}

/** A loop with two slots, both taken by silent clients. */
async function full(displaceIdle: number, accepted: (stream: Stream) => void = () => {}): Promise<Full> {
  const { loop, errors } = quietLoop({ maxConnections: 2, displaceIdle });
  const streams: Stream[] = [];
  const clients: Peer[] = [];
  const id = loop.server({ idleTimeout: 0 }, (_loop, stream) => {
    streams.push(stream);
    stream.on("read", (stream, chunk) => stream.write(chunk));
    accepted(stream);
  });
  const running = loop.start();
  const port = portOf(loop, id);
  const come = (): Peer => {
    const client = peer({ port });
    clients.push(client);
    return client;
  };
  come();
  await until(() => streams.length === 1);
  await sleep(0.01);
  come();
  await until(() => streams.length === 2);
  return {
    loop,
    streams,
    clients,
    errors,
    come,
    end: async () => {
      loop.reset();
      for (const { socket } of clients) socket.destroy();
      await running;
      assert.equal(errors, []);
    },
  };
}

test("the default is never, and bad values are refused", () => {
  const { loop } = quietLoop();
  assert.is(loop.displaceIdle, 0);
  assert.throws(() => (loop.displaceIdle = -1), /displaceIdle must be a finite number of seconds/);
  assert.throws(() => new IOLoop({ displaceIdle: "1" as never }), /new IOLoop: option "displaceIdle"/);
});

test("the connection that was silent longest makes room, once it was silent for long enough", async () => {
  const it = await full(0.2);
  it.clients[0]!.socket.write("here");
  await until(() => it.clients[0]!.text() === "here");
  const third = it.come();
  await until(() => it.streams.length === 3);
  assert.is(it.streams[1]!.closeReason, "displaced");
  assert.is(await it.clients[1]!.ended, "");
  assert.is(it.streams[0]!.closeReason, undefined);
  third.socket.write("too");
  await until(() => third.text() === "too");
  await it.end();
});

test("with maxConnections 0 nobody makes room, as there is no slot", async () => {
  const it = await full(0.01);
  it.loop.maxConnections = 0;
  it.come();
  await sleep(0.1);
  assert.equal(
    it.streams.map(({ isClosed }) => isClosed),
    [false, false],
  );
  it.loop.maxConnections = 2;
  await until(() => it.streams.length === 3);
  assert.is(it.streams.filter(({ isClosed }) => isClosed).length, 1);
  await it.end();
});

test("without a limit, or while nobody waits, nothing happens", async () => {
  const it = await full(0);
  it.come();
  await sleep(0.1);
  assert.is(it.streams.length, 2);
  it.loop.displaceIdle = 0.05;
  await until(() => it.streams.length === 3);
  await it.end();
  const other = await full(0.02);
  await sleep(0.1);
  assert.equal(
    other.streams.map(({ closeReason }) => closeReason),
    [undefined, undefined],
  );
  await other.end();
});

test("not a connection with something to send, one that is busy, or an outgoing one", async () => {
  const it = await full(0.02, (stream) => {
    stream.busy = true;
  });
  it.come();
  await sleep(0.15);
  assert.is(it.streams.length, 2);
  it.streams[1]!.busy = false;
  await until(() => it.streams.length === 3);
  assert.is(it.streams[0]!.closeReason, undefined);
  assert.is(it.streams[1]!.closeReason, "displaced");
  await it.end();
});

test("after a pause of the process, what has arrived meanwhile is read before a connection makes room", async () => {
  for (let i = 0; i < 5; i++) {
    const it = await full(0.05);
    it.come(); // first, so that it is accepted before the rest is read
    await new Promise<void>((resolve) => process.nextTick(resolve));
    it.clients[0]!.socket.write("in time");
    const end = performance.now() + 100;
    while (performance.now() < end);
    await until(() => it.streams.length === 3);
    assert.equal(
      it.streams.map(({ closeReason }) => closeReason),
      [undefined, "displaced", undefined],
    );
    await until(() => it.clients[0]!.text() === "in time");
    await it.end();
  }
});

test("connections that stay do not block a loop whose dispatch has taken longer than the limit", async () => {
  for (const displaceIdle of [0.01, 1e-20]) {
    const it = await full(0, (stream) => {
      stream.busy = true;
    });
    it.come();
    await until(() => JSON.parse(JSON.stringify(it.loop)).waiting === 1);
    it.loop.timer(0, (loop) => {
      const end = performance.now() + 30;
      while (performance.now() < end);
      it.streams[0]!.timeout = 60; // tells the core the time
      loop.displaceIdle = displaceIdle;
    });
    await sleep(0.05);
    assert.equal(
      it.streams.map(({ closeReason }) => closeReason),
      [undefined, undefined],
    );
    it.streams[1]!.busy = false;
    await until(() => it.streams.length === 3);
    assert.is(it.streams[1]!.closeReason, "displaced");
    await it.end();
  }
});

test("many clients take turns on few slots, and each is served", async () => {
  const it = await full(0.01);
  const others = Array.from({ length: 30 }, () => it.come());
  for (const { socket } of others) socket.write("hello");
  await until(() => others.every((client) => client.text() === "hello"));
  await it.end();
});

test("an HTTP server gives way between requests only", async () => {
  if (isDeno) return; // it keeps no connection
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer((request, response) => {
    if (request.url === "/slow") waiting.push(response);
    else response.end("fast");
  });
  const { loop } = quietLoop({ maxConnections: 2, displaceIdle: 0.05 });
  const streams: Stream[] = [];
  const id = loop.serve(server, {}, (_loop, stream) => void streams.push(stream));
  const running = loop.start();
  const port = portOf(loop, id);
  const [slow, idle] = [handClient({ port }), handClient({ port })];
  slow.get("/slow");
  await until(() => waiting.length === 1);
  idle.get("/fast");
  await until(() => idle.answers().length === 1);
  await sleep(0.1);
  const third = handClient({ port });
  third.get("/fast");
  await until(() => third.answers().length === 1);
  await idle.closed;
  waiting[0]!.end("late");
  await until(() => slow.answers().length === 1);
  assert.equal(streams.filter(({ closeReason }) => closeReason === "displaced").length, 1);
  for (const { socket } of [slow, third]) socket.destroy();
  await loop.stopGracefully();
  await running;
});

test("a stream through a Duplex makes room when both of its buffers are empty", async () => {
  const it = await full(0.05, (stream) => {
    stream.unsubscribe("read");
    stream.duplex().resume();
  });
  const closed: string[] = [];
  for (const [i, stream] of it.streams.entries()) stream.duplex().on("close", () => void closed.push(String(i)));
  it.come();
  await until(() => it.streams.length === 3);
  await turns(10);
  await until(() => closed.length === 1);
  assert.is(it.streams[Number(closed[0])]!.closeReason, "displaced");
  await it.end();
});
