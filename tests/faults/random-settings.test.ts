// Random settings of admission, changed while random clients come and go, in a loop that stops and starts: no limit is exceeded, every client is
// admitted or reset, `full` and `free` alternate, and nothing is left open.
//
// SEEDS=FROM,COUNT in the environment plays other seeds, and says which of them failed.

import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Id, IOLoop, ListenerOptions, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { Authority } from "../support/certificates.ts";
import { harness, inFolder, isDeno, portOf, quietLoop, sleep, turns, until, within } from "../support/harness.ts";
import { Random } from "../hosts/replay/random.ts";
import { type Door, type Guest, guest } from "./random-guest.ts";

const test = harness("random-settings");

const LANES = 12;
const GUESTS = 6; // per lane, one after the other
const SOON = 20; // seconds

/** The events and streams of a loop. */
class Log {
  admitted = 0;
  drops = 0;
  readonly wrong: string[] = [];
  /** The limit per address, as long as nobody changes it; 0 = not checked. */
  perAddress = 0;
  readonly #loop: IOLoop;
  readonly #streams = new Set<Stream>();
  #last = "free";

  constructor(loop: IOLoop) {
    this.#loop = loop;
    loop.on("drop", () => void this.drops++);
    for (const name of ["full", "free"] as const) {
      loop.on(name, () => {
        if (name === this.#last) this.wrong.push(`${name} twice`);
        this.#last = name;
      });
    }
  }

  counts(): Record<string, number> {
    return JSON.parse(JSON.stringify(this.#loop)) as Record<string, number>;
  }

  /** A client has just been admitted, which counts against the limits of the loop. */
  admits(stream: Stream): void {
    const { incoming } = this.counts();
    const { maxConnections } = this.#loop;
    if (incoming! > maxConnections) this.wrong.push(`${incoming} of ${maxConnections} inside`);
    const { remoteAddress } = stream;
    if (remoteAddress === undefined || this.perAddress === 0) return;
    this.#streams.add(stream);
    for (const other of this.#streams) if (other.isClosed) this.#streams.delete(other);
    const its = [...this.#streams].filter((other) => other.remoteAddress === remoteAddress).length;
    if (its > this.perAddress) this.wrong.push(`${its} of ${this.perAddress} of an address`);
  }
}

type Habit = (stream: Stream, loop: IOLoop) => void;

const HABITS: readonly Habit[] = [
  (stream) => void stream.on("read", (stream, chunk) => stream.write(chunk)),
  (stream) => void stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully()),
  (stream) => stream.write("bye").closeGracefully(),
  (stream) => stream.close(),
  (stream, loop) => {
    stream.busy = true;
    loop.timer(0.01, () => {
      stream.busy = false;
      if (!stream.isClosed) stream.write("later").closeGracefully();
    });
    stream.on("read", () => {});
  },
  (stream) => {
    stream.halfOpen = true;
    stream.on("read", (stream, chunk) => stream.write(chunk));
    stream.on("end", (stream) => void stream.end("end"));
  },
  (stream) =>
    void stream
      .duplex()
      .on("error", () => {})
      .resume()
      .end("duplex"),
  (stream) => void stream.on("read", () => {}), // silent until it is displaced, or its client leaves
];

function optionsOf(random: Random): ListenerOptions {
  return {
    backlog: random.of([1, 2, 5, 511]),
    waitTimeout: random.of([0, 0.02, 0.2, 60]),
    idleTimeout: random.of([0, 0.02, 5]),
    lifetime: random.of([0, 0, 0.03]),
    singleAccept: random.oneIn(4),
    overflow: random.oneIn(6) ? "drop" : "wait",
    ...(random.oneIn(3) && { maxConnections: random.of([1, 2, 5]) }),
  };
}

interface Opened {
  readonly id: Id;
  readonly door: Door;
}

function open(loop: IOLoop, log: Log, random: Random, options: ListenerOptions, ca?: string): Opened {
  const [own, isExempt] = [options.maxConnections ?? (options.exempt ? 100 : Infinity), options.exempt === true];
  const streams = new Set<Stream>();
  const { overflow, backlog, ...rest } = options;
  const given = overflow === "drop" ? { ...rest, overflow } : { ...rest, backlog };
  const id = loop.server(given, (loop, stream) => {
    log.admitted++;
    for (const other of streams) if (other.isClosed) streams.delete(other);
    if (streams.add(stream).size > own) log.wrong.push(`${streams.size} of ${own} inside of a server`);
    if (!isExempt && ca === undefined) log.admits(stream); // with TLS, it was admitted before its handshake
    stream.on("error", () => {}); // a client may break the protocol
    random.of(HABITS)(stream, loop);
  });
  return { id, door: { path: options.path, port: options.path ? 0 : portOf(loop, id), ca } };
}

const CHANGES: readonly ((loop: IOLoop, random: Random) => void)[] = [
  (loop, random) => (loop.maxConnections = random.of([0, 1, 2, 5, 20, 1000])),
  (loop, random) => (loop.multiAccept = random.of([1, 2, 50])),
  (loop, random) => (loop.queue = random.of(["fifo", "adaptive"] as const)),
  (loop, random) => (loop.fairness = random.of(["none", "address"] as const)),
  (loop, random) => (loop.targetWait = random.of([0, 0.001, 0.01, 0.1, 1])),
  (loop, random) => (loop.displaceIdle = random.of([0, 0.001, 0.01, 1])),
  (loop, random) => (loop.acceptBurst = random.of([1, 5, 50])),
  (loop, random) => (loop.acceptRate = random.of([0, 1, 50, 1000])),
  (loop, random) => (loop.maxPerAddress = random.of([0, 1, 3, 50])), // the last one, see below
];

function calm(loop: IOLoop): void {
  loop.maxConnections = 1000;
  loop.acceptRate = 0;
  loop.maxPerAddress = 0;
  loop.displaceIdle = 0.001; // silent clients
}

// Changes settings until all clients have left.
async function disturb(
  loop: IOLoop,
  log: Log,
  ids: readonly Id[],
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const end = performance.now() + 400;
  const changes = log.perAddress > 0 ? CHANGES.slice(0, -1) : CHANGES;
  let running = loop.start({ forever: true });
  while (!isOver() && performance.now() < end) {
    random.of(changes)(loop, random);
    const server = loop.acceptor(random.of(ids));
    if (random.oneIn(4)) server?.stop();
    else server?.start();
    if (random.oneIn(10)) {
      loop.stop();
      await running;
      await turns(random.below(5));
      running = loop.start({ forever: true });
    }
    await sleep(random.below(6) / 1000);
  }
  for (const id of ids) loop.acceptor(id)?.start();
  log.perAddress = 0;
  calm(loop);
  void running.catch(() => {});
}

async function play(seed: number, folder: string, authority: Authority): Promise<void> {
  const random = new Random(seed);
  const clock = random.oneIn(3) ? new VirtualClock() : undefined;
  const { loop, errors } = quietLoop({ clock });
  const log = new Log(loop);
  log.perAddress = loop.maxPerAddress = random.of([0, 1, 3]);
  const { cert, key } = authority.sign("localhost");
  const opened = [
    open(loop, log, random, optionsOf(random)),
    open(loop, log, random, { ...optionsOf(random), path: join(folder, `socket-${seed}`) }),
    open(loop, log, random, { ...optionsOf(random), exempt: true }),
  ];
  const hasTls = !isDeno && random.oneIn(3);
  if (hasTls)
    opened.push(open(loop, log, random, { ...optionsOf(random), tlsCert: cert, tlsKey: key }, authority.ca.cert));
  const ids = opened.map(({ id }) => id);
  for (const id of ids) await loop.acceptor(id)!.ready;
  const guests: Guest[] = [];
  const lane = async (): Promise<void> => {
    for (let i = 0; i < GUESTS; i++) {
      const visit = guest(random, random.of(opened).door);
      guests.push(visit);
      await visit.over;
    }
  };
  let isOver = false;
  const lanes = Promise.all(Array.from({ length: LANES }, lane)).then(() => (isOver = true));
  const ticks = setInterval(() => void clock?.advance(0.005), 5);
  try {
    await disturb(loop, log, ids, random, () => isOver);
    await within(SOON, lanes);
    const connected = guests.filter(({ isConnected }) => isConnected).length;
    // With TLS, those whose handshake fails are admitted without a callback.
    const arrived = (): boolean => {
      const all = log.admitted + log.drops;
      return hasTls ? all <= connected : all === connected;
    };
    await until(arrived, SOON).catch(() => {
      log.wrong.push(`${connected} connected, ${log.admitted} admitted, ${log.drops} dropped`);
    });
    await stop(loop, opened, random);
    await until(
      () => ["incoming", "exempt", "waiting", "lingering", "loose"].every((state) => log.counts()[state] === 0),
      SOON,
    );
  } finally {
    clearInterval(ticks);
    loop.reset();
  }
  const wrong = [...log.wrong, ...errors.map(([error, event]) => `${event}: ${String(error)}`)];
  assert.is(wrong.length, 0, wrong.join("; "));
}

// Stops the loop in one of its ways, while clients come and are there.
async function stop(loop: IOLoop, opened: readonly Opened[], random: Random): Promise<void> {
  const guests = opened.flatMap(({ door }) => [guest(random, door), guest(random, door)]);
  await turns(random.below(10));
  loop.maxConnections = random.of([1, 1000]);
  const waiting = random.of(["serve", "reset"] as const);
  const stopped = loop.stopGracefully({ delay: random.of([0, 0.01]), timeout: random.of([0.01, 0.2]), waiting });
  await within(SOON, stopped);
  await within(SOON, Promise.all(guests.map(({ over }) => over)));
}

const [from = 41, count = 4] = (process.env["SEEDS"] ?? "").split(",").filter(Boolean).map(Number);

test(
  "whatever is set, whoever comes",
  async () => {
    const authority = new Authority();
    await inFolder(async (folder) => {
      for (let seed = from; seed < from + count; seed++) {
        try {
          await play(seed, folder, authority);
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  },
  60 + count * 2,
);
