// A loop whose callbacks start, stop and reset it at random, and create and remove everything: every promise settles, every
// stream closes once, nothing is left open, and the loop can be used again.

import { type Socket, connect } from "node:net";
import * as assert from "uvu/assert";
import { type Id, type IOLoop, Stream } from "wasm-ioloop";
import { harness, portOf, quietLoop, sleep, until, within } from "../support/harness.ts";
import { Random } from "../hosts/replay/random.ts";

const test = harness("random-lifecycle");

const ROUNDS = 60;
const MILLISECONDS = 20; // actions per kind
const SERVERS = 4; // at once
const DEEP = 3;
const SOON = 10; // seconds
const PLANNED = new Error("planned");

class Play {
  readonly loop: IOLoop;
  readonly errors: unknown[] = [];
  readonly wrong: string[] = [];
  readonly promises: Promise<unknown>[] = [];
  thrown = 0;
  isOver = false;
  readonly #random: Random;
  readonly #ids: Id[] = [];
  readonly #ports: number[] = [];
  readonly #servers: Id[] = [];
  readonly #streams: Stream[] = [];
  readonly #sockets: Socket[] = [];
  #depth = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.loop = quietLoop({ maxConnections: this.#random.of([1, 3, 50]) }).loop;
    this.#listenToErrors();
    this.#serve();
    this.#ids.push(this.loop.recurring(0.002, () => this.act()));
    this.start();
  }

  /** Takes up to two random actions; sometimes throws or rejects. */
  act(): void | Promise<void> {
    if (this.isOver || this.#depth === DEEP) return;
    this.#depth++;
    for (let i = this.#random.below(3); i > 0; i--) this.#random.of(this.#actions)();
    this.#depth--;
    if (!this.#random.oneIn(20)) return;
    this.thrown++;
    if (this.#random.oneIn(2)) return Promise.reject(PLANNED);
    throw PLANNED;
  }

  start(): void {
    if (this.loop.isRunning) return;
    try {
      this.promises.push(this.#random.oneIn(3) ? this.loop.oneTick() : this.loop.start());
    } catch (error) {
      // This ended a run with a graceful stop, and a callback of that has started the loop again.
      assert.is((error as { code?: string }).code, "ERR_IOLOOP_RUNNING");
    }
  }

  /** Ends everything, and checks that the loop works as before. */
  async end(): Promise<void> {
    const { loop } = this;
    this.isOver = true;
    this.#reset();
    for (const socket of this.#sockets) socket.destroy();
    await within(SOON, Promise.all(this.promises));
    await until(() => this.errors.length >= this.thrown, SOON);
    let text = "";
    loop.maxConnections = 1;
    const id = loop.server({}, (_loop, stream) => {
      stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
    });
    loop.client({ port: portOf(loop, id) }, (_loop, error, stream) => {
      if (!stream) throw error;
      stream.write("as new").on("read", (_stream, chunk) => (text += String(chunk)));
      stream.on("close", () => loop.remove(id));
    });
    await within(SOON, loop.start());
    assert.is(text, "as new");
  }

  readonly #actions: (() => unknown)[] = [
    () => this.loop.stop(),
    () => this.start(),
    () => this.start(),
    () => this.promises.push(this.loop.stopGracefully(this.#stopOptions())),
    () => this.#random.oneIn(4) && this.#reset(),
    () => (this.loop.maxConnections = this.#random.of([0, 1, 3, 50])),
    () => this.#ids.length > 0 && this.loop.remove(this.#random.of(this.#ids)),
    () => this.#ids.push(this.loop.timer(this.#soon(), () => this.act())),
    () => this.#ids.push(this.loop.recurring(this.#soon(), () => this.act())),
    () => this.loop.nextTick(() => this.act()),
    () => this.#serve(),
    () => this.#visit(),
    () => this.#visit(),
    () => this.#streams.length > 0 && this.#meddle(this.#random.of(this.#streams)),
    () => this.#streams.length > 0 && this.#meddle(this.#random.of(this.#streams)),
    () => this.loop.isRunning && this.promises.push(this.loop.delay(() => {}).wait()),
  ];

  #stopOptions(): Parameters<IOLoop["stopGracefully"]>[0] {
    const waiting = this.#random.of(["serve", "reset"] as const);
    return { delay: this.#soon(), timeout: 0.005 + this.#soon(), waiting };
  }

  // Seconds.
  #soon(): number {
    return this.#random.below(4) / 1000;
  }

  #listenToErrors(): void {
    this.loop.reactor.unsubscribe("error");
    this.loop.reactor.on("error", (_reactor, error) => void this.errors.push(error));
    for (const name of ["finish", "closing", "reset", "drop"] as const) this.loop.on(name, () => this.act());
  }

  #reset(): void {
    this.loop.reset();
    this.loop.unsubscribeAll(); // a nested reset may have subscribed already
    this.#listenToErrors();
  }

  #serve(): void {
    if (this.#servers.filter((id) => this.loop.acceptor(id)).length === SERVERS) return;
    const [backlog, waitTimeout] = [this.#random.of([0, 2, 511]), this.#random.of([0.005, 60])];
    let id: Id;
    try {
      id = this.loop.server({ backlog, waitTimeout }, (_loop, stream, id) => {
        this.#ids.push(id);
        this.#hear(stream);
        return this.act();
      });
    } catch (error) {
      assert.is((error as { code?: string }).code, "ERR_IOLOOP_STOPPING"); // accepting has ended, and the loop has not stopped yet
      return;
    }
    this.#ids.push(id);
    this.#servers.push(id);
    this.#ports.push(portOf(this.loop, id));
    if (this.#ports.length > SERVERS) this.#ports.shift(); // a graceful stop has closed it
  }

  // As a client of the loop, as a stream of a user's socket, or as a plain socket.
  #visit(): void {
    const port = this.#random.of(this.#ports);
    const way = this.#random.below(3);
    if (way > 0) {
      let calls = 0;
      const id = this.loop.client({ port }, (_loop, _error, stream) => {
        if (++calls > 1) this.wrong.push("a client's callback for the second time");
        if (stream) this.#hear(stream);
        return this.act();
      });
      return void this.#ids.push(id);
    }
    const socket = connect(port, "127.0.0.1");
    this.#sockets.push(socket.on("error", () => {}));
    if (this.#random.oneIn(2)) {
      const stream = new Stream(socket, { reactor: this.loop.reactor });
      this.#hear(stream);
      return void this.#ids.push(this.loop.stream(stream));
    }
    socket.write("somebody else");
    setTimeout(() => (this.#random.oneIn(2) ? socket.end() : socket.resetAndDestroy()), this.#soon() * 1000);
  }

  #hear(stream: Stream): void {
    let isClosed = false;
    this.#streams.push(stream);
    if (this.#random.oneIn(3)) stream.timeout = 0.003;
    for (const name of ["read", "write", "drain", "timeout", "error"] as const) {
      stream.on(name, () => {
        if (isClosed) this.wrong.push(`${name} after close`);
        return this.act();
      });
    }
    stream.on("close", () => {
      if (isClosed) this.wrong.push("closed twice");
      isClosed = true;
      return this.act();
    });
  }

  #meddle(stream: Stream): void {
    const { loop } = this;
    const what = this.#random.below(8);
    if (what < 3) stream.write("x".repeat(this.#random.of([1, 1000, 300_000])), () => this.act());
    else if (what === 3) stream.close();
    else if (what === 4) stream.closeGracefully();
    else if (what === 5) stream.stop();
    else if (what === 6) stream.start();
    else {
      const handle = stream.stealHandle();
      if (!handle) return;
      this.#sockets.push(handle.on("error", () => {}));
      if (handle.destroyed) return;
      loop.reactor.io(handle, (reactor, isWritable) => {
        if (!isWritable) handle.read();
        if (this.#random.oneIn(2)) reactor.remove(handle);
        return this.act();
      });
    }
  }
}

test("whatever callbacks do to the loop that calls them", async () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const play = new Play(seed);
    const end = performance.now() + MILLISECONDS;
    while (performance.now() < end) {
      await sleep(0.001);
      play.start();
      try {
        await play.act();
      } catch (error) {
        if (error !== PLANNED) throw error;
        play.thrown--;
      }
    }
    await play.end();
    assert.equal(play.wrong, []);
    assert.equal(
      play.errors.filter((error) => error !== PLANNED),
      [],
    );
    assert.is(play.errors.length, play.thrown);
  }
});
