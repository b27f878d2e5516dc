// Clients counted by their addresses: a limit for each, and turns.

import { connect } from "node:net";
import * as assert from "uvu/assert";
import { IOLoop, type Stream } from "wasm-ioloop";
import { type Peer, harness, inFolder, peer, quietLoop, turns, until, watch } from "../support/harness.ts";

const test = harness("addresses");

interface Crowd {
  readonly loop: IOLoop;
  readonly port: number;
  readonly drops: string[];
  /** The names that admitted clients have sent, in that order, and their streams. */
  readonly admitted: Map<string, Stream>;
  /** A client from 127.0.0.`host` that sends its name. */
  come(name: string, host: number): Promise<Peer>;
  /** Waits until so many have come in. */
  inside(count: number): Promise<string[]>;
  end(): Promise<void>;
}

function crowd(options: ConstructorParameters<typeof IOLoop>[0], server = {}): Crowd {
  const { loop, errors } = quietLoop(options);
  const drops: string[] = [];
  const admitted = new Map<string, Stream>();
  const clients: Peer[] = [];
  loop.on("drop", (_loop, { reason, remoteAddress }) => void drops.push(`${reason} ${remoteAddress}`));
  const id = loop.server({ idleTimeout: 0, waitTimeout: 0, ...server }, (_loop, stream) => {
    stream.on("read", (stream, chunk) => void admitted.set(String(chunk), stream));
  });
  const running = loop.start();
  const port = loop.acceptor(id)!.port!;
  const arrived = (): number => {
    const { waiting, incoming } = JSON.parse(JSON.stringify(loop)) as Record<string, number>;
    return waiting! + incoming! + drops.length;
  };
  return {
    loop,
    port,
    drops,
    admitted,
    come: async (name, host) => {
      const before = arrived();
      const client = watch(connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${host}` }));
      clients.push(client);
      client.socket.write(name);
      await until(() => arrived() > before);
      return client;
    },
    inside: async (count) => {
      await until(() => admitted.size >= count);
      await turns(20);
      return [...admitted.keys()];
    },
    end: async () => {
      loop.reset();
      await running;
      for (const { socket } of clients) socket.destroy();
      assert.equal(errors, []);
    },
  };
}

test("the defaults, and bad values", () => {
  const { loop } = quietLoop();
  assert.equal([loop.fairness, loop.maxPerAddress], ["none", 0]);
  assert.throws(() => (loop.fairness = "fair" as never), /fairness must be "none" or "address", not "fair"/);
  assert.throws(() => (loop.maxPerAddress = -1), /maxPerAddress must be a whole number from 0/);
  assert.equal(new IOLoop({ fairness: "address", maxPerAddress: 3 }).maxPerAddress, 3);
});

test("maxPerAddress: further clients of an address wait, and hold nobody else up", async () => {
  const all = crowd({ maxConnections: 10, maxPerAddress: 2 });
  for (const name of ["a1", "a2", "a3", "a4"]) await all.come(name, 2);
  await all.come("b1", 3);
  assert.equal(await all.inside(3), ["a1", "a2", "b1"]);
  await all.come("a5", 2);
  await until(() => all.drops.length > 0);
  assert.equal(all.drops, ["address 127.0.0.2"]);
  all.admitted.get("a2")!.close();
  assert.equal(await all.inside(4), ["a1", "a2", "b1", "a3"]);
  all.loop.maxPerAddress = 0;
  assert.equal(await all.inside(5), ["a1", "a2", "b1", "a3", "a4"]);
  await all.end();
});

test("maxPerAddress: UNIX sockets have no address", () =>
  inFolder(async (folder) => {
    const { loop, errors } = quietLoop({ maxPerAddress: 1, fairness: "address" });
    let admitted = 0;
    loop.server({ path: `${folder}/socket`, idleTimeout: 0 }, () => void admitted++);
    const running = loop.start();
    const clients = [0, 1, 2].map(() => peer({ path: `${folder}/socket` }));
    await until(() => admitted === 3);
    loop.reset();
    await running;
    for (const { socket } of clients) socket.destroy();
    assert.equal(errors, []);
  }));

test("fairness: addresses with waiting clients take turns", async () => {
  const all = crowd({ maxConnections: 0, fairness: "address" });
  for (const name of ["a1", "a2", "a3", "a4"]) await all.come(name, 2);
  for (const name of ["b1", "b2"]) await all.come(name, 3);
  await all.come("c1", 4);
  for (let count = 1; count <= 7; count++) {
    all.loop.maxConnections = count;
    await all.inside(count);
  }
  assert.equal(await all.inside(7), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  await all.end();
});

test("fairness: a full queue resets the oldest client of the address that has most", async () => {
  const all = crowd({ maxConnections: 0, fairness: "address" }, { backlog: 4 });
  for (const name of ["a1", "a2", "a3"]) await all.come(name, 2);
  for (const name of ["b1", "b2"]) await all.come(name, 3);
  assert.equal(all.drops, ["backlog 127.0.0.2"]);
  all.loop.maxConnections = 4;
  assert.equal((await all.inside(4)).toSorted(), ["a2", "a3", "b1", "b2"]);
  await all.end();
});

test("fairness switched on and off while clients wait: nobody is lost", async () => {
  const all = crowd({ maxConnections: 0 });
  for (const name of ["a1", "a2"]) await all.come(name, 2);
  all.loop.fairness = "address";
  for (const name of ["b1", "b2"]) await all.come(name, 3);
  all.loop.fairness = "none";
  await all.come("c1", 4);
  all.loop.maxConnections = 5;
  // All come in at once; whose bytes are read first is the system's choice.
  assert.equal((await all.inside(5)).toSorted(), ["a1", "a2", "b1", "b2", "c1"]);
  await all.end();
});
