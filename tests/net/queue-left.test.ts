// What the adaptive order learns of clients that leave while they wait: with TLS their handshake fails, and a served server has their sockets.

import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { type Socket, createServer as createNet } from "node:net";
import { createServer as createTls } from "node:tls";
import * as assert from "uvu/assert";
import type { Id, IOLoop, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import { isDeno, type Peer, harness, isBun, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("queue-left");

const { cert, key } = new Authority().sign("localhost");
const HELLO = Buffer.from("160301020001", "hex"); // the beginning of a handshake

// A loop that admits nobody until it is told to, and has learned that clients are patient for 0.4 s. `gone`: the server whose clients leave.
async function learned(open: (loop: IOLoop) => Id, first: string | Buffer, reset: boolean): Promise<string[]> {
  const clock = new VirtualClock();
  const { loop, errors } = quietLoop({ maxConnections: 0, multiAccept: 1000, clock, queue: "adaptive" });
  const admitted: string[] = [];
  const answers = (_loop: IOLoop, stream: Stream): void => {
    stream.on("read", (stream, chunk) => {
      admitted.push(String(chunk));
      void turns(100).then(() => stream.write("answer").closeGracefully()); // so late that its end would have been read
    });
  };
  const patient = loop.server({ waitTimeout: 0 }, answers);
  const impatient = open(loop);
  const running = loop.start();
  const count = (state: string): number => (JSON.parse(JSON.stringify(loop)) as Record<string, number>)[state]!;
  const come = async (id: Id, texts: readonly (string | Buffer)[]): Promise<Peer[]> => {
    const peers: Peer[] = [];
    for (const text of texts) {
      const one = peer({ port: portOf(loop, id) });
      peers.push(one);
      one.socket.write(text);
      await until(() => count("waiting") === peers.length);
    }
    return peers;
  };
  const admitAll = async (): Promise<void> => {
    loop.maxConnections = 1000;
    await until(() => count("waiting") + count("incoming") === 0);
    loop.maxConnections = 0;
  };
  await come(
    patient,
    Array.from({ length: 40 }, () => "patient"),
  );
  await clock.advance(0.2);
  await admitAll();
  const leavers = await come(
    impatient,
    Array.from({ length: 15 }, () => first),
  );
  for (const { socket } of leavers) {
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
  }
  await Promise.all(leavers.map(({ closed }) => closed));
  await clock.advance(0.2);
  await admitAll();
  const before = admitted.length;
  const last = await come(patient, ["older", "newer"]);
  await clock.advance(0.3);
  await admitAll();
  for (const { socket } of last) socket.destroy();
  loop.stop();
  loop.reset();
  await running;
  assert.equal(errors, []);
  return admitted.slice(before);
}

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const handler = (): void => {}; // they are never answered
const greets = (_loop: IOLoop, stream: Stream): void => void stream.write("welcome").on("read", () => {});
const answersAtOnce = (_loop: IOLoop, stream: Stream): void =>
  void stream.on("read", (stream, chunk) => stream.write(chunk));
const greetsPlainly = (socket: Socket): void =>
  void socket
    .on("error", () => {})
    .resume()
    .write("welcome");
const tls = { tlsCert: cert, tlsKey: key };
const WAYS: readonly (readonly [string, string | Buffer, boolean, (loop: IOLoop) => Id])[] = [
  [
    "of a server",
    "text",
    true,
    (loop) => loop.server({ waitTimeout: 0 }, (_loop, stream) => stream.on("read", () => {})),
  ],
  ["of a server that speaks first", "text", true, (loop) => loop.server({ waitTimeout: 0 }, greets)],
  ["of a server that answers at once", "text", true, (loop) => loop.server({ waitTimeout: 0 }, answersAtOnce)],
  [
    "of a net server that speaks first",
    "text",
    true,
    (loop) => loop.serve(createNet(greetsPlainly), { waitTimeout: 0 }),
  ],
  ["of a server with TLS", HELLO, true, (loop) => loop.server({ waitTimeout: 0, ...tls }, handler)],
  ["of an HTTP server", REQUEST, true, (loop) => loop.serve(createHttp(handler), { waitTimeout: 0 })],
  ["of an HTTP server with TLS", HELLO, true, (loop) => loop.serve(createHttp(handler), { waitTimeout: 0, ...tls })],
  ["of an HTTPS server", HELLO, !isBun, (loop) => loop.serve(createHttps({ cert, key }, handler), { waitTimeout: 0 })],
];

for (const [whose, first, isPossible, open] of WAYS) {
  if (!isPossible) continue;
  for (const reset of [false, true]) {
    test(`clients ${whose} that ${reset ? "reset" : "end"} while they wait have not been patient`, async () => {
      const order = await learned(open, first, reset);
      assert.equal(isDeno ? order.sort() : order, ["newer", "older"]); // Deno may read those that are admitted together in any order
    });
  }
}

test("clients of a server that speaks first have been patient if they are still there", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ maxConnections: 0, multiAccept: 1000, clock, queue: "adaptive" });
  const admitted: (number | undefined)[] = [];
  const id = loop.server({ waitTimeout: 0, idleTimeout: 0 }, (_loop, stream) => {
    admitted.push(stream.remotePort);
    greets(loop, stream);
  });
  const running = loop.start();
  const counts = (): Record<string, number> => JSON.parse(JSON.stringify(loop)) as Record<string, number>;
  const come = async (count: number): Promise<Peer[]> => {
    const peers: Peer[] = [];
    for (let i = 1; i <= count; i++) {
      peers.push(peer({ port: portOf(loop, id) }));
      await until(() => counts()["waiting"] === i);
    }
    return peers;
  };
  const patient = await come(40);
  await clock.advance(0.2);
  loop.maxConnections = 40;
  await until(() => patient.every(({ text }) => text() === "welcome"));
  await turns(100);
  const last = await come(2);
  await clock.advance(0.3);
  loop.maxConnections = 42;
  await until(() => admitted.length === 42);
  assert.equal(
    admitted.slice(-2),
    last.map(({ socket }) => socket.localPort),
  );
  loop.stop();
  loop.reset();
  await running;
  for (const { socket } of [...patient, ...last]) socket.destroy();
});

test("clients of a TLS server that the loop knows nothing of teach nothing", async () => {
  const open = (loop: IOLoop): Id => loop.serve(createTls({ cert, key }), { waitTimeout: 0 });
  assert.equal(await learned(open, HELLO, false), ["older", "newer"]);
});
