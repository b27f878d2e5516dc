// Random clients of a random server, in a loop that stops and starts: whatever they do, every stream closes once, the data that comes
// back is what was sent, and nothing is left open.

import { join } from "node:path";
import type { Duplex } from "node:stream";
import * as assert from "uvu/assert";
import type { Id, IOLoop, ListenerOptions, Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, inFolder, portOf, quietLoop, sleep, turns, until, within } from "../support/harness.ts";
import { type Seen, type Where, randomPeer } from "./random-peer.ts";
import { Random } from "../hosts/replay/random.ts";

const test = harness("random-clients");

const LANES = 10;
const CLIENTS = 10; // per lane, one after the other
const SOON = 10; // seconds
const PLANNED = new Error("planned");

/** A record of what happened to the server's streams. */
interface Count {
  accepted: number;
  closed: number;
  stolen: number;
  thrown: number;
  readonly wrong: string[];
}

/** What a stream does with its input besides sending it back; `turn` counts from 1. */
const HABITS: ((here: { stream: Stream; chunk: Buffer; turn: number; loop: IOLoop; count: Count }) => void)[] = [
  ({ stream, chunk }) => void stream.write(chunk),
  ({ stream, chunk, loop }) => loop.nextTick(() => stream.write(chunk)),
  ({ stream, chunk, turn, loop }) => {
    stream.write(chunk);
    if (turn !== 2) return;
    stream.stop();
    loop.timer(0.01, () => stream.start());
  },
  ({ stream, chunk, turn, count }) => {
    stream.write(chunk);
    if (turn !== 2) return;
    count.thrown++;
    throw PLANNED;
  },
  ({ stream, chunk, turn, count }) => {
    stream.write(chunk, async () => {
      await turns();
      if (turn !== 2) return;
      count.thrown++;
      throw PLANNED;
    });
  },
  ({ stream, chunk, turn }) => {
    stream.write(chunk);
    if (turn === 2) assert.ok(stream.handle);
  },
  ({ stream, chunk, turn, count }) => {
    stream.write(chunk);
    if (turn !== 2) return;
    count.stolen++;
    keep(stream.stealHandle()!);
  },
  ({ stream, chunk, turn }) => {
    stream.write(chunk);
    if (turn === 3) stream.closeGracefully();
  },
  ({ stream, chunk, turn }) => {
    stream.write(chunk);
    if (turn === 3) stream.close();
  },
];

// Continues with a stolen handle as its stream did.
function keep(handle: Duplex): void {
  handle.on("error", () => handle.destroy());
  handle.on("data", (chunk) => handle.write(chunk));
  handle.on("end", () => handle.end());
  handle.resume();
}

function serve(loop: IOLoop, options: ListenerOptions, random: Random, greeting: string): [Id, Count] {
  const count: Count = { accepted: 0, closed: 0, stolen: 0, thrown: 0, wrong: [] };
  const id = loop.server(options, (loop, stream) => {
    count.accepted++;
    stream.timeout = 0; // it closes because its peer has disconnected, or never
    const habit = random.of(HABITS);
    let [turn, isOver] = [0, false];
    stream.on("read", (stream, chunk) => {
      if (isOver) count.wrong.push("read after close");
      habit({ stream, chunk, turn: ++turn, loop, count });
    });
    stream.on("error", (_stream, error) => void count.wrong.push(`error ${error.message}`));
    stream.on("close", () => {
      if (isOver) count.wrong.push("closed twice");
      isOver = true;
      count.closed++;
    });
    if (greeting !== "") stream.write(greeting);
  });
  return [id, count];
}

/** Runs a loop in intervals until a promise is settled. */
type Run = (loop: IOLoop, random: Random, isDone: () => boolean) => Promise<void>;

const stopping: Run = async (loop, random, isDone) => {
  while (!isDone()) {
    const running = loop.start();
    await sleep(random.below(60) / 1000);
    loop.maxConnections = random.of([0, 1, 3, 20]);
    loop.stop();
    await running;
    await turns(random.below(4));
  }
};

const ticking: Run = async (loop, random, isDone) => {
  loop.recurring(0.01, () => (loop.maxConnections = random.of([1, 3, 20])));
  while (!isDone()) await loop.oneTick();
};

interface Given {
  readonly options: ListenerOptions;
  readonly seed: number;
  readonly greeting?: string;
  readonly ca?: string;
  readonly run?: Run;
}

async function play({ options, seed, greeting = "", ca, run = stopping }: Given): Promise<void> {
  const random = new Random(seed);
  const { loop, errors } = quietLoop();
  const [id, count] = serve(loop, options, random, greeting);
  await loop.acceptor(id)!.ready;
  const where: Where = { ...(options.path === undefined ? { port: portOf(loop, id) } : { path: options.path }), ca };
  const seen: Seen[] = [];
  const lane = async (): Promise<void> => {
    for (let i = 0; i < CLIENTS; i++) seen.push(await randomPeer(random, where, greeting));
  };
  let isDone = false;
  const lanes = Promise.all(Array.from({ length: LANES }, lane)).then(() => (isDone = true));
  await run(loop, random, () => isDone);
  await lanes;
  loop.maxConnections = 1000;
  const running = loop.start();
  loop.remove(id);
  await until(() => count.accepted === count.closed + count.stolen, SOON);
  await within(SOON, loop.stopGracefully());
  await running;
  assert.equal(count.wrong, []);
  assert.is(seen.includes("wrong"), false);
  assert.ok(seen.filter((what) => what === "all").length > LANES, "clients got back what they sent");
  assert.is(errors.length, count.thrown);
  assert.ok(errors.every(([error]) => error === PLANNED));
  loop.reset();
}

test("over TCP", () => play({ options: {}, seed: 1 }), 60);

test("over TCP, greeted", () => play({ options: {}, seed: 2, greeting: "Welcome\n" }), 60);

test("over TCP, tick by tick", () => play({ options: {}, seed: 3, run: ticking }), 60);

test(
  "over a UNIX domain socket, greeted",
  () => inFolder((folder) => play({ options: { path: join(folder, "socket") }, seed: 4, greeting: "Welcome\n" })),
  60,
);

test("over TLS, greeted", async () => {
  const authority = new Authority();
  const { certPath, keyPath } = authority.sign("localhost");
  const options = { tls: true, tlsCert: certPath, tlsKey: keyPath };
  await play({ options, seed: 5, greeting: "Welcome\n", ca: authority.ca.cert });
}, 60);
