// Exempt servers, and servers with a limit of their own.

import * as assert from "uvu/assert";
import type { DropInfo, IOLoop, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import { type Peer, harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("exempt");

interface Both {
  readonly loop: IOLoop;
  readonly running: Promise<void>;
  readonly usual: Stream[];
  readonly exempt: Stream[];
  readonly drops: DropInfo["reason"][];
  come(server: "usual" | "exempt"): Peer;
  end(): Promise<void>;
}

function both(options: ConstructorParameters<typeof IOLoop>[0], usualOptions = {}, exemptOptions = {}): Both {
  const { loop, errors } = quietLoop(options);
  const [usual, exempt, drops]: [Stream[], Stream[], DropInfo["reason"][]] = [[], [], []];
  loop.on("drop", (_loop, { reason }) => void drops.push(reason));
  const add = (options: object, streams: Stream[]): number => {
    const id = loop.server({ idleTimeout: 0, ...options }, (_loop, stream) => {
      streams.push(stream);
      stream.on("read", (stream, chunk) => stream.write(chunk));
    });
    return portOf(loop, id);
  };
  const ports = { usual: add(usualOptions, usual), exempt: add({ exempt: true, ...exemptOptions }, exempt) };
  const clients: Peer[] = [];
  const running = loop.start();
  return {
    loop,
    running,
    usual,
    exempt,
    drops,
    come: (server) => {
      const client = peer({ port: ports[server] });
      clients.push(client);
      return client;
    },
    end: async () => {
      loop.reset();
      await running;
      for (const { socket } of clients) socket.destroy();
      assert.equal(errors, []);
    },
  };
}

test("its clients are admitted in a full loop, displace nobody, and are not displaced", async () => {
  const { loop, usual, exempt, drops, come, end } = both({ maxConnections: 1, displaceIdle: 0.05 });
  const full: string[] = [];
  loop.on("full", () => void full.push("full"));
  come("usual");
  await until(() => usual.length === 1);
  come("exempt");
  come("exempt");
  await until(() => exempt.length === 2);
  assert.equal([usual[0]!.closeReason, full.length, drops.length], [undefined, 0, 0]);
  come("usual");
  await until(() => usual.length === 2); // in the place of the first, which has been silent for longer
  assert.is(usual[0]!.closeReason, "displaced");
  assert.ok(exempt.every(({ closeReason }) => closeReason === undefined));
  await end();
});

test("they wait for no rate, and count for no limit", async () => {
  const { loop, usual, exempt, come, end } = both({
    maxConnections: 2,
    maxAccepts: 2,
    acceptRate: 0.001,
    acceptBurst: 1,
  });
  for (let i = 0; i < 3; i++) come("exempt");
  await until(() => exempt.length === 3);
  assert.is(loop.isRunning, true);
  come("usual");
  await until(() => usual.length === 1);
  await end();
});

test("its own limit is 100, or maxConnections, and further clients wait in its own line", async () => {
  const { exempt, come, end } = both({}, {}, { maxConnections: 2 });
  for (let i = 0; i < 3; i++) come("exempt");
  await until(() => exempt.length === 2);
  await turns(20);
  assert.is(exempt.length, 2);
  exempt[0]!.close();
  await until(() => exempt.length === 3);
  await end();
});

test("a graceful stop does not wait for it, and it answers until the others are gone", async () => {
  const { loop, running, usual, exempt, come, end } = both({});
  const inside = come("usual");
  const operator = come("exempt");
  await until(() => usual.length === 1 && exempt.length === 1);
  let closing = false;
  loop.on("closing", () => {
    closing = true;
    loop.server({ exempt: true }, () => {}); // allowed
    assert.throws(() => loop.server(() => {}), /stopping gracefully/);
  });
  const stopped = loop.stopGracefully();
  await until(() => closing);
  const check = come("exempt");
  check.socket.write("how are you?");
  await until(() => check.text() === "how are you?");
  assert.is(loop.isRunning, true);
  inside.socket.end();
  await Promise.all([stopped, running]);
  await Promise.all([operator.closed, check.closed]);
  assert.equal([...new Set(exempt.map(({ closeReason }) => closeReason))], ["stopping"]);
  await end();
});

test("it answers while all slots are taken and the queue is full, and in each phase of a graceful stop", async () => {
  const clock = new VirtualClock();
  const { loop, running, usual, exempt, drops, come, end } = both({ clock, maxConnections: 1 }, { backlog: 2 });
  const check = async (what: string): Promise<void> => {
    const before = exempt.length;
    const client = come("exempt");
    client.socket.write(what);
    await until(() => client.text() === what);
    assert.is(exempt.length, before + 1);
    client.socket.end();
    await client.closed;
  };
  const inside = come("usual");
  await until(() => usual.length === 1);
  for (let i = 0; i < 3; i++) await come("usual").connected.catch(() => {}); // the last one is reset
  await until(() => drops.length === 1);
  assert.equal(drops, ["backlog"]);
  await check("full");
  let closing = false;
  loop.on("closing", () => (closing = true));
  const stopped = loop.stopGracefully({ delay: 1, timeout: 60 });
  await turns(5);
  await check("finishing");
  assert.is(closing, false);
  await clock.advance(1);
  await until(() => closing);
  await check("closing");
  inside.socket.end();
  await until(() => usual.length === 2);
  await check("serving the queue");
  assert.equal([usual.length, drops.length, loop.isRunning], [2, 1, true]);
  await clock.advance(60);
  await Promise.all([stopped, running]);
  await end();
});

test("a graceful stop does not wait for its lingering connections, and they still get their answer", async () => {
  const clock = new VirtualClock();
  const { loop, errors } = quietLoop({ clock });
  const id = loop.server({ exempt: true }, (_loop, stream) => stream.write("ready").closeGracefully());
  loop.server({}, () => {});
  const running = loop.start();
  const check = peer({ port: portOf(loop, id) });
  check.socket.allowHalfOpen = true; // it does not end its side
  assert.is(await check.ended, "ready");
  await loop.stopGracefully(); // no time passes here
  await running;
  check.socket.write("?");
  await turns(10);
  assert.is(check.socket.destroyed, false);
  check.socket.end();
  assert.is(await check.closed, undefined);
  loop.reset();
  assert.equal(errors, []);
});

test("at most 100 of its connections linger, for 2 s on the loop's clock", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const id = loop.server({ exempt: true }, (_loop, stream) => stream.write("ready").closeGracefully());
  const running = loop.start();
  const clients: Peer[] = [];
  for (let i = 0; i < 102; i++) {
    const client = peer({ port: portOf(loop, id) });
    client.socket.allowHalfOpen = true;
    clients.push(client);
    await client.ended;
  }
  const open = async (): Promise<number> => {
    for (const { socket } of clients) if (!socket.destroyed) socket.write("?");
    await turns(20);
    for (const { socket } of clients) if (!socket.destroyed) socket.write("?");
    await turns(20);
    return clients.filter(({ socket }) => !socket.destroyed).length;
  };
  while ((await open()) > 100);
  assert.is(await open(), 100);
  await clock.advance(2);
  while ((await open()) > 0);
  loop.remove(id);
  await running;
});

test("it keeps the loop running as any server does", async () => {
  const { loop } = quietLoop();
  const id = loop.server({ exempt: true }, () => {});
  let ended = false;
  const running = loop.start().then(() => (ended = true));
  await turns(50);
  assert.is(ended, false);
  loop.remove(id);
  await running;
});

test("maxConnections of a server, within that of the loop", async () => {
  const { loop, usual, exempt, drops, come, end } = both({ maxConnections: 3 }, { maxConnections: 1, waitTimeout: 0 });
  const events: string[] = [];
  loop.on("full", () => void events.push("full"));
  come("usual");
  come("usual");
  await until(() => usual.length === 1);
  come("exempt");
  await until(() => exempt.length === 1);
  await turns(20);
  assert.equal([usual.length, events.length, drops.length], [1, 0, 0]);
  usual[0]!.close();
  await until(() => usual.length === 2);
  await end();
});

test("startTls knows that a stream of an exempt server is the server's side", async () => {
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const { loop, errors } = quietLoop();
  const id = loop.server({ exempt: true }, (_loop, stream) => {
    void stream.startTls({ tlsCert: cert, tlsKey: key });
    stream.write("encrypted").closeGracefully();
  });
  const stream = await loop.connect({ port: portOf(loop, id) });
  await stream.startTls({ tlsOptions: { ca: authority.ca.cert, servername: "localhost" } });
  assert.is(String(await stream.reader().read()), "encrypted");
  stream.close();
  loop.stop();
  loop.reset();
  assert.equal(errors, []);
});

test("bad values are errors", () => {
  const { loop } = quietLoop();
  assert.throws(
    () => loop.server({ exempt: "yes" as never }, () => {}),
    /server: option "exempt" must be true or false/,
  );
  assert.throws(() => loop.server({ maxConnections: -1 }, () => {}), /server: option "maxConnections" must be a whole/);
});
