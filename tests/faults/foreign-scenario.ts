// A loop that runs for some tens of milliseconds, in which the package makes almost every foreign call.

import { type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { type ClientOptions, type Id, type IOLoop, type ListenerOptions, type Stream, SystemClock } from "wasm-ioloop";
import { type Certificate } from "../support/certificates.ts";
import { type Peer, deferred, peer, plainServer, portOf, quietLoop, sleep, until, within } from "../support/harness.ts";
import type { Random } from "../hosts/replay/random.ts";
import { Served } from "./foreign-served.ts";
import { Control, clockOfUser, ofDuplex, proxied, timers, watchServer, watchSocket } from "./foreign-parts.ts";

const SOON = 10; // seconds
const CHUNK = "x".repeat(70_000);

/** Shared by all scenarios of a process. */
export interface Surroundings {
  readonly certificate: Certificate;
  readonly ca: string;
  readonly folder: string;
}

export class Scenario {
  readonly loop: IOLoop;
  /** All reported errors, in order. */
  readonly reports: unknown[] = [];
  readonly random: Random;
  readonly #around: Surroundings;
  readonly #peers: Peer[] = [];
  readonly #sockets: Socket[] = [];
  readonly #servers: NetServer[] = [];
  readonly #controls: Control[] = [];
  readonly #runs: Promise<unknown>[] = [];
  readonly #where: { tcp: number; tls: number; path: string };
  readonly #served: Served;
  #plain!: Awaited<ReturnType<typeof plainServer>>;
  #count = 0;

  constructor(random: Random, around: Surroundings) {
    this.random = random;
    this.#around = around;
    const clock = random.oneIn(2) ? clockOfUser() : new SystemClock();
    this.loop = quietLoop({ clock }).loop;
    this.#hearLoop();
    const owner = {
      loop: this.loop,
      attempt: (task: () => unknown): void => this.attempt(task),
      hear: (stream: Stream): void => this.#hear(stream),
      come: (act: (socket: Socket) => void, port: number): void => this.#come(act, { port }),
      keep: (socket: Socket): void => void this.#sockets.push(socket),
    };
    this.#served = new Served(owner, around.certificate);
    this.#where = { tcp: 0, tls: 0, path: join(around.folder, `s${random.below(1e9)}`) };
  }

  /** Creates servers, and two connections that must survive. */
  async begin(): Promise<void> {
    const { loop } = this;
    this.#plain = await plainServer((socket) => socket.on("data", (chunk) => socket.write(chunk)));
    this.#serve();
    this.#start();
    const near = deferred<Stream>();
    const far = peer({ port: this.#where.tcp });
    this.#peers.push(far);
    this.#accepted = (stream) => near.resolve(stream);
    await far.connected;
    far.socket.write("-");
    const incoming = await near.promise;
    this.#accepted = undefined;
    await until(() => far.text() === "-");
    this.#control(incoming, (text) => void far.socket.write(text), far.text);
    const out = deferred<Stream>();
    loop.client({ port: this.#plain.port }, (_loop, error, stream) =>
      stream ? out.resolve(stream) : out.reject(error),
    );
    const outgoing = await out.promise;
    let got = "";
    outgoing.on("read", (_stream, chunk) => (got += String(chunk)));
    this.#hear(outgoing);
    const send = (text: string): void => this.attempt(() => outgoing.write(text));
    this.#control(outgoing, send, () => got);
  }

  /** Does almost everything that a loop can do, in any order. */
  async act(): Promise<void> {
    const actions = [...this.#actions, ...this.#served.actions];
    while (actions.length > 0) {
      const [action] = actions.splice(this.random.below(actions.length), 1);
      this.attempt(action!);
      if (this.random.oneIn(3)) await sleep(this.random.below(3) / 1000);
    }
    await sleep(0.01);
    await this.#ping(this.#controls.filter(() => this.random.oneIn(2)));
  }

  /** Checks that the two connections still work. */
  last = (): Promise<void> => this.#ping(this.#controls);

  async #ping(controls: readonly Control[]): Promise<void> {
    // Again and again: the end of a Delay stops a loop that its `wait` has started.
    const starting = setInterval(() => this.#start(), 5);
    try {
      this.#start();
      for (const control of controls) await control.ping();
    } finally {
      clearInterval(starting);
    }
  }

  /** Ends the loop in one of the possible ways. */
  async end(): Promise<void> {
    const { loop } = this;
    const way = this.random.below(3);
    if (way > 0) {
      const abort = new AbortController();
      const options = { timeout: 0.02, delay: way === 1 ? 0 : 0.002, signal: abort.signal };
      this.attempt(() => this.#runs.push(loop.stopGracefully(options)));
      await sleep(0.005);
      if (this.random.oneIn(2)) abort.abort();
      await sleep(0.02);
    }
    this.attempt(() => loop.reset());
    this.#hearLoop();
  }

  /** Closes everything that does not belong to the loop. */
  async leave(): Promise<void> {
    this.attempt(() => this.loop.reset());
    this.#hearLoop();
    this.#served.leave();
    for (const { socket } of this.#peers) socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    await this.#plain.close();
    for (const run of this.#runs) {
      try {
        await within(SOON, run);
      } catch (error) {
        this.reports.push(error);
      }
    }
  }

  /** Runs a task. An exception counts as reported. */
  attempt(task: () => unknown): void {
    try {
      task();
    } catch (error) {
      this.reports.push(error);
    }
  }

  readonly #actions: (() => unknown)[] = [
    () => this.#visit({ port: this.#where.tcp }),
    () => this.#visit({ port: this.#where.tcp, keepAlive: 1 }),
    () => this.#visit({ path: this.#where.path }),
    () => this.#visit({ port: this.#where.tls, address: "localhost", family: 4, tlsCa: this.#around.ca }),
    () => this.#visit({ port: this.#where.tls, tlsCa: this.#around.ca }), // a name that the certificate does not have
    () => this.#visit({ port: 1 }),
    () => this.loop.remove(this.loop.client({ port: this.#where.tcp }, () => {})),
    () => this.#come((socket) => socket.end("half closed")),
    () => this.#come((socket) => socket.write("reset", () => socket.resetAndDestroy())),
    () => this.#come((socket) => socket.write("steal")),
    () => this.#come((socket) => socket.write("pause")),
    () => this.#come((socket) => socket.write("late")),
    () => this.#come((socket) => socket.write("close")),
    () => this.#come((socket) => socket.write("gone")),
    () => this.#come((socket) => socket.write("idle")),
    () => this.#come((socket) => socket.write(CHUNK.repeat(5))),
    () => this.#come((socket) => socket.write("unix"), { path: this.#where.path }),
    () => this.#come((socket) => socket.end("unix"), { path: this.#where.path }),
    () => this.#come((socket) => socket.write("no TLS at all\r\n\r\n"), { port: this.#where.tls }),
    () => this.#comeByTls(),
    () => this.#hear(ofDuplex(this.loop)),
    () => this.#sockets.push(...watchSocket(this.loop, this.#plain.port)),
    () => {
      const come = (port: number): void => this.#come(() => {}, { port });
      this.#servers.push(...watchServer(this.loop, (task) => this.attempt(task), come));
    },
    () => this.#wait(),
    () => proxied(this.loop, this.#say, (stream) => this.#hear(stream)),
    () => this.#serve(),
    () => timers(this.loop),
    () =>
      this.loop
        .delay(() => {})
        .catch((_delay, error) => void this.reports.push(error))
        .wait()
        .catch(() => {}),
    () => this.loop.stop(),
    () => setTimeout(() => this.#start(), 2),
    () => this.#start(),
  ];

  #accepted: ((stream: Stream) => void) | undefined;

  #hearLoop(): void {
    const { loop } = this;
    loop.reactor.unsubscribe("error");
    loop.reactor.on("error", (_reactor, error) => void this.reports.push(error));
  }

  #start(): void {
    if (!this.loop.isRunning) this.attempt(() => this.#runs.push(this.loop.start({ forever: true })));
  }

  // Three servers: TCP, TLS, and a UNIX domain socket.
  #serve(): void {
    const { loop } = this;
    const { certPath, keyPath } = this.#around.certificate;
    const serve = (options: ListenerOptions): Id => loop.server(options, (_loop, stream) => this.#answer(stream));
    this.attempt(() => (this.#where.tcp = portOf(loop, serve({ keepAlive: 1 }))));
    const isFirst = this.#count++ === 0;
    if (isFirst || this.random.oneIn(2))
      this.attempt(() => (this.#where.tls = portOf(loop, serve({ tlsCert: certPath, tlsKey: keyPath }))));
    if (isFirst) serve({ path: this.#where.path, mode: 0o600 });
  }

  #hear(stream: Stream): void {
    stream.on("error", (_stream, error) => void this.reports.push(error));
  }

  #answer(stream: Stream): void {
    this.#hear(stream);
    const accepted = this.#accepted;
    accepted?.(stream);
    stream.on("read", (stream, chunk) => {
      const text = String(chunk);
      if (accepted) stream.write(chunk);
      else if (text === "steal") this.#steal(stream);
      else if (text === "pause") {
        stream.stop();
        this.loop.timer(0.002, () => stream.start());
      } else if (text === "late") {
        stream.unsubscribe("read");
        this.loop.timer(0.003, () => stream.on("read", () => {}));
      } else if (text === "close") stream.write("bye", () => stream.close());
      else if (text === "gone") stream.handle?.destroy();
      else if (text === "idle") stream.timeout = 0.002;
      else stream.write(chunk).closeGracefully();
    });
  }

  #steal(stream: Stream): void {
    const handle = stream.stealHandle();
    if (!handle) return;
    this.#sockets.push(handle.on("error", () => {}));
    handle.resume();
  }

  #control(stream: Stream, send: (text: string) => void, got: () => string): void {
    this.#controls.push(new Control(stream, send, got));
  }

  #visit(options: ClientOptions): void {
    const size = this.random.of([10, 300_000]);
    this.loop.client({ timeout: 1, ...options }, (_loop, error, stream) => {
      if (error) this.reports.push(error);
      if (!stream) return;
      this.#hear(stream);
      stream.write("y".repeat(size));
      if (size > 10) stream.write(new Uint8Array(200_000));
      stream.on("read", (stream) => stream.closeGracefully());
    });
  }

  #come(act: (socket: Socket) => void, where: { port: number } | { path: string } = { port: this.#where.tcp }): void {
    const far = peer(where);
    this.#peers.push(far);
    far.connected.then(() => act(far.socket)).catch(() => {});
  }

  readonly #say = (text: string, port: number): void => this.#come((socket) => socket.write(text), { port });

  #comeByTls(): void {
    const socket = connectTls({ port: this.#where.tls, host: "localhost", ca: this.#around.ca });
    this.#sockets.push(socket.on("error", () => {}).on("secureConnect", () => socket.write("by TLS")));
    socket.on("data", () => socket.end());
  }

  // Clients without a free slot: one waits, one is dropped, one is closed with the server.
  #wait(): void {
    const { loop } = this;
    const server = loop.server({ backlog: 1 }, (_loop, stream) => this.#answer(stream));
    const dropping = loop.server({ overflow: "drop" }, (_loop, stream) => this.#answer(stream));
    const { maxConnections } = loop;
    loop.maxConnections = 0;
    const { tcp, tls } = this.#where;
    this.attempt(() => {
      const [port, other] = [portOf(loop, server), portOf(loop, dropping)];
      for (const where of [port, port, other, tcp, tls]) this.#come((socket) => socket.write("waits"), { port: where });
    });
    this.#come((socket) => socket.end("waits"), { path: this.#where.path });
    setTimeout(() => {
      this.attempt(() => loop.remove(server));
      this.attempt(() => loop.remove(dropping));
      loop.maxConnections = maxConnections;
    }, 3);
  }
}
