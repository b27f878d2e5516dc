// The order and the rate of admission of waiting clients.

import * as assert from "uvu/assert";
import { IOLoop, type Id, type Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { type Peer, harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("queue");

interface Line {
  readonly loop: IOLoop;
  readonly clock: VirtualClock;
  readonly id: Id;
  readonly clients: Peer[];
  readonly drops: string[];
  /** The first bytes of each admitted client. */
  readonly admitted: string[];
  readonly running: Promise<void>;
  join(name: string): Promise<void>;
  end(): Promise<void>;
}

// A loop that admits no client until it is told to, with clients that send their names.
function line(options: ConstructorParameters<typeof IOLoop>[0], server = {}): Line {
  const clock = new VirtualClock();
  const { loop, errors } = quietLoop({ maxConnections: 0, multiAccept: 1000, clock, ...options });
  const admitted: string[] = [];
  const drops: string[] = [];
  const clients: Peer[] = [];
  loop.on("drop", (_loop, { reason }) => void drops.push(reason));
  const id = loop.server({ waitTimeout: 0, idleTimeout: 0, ...server }, (_loop, stream: Stream) => {
    stream.on("read", (_stream, chunk) => void admitted.push(String(chunk)));
    if (stream.halfOpen) stream.on("end", (stream) => stream.write("answer").closeGracefully());
  });
  const running = loop.start();
  return {
    loop,
    clock,
    id,
    clients,
    drops,
    admitted,
    running,
    join: async (name) => {
      const before = arrivals(loop) + drops.length;
      const client = peer({ port: portOf(loop, id) });
      clients.push(client);
      client.socket.write(name);
      await until(() => arrivals(loop) + drops.length > before);
    },
    end: async () => {
      loop.stop();
      loop.reset();
      await running;
      for (const { socket } of clients) socket.destroy();
      assert.equal(errors, []);
    },
  };
}

function arrivals(loop: IOLoop): number {
  const { waiting, incoming } = JSON.parse(JSON.stringify(loop)) as Record<string, number>;
  return waiting! + incoming!;
}

async function admit(line: Line, count: number): Promise<string[]> {
  line.loop.maxConnections += count;
  const want = line.admitted.length + count;
  await until(() => line.admitted.length === want);
  return line.admitted.slice(-count);
}

test("defaults", () => {
  const loop = new IOLoop();
  assert.equal([loop.queue, loop.targetWait, loop.acceptRate, loop.acceptBurst], ["fifo", 0.1, 0, 50]);
});

test("invalid values are errors", () => {
  const { loop } = quietLoop();
  assert.throws(() => (loop.queue = "lifo" as never), /queue must be "fifo" or "adaptive", not "lifo"/);
  assert.throws(() => (loop.targetWait = -1), /targetWait must be a finite number of seconds/);
  assert.throws(
    () => (loop.acceptRate = NaN),
    /acceptRate must be a finite number of clients a second, 0 or more, not NaN/,
  );
  assert.throws(() => (loop.acceptBurst = 0), /acceptBurst must be a whole number from 1/);
  assert.throws(() => new IOLoop({ queue: "newest" as never }), /new IOLoop: option "queue"/);
});

test("fifo: in the order of arrival, however long they wait", async () => {
  const clients = line({});
  for (const name of ["a", "b", "c"]) await clients.join(name);
  await clients.clock.advance(10);
  assert.equal(await admit(clients, 1), ["a"]);
  assert.equal(await admit(clients, 1), ["b"]);
  await clients.end();
});

test("adaptive: in the order of arrival while waits are short, newest first while they are long", async () => {
  const clients = line({ queue: "adaptive" });
  for (const name of ["a", "b", "c", "d"]) {
    await clients.join(name);
    await clients.clock.advance(0.02);
  }
  assert.equal(await admit(clients, 1), ["a"]);
  await clients.clock.advance(0.1);
  assert.equal(await admit(clients, 1), ["d"]);
  assert.equal(await admit(clients, 1), ["c"]);
  clients.loop.targetWait = 1;
  await clients.join("e");
  assert.equal(await admit(clients, 1), ["b"]);
  assert.equal(await admit(clients, 1), ["e"]);
  await clients.end();
});

test("adaptive: clients that have ended before the answer have not been patient, also if the server is half-open", async () => {
  const all = line({ queue: "adaptive", targetWait: 0.1 }, { halfOpen: true });
  for (let i = 0; i < 20; i++) {
    await all.join(`gone ${i}`);
    all.clients[i]!.socket.end();
    await all.clock.advance(0.2);
    all.loop.maxConnections = 1000;
    await all.clients[i]!.ended;
    all.loop.maxConnections = 0;
  }
  await all.join("older");
  await all.clock.advance(0.2);
  await all.join("newer");
  all.loop.maxConnections = 1;
  await until(() => all.admitted.length === 21);
  assert.is(all.admitted.at(-1), "newer");
  await all.end();
});

test("adaptive: a full queue resets its oldest, with a drop", async () => {
  const clients = line({ queue: "adaptive" }, { backlog: 2 });
  for (const name of ["a", "b", "c"]) await clients.join(name);
  assert.ok(await clients.clients[0]!.closed);
  assert.equal(clients.drops, ["backlog"]);
  assert.equal(await admit(clients, 1), ["c"]);
  assert.equal(await admit(clients, 1), ["b"]);
  await clients.end();
});

test("a client that arrives at a full queue may be admitted by a subscriber to `drop`", async () => {
  for (const options of [{ queue: "adaptive" }, { fairness: "address" }] as const) {
    const clients = line(options, { backlog: 1 });
    await clients.join("a");
    clients.loop.on("drop", (loop) => (loop.maxConnections = 1));
    await clients.join("b");
    await until(() => clients.admitted.length === 1);
    assert.equal([clients.admitted, clients.drops], [["b"], ["backlog"]]);
    await clients.end();
  }
});

test("adaptive: a client that has waited for 50 times targetWait is reset", async () => {
  const clients = line({ queue: "adaptive", targetWait: 0.1 });
  await clients.join("a");
  await clients.clock.advance(4.9);
  assert.equal(clients.drops, []);
  await clients.clock.advance(0.2);
  await clients.clients[0]!.closed;
  assert.equal(clients.drops, ["timeout"]);
  await clients.end();
});

test("adaptive: with a targetWait of 0, clients may still wait for a moment", async () => {
  const clients = line({ queue: "adaptive", targetWait: 0 });
  await clients.join("a");
  await clients.clock.advance(0.04);
  await clients.join("b");
  for (const name of ["b", "a"]) assert.equal(await admit(clients, 1), [name]);
  assert.equal(clients.drops, []);
  await clients.end();
});

test("the order can be changed while clients wait", async () => {
  const clients = line({});
  for (const name of ["a", "b", "c"]) await clients.join(name);
  await clients.clock.advance(1);
  clients.loop.queue = "adaptive";
  assert.equal(await admit(clients, 1), ["c"]);
  clients.loop.queue = "fifo";
  assert.equal(await admit(clients, 1), ["a"]);
  await clients.end();
});

test("acceptRate: a burst at once, then so many clients per second, and none is refused", async () => {
  const clients = line({ acceptRate: 10, acceptBurst: 2, maxConnections: 100 });
  for (const name of ["a", "b", "c", "d", "e"]) await clients.join(name);
  await until(() => clients.admitted.length === 2);
  await turns(20);
  assert.equal(clients.admitted, ["a", "b"]);
  await clients.clock.advance(0.1);
  await until(() => clients.admitted.length === 3);
  await clients.clock.advance(0.2);
  await until(() => clients.admitted.length === 5);
  assert.equal(clients.drops, []);
  await clients.clock.advance(10);
  for (const name of ["f", "g", "h"]) await clients.join(name);
  await until(() => clients.admitted.length === 7);
  await turns(20);
  assert.is(clients.admitted.length, 7);
  clients.loop.acceptRate = 0;
  await until(() => clients.admitted.length === 8);
  await clients.end();
});

test("acceptRate applies in a graceful stop, too", async () => {
  const clients = line({ acceptRate: 10, acceptBurst: 1, maxConnections: 100 });
  for (const name of ["a", "b", "c"]) await clients.join(name);
  await until(() => clients.admitted.length === 1);
  const stopped = clients.loop.stopGracefully();
  await turns(20);
  assert.equal(clients.admitted, ["a"]);
  await clients.clock.advance(0.3);
  await until(() => clients.admitted.length === 3);
  for (const { socket } of clients.clients) socket.destroy();
  await stopped;
  await clients.end();
});
