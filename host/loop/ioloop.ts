// class IOLoop: maps ids to objects, under the names of Mojo::IOLoop.

import { tally } from "../core/debug.ts";
import { type Step, Delay } from "./delay.ts";
import { Client } from "../net/client.ts";
import type { ClientOptions } from "../net/client-options.ts";
import { IOLoopError } from "../base/errors.ts";
import { LoopPromises } from "./loop-promises.ts";
import { type StopOptions, stopGracefully } from "./graceful-stop.ts";
import { type Methods, detached } from "../base/methods.ts";
import { printError } from "../reactor/print-error.ts";
import type { ListenerOptions } from "../net/listener-options.ts";
import { type IOLoopOptions, LOOP_EVENTS, checkLoopOptions, instance } from "./loop-options.ts";
import { FUNCTION, callForm, check, checkNextTick, checkTimer, STREAM } from "../base/checks.ts";
import type { Id } from "../core/ids.ts";
import { REACTOR, Reactor, type StartOptions } from "../reactor/reactor.ts";
import { Server } from "../net/server.ts";
import type { StreamHandle } from "../socket/handle.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { type ServedServer, streamOf } from "./served.ts";
import { type AnyData, Stream } from "../stream/stream.ts";
import { streamClient, streamServer } from "./streams.ts";

export type LoopCallback = (loop: IOLoop) => unknown;
export type ServerCallback<Data = AnyData> = (loop: IOLoop, stream: Stream<Data>, id: Id) => unknown;
/** Called with an error or with a stream. A check of one narrows the type of the other. */
export type ClientCallback = (
  ...args:
    | [loop: IOLoop, error: NodeJS.ErrnoException, stream: undefined]
    | [loop: IOLoop, error: undefined, stream: Stream]
) => unknown;
/** A {@link ClientCallback} without the stream. A function with fewer parameters is not assignable to a union of parameters. */
export type ErrorCallback = (loop: IOLoop, error: NodeJS.ErrnoException | undefined) => unknown;

/** An event loop for TCP clients and servers. */
export class IOLoop extends LoopPromises {
  /** @internal */
  static override readonly ownMethods: Methods = {
    of: "a loop",
    unchecked: ["timer", "recurring", "remove", "nextTick"],
  };
  /** @internal */
  static override readonly events: readonly string[] = LOOP_EVENTS;

  #reactor: Reactor;

  static #singleton: IOLoop | undefined;

  constructor(options: IOLoopOptions = {}) {
    const given = checkLoopOptions(options);
    const reactor = given.reactor ?? new (Reactor.detect())({ clock: given.clock });
    super(reactor.engine, given);
    this.#reactor = reactor;
    this.#attach(reactor, 'new IOLoop: option "reactor"');
  }

  /** The loop that the whole process shares. The static methods act on it. */
  static get singleton(): IOLoop {
    return (IOLoop.#singleton ??= new IOLoop({ reactor: Reactor.default }));
  }

  /**
   * The low-level reactor, with a default `error` subscriber that prints to stderr. It can be set while the loop has no timers, servers
   * or connections; otherwise setting it throws `ERR_IOLOOP_REACTOR_IN_USE`.
   */
  get reactor(): Reactor {
    return this.#reactor;
  }

  set reactor(reactor: Reactor) {
    if (reactor === this.#reactor) return;
    check("reactor", reactor, REACTOR);
    if (this.engine.isRunning || this.engine.isWatching) {
      const message = "loop.reactor cannot be replaced while the loop has timers, servers or connections";
      throw new IOLoopError("ERR_IOLOOP_REACTOR_IN_USE", message);
    }
    const before = this.#reactor;
    this.#attach(reactor, "loop.reactor");
    before.detach();
    if (this === IOLoop.#singleton) Reactor.default = reactor;
  }

  /** Whether the loop runs, and `stop` has not been called. */
  get isRunning(): boolean {
    return this.engine.isRunning;
  }

  /**
   * Whether new clients can be admitted, now or when a slot is free: the loop runs, one of its servers that are not exempt accepts,
   * `maxConnections` is not 0, and no graceful stop has begun. Health checks answer this.
   */
  get isAccepting(): boolean {
    const { acceptors, admission } = this.engine;
    return this.isRunning && !admission.isFinishing && this.maxConnections > 0 && acceptors.areAccepting;
  }

  /** Accepts connections, and calls `cb(loop, stream, id)` for each. Returns the acceptor's id. `Data` is the type of each stream's `data`. */
  server<Data = AnyData>(options: ListenerOptions, cb: ServerCallback<Data>): Id;
  server<Data = AnyData>(cb: ServerCallback<Data>, options?: ListenerOptions): Id;
  server(a: unknown, b?: unknown): Id {
    const [options = {}, callback] = callForm<ListenerOptions | undefined>("server", a, b);
    const cb = callback as ServerCallback;
    return streamServer(this.#reactor, options, (stream, id) => cb(this, stream, id)).record();
  }

  /**
   * Puts a server of the runtime behind the loop, which accepts for it: an `http`, `https` or `http2` server (and so Express, Fastify, Koa),
   * a `tls` or `net` server, or anything with a `connection` event. `cb(loop, stream, id)` runs for each connection before the server
   * gets it. Returns the acceptor's id. Options: {@link ServeOptions}. The server need not listen; when it emits `close`, the acceptor closes.
   *
   * @throws IOLoopError `ERR_IOLOOP_UNSUPPORTED` for a server of `node:https` on Bun.
   */
  serve<Data = AnyData>(server: ServedServer, options?: ServeOptions, cb?: ServerCallback<Data>): Id {
    if (cb !== undefined) check("serve: callback", cb, FUNCTION);
    return serve(this.#reactor, server, options ?? {}, cb && ((stream, id) => cb(this, stream, id)));
  }

  /**
   * Opens a connection, and calls `cb(loop, error, stream)` once. Returns the id of the attempt, and then of the connection. Options:
   * {@link ClientOptions}.
   */
  client(options: ClientOptions, cb: ClientCallback): Id;
  client(options: ClientOptions, cb: ErrorCallback): Id;
  client(cb: ClientCallback, options?: ClientOptions): Id;
  client(cb: ErrorCallback, options?: ClientOptions): Id;
  client(a: unknown, b?: unknown): Id {
    const [options = {}, callback] = callForm<ClientOptions | undefined>("client", a, b);
    const cb = callback as (...args: unknown[]) => unknown;
    return streamClient(this.#reactor, options, (error, stream) => cb(this, error, stream));
  }

  /** Returns the server with this id, if any. Given a server, makes it an acceptor of this loop, and returns its id. */
  acceptor(server: Server): Id;
  acceptor(id: Id): Server | undefined;
  acceptor(idOrServer: Id | Server): Server | Id | undefined {
    if (typeof idOrServer === "number") return this.engine.acceptors.find(idOrServer, Server);
    instance("acceptor", idOrServer, Server);
    idOrServer.reactor = this.#reactor;
    return idOrServer.record();
  }

  /**
   * Returns the stream with this id, or of a socket that a served server received, with or without TLS on it; undefined if there is none.
   * Given a stream, makes it a connection of this loop, starts it, and returns its id.
   */
  stream(stream: Stream): Id;
  stream(idOrSocket: Id | StreamHandle): Stream | undefined;
  stream(what: Id | Stream | StreamHandle): Stream | Id | undefined {
    if (typeof what === "number") return this.engine.connections.find(what, Stream);
    if (!(what instanceof Stream) && STREAM.type(what)) return streamOf(this.engine, what);
    instance("stream", what, Stream);
    what.reactor = this.#reactor;
    return what.join();
  }

  /** Calls `cb(loop)` once, `after` seconds from now or later. Returns the timer's id. */
  timer(after: number, cb: LoopCallback): Id;
  timer(cb: LoopCallback, after: number): Id;
  timer(a: unknown, b: unknown): Id {
    return IOLoop.#timer(this, "timer", a, b, arguments.length, false);
  }

  /** Calls `cb(loop)` every `after` seconds; with 0, once per tick. Returns the timer's id. */
  recurring(after: number, cb: LoopCallback): Id;
  recurring(cb: LoopCallback, after: number): Id;
  recurring(a: unknown, b: unknown): Id {
    return IOLoop.#timer(this, "recurring", a, b, arguments.length, true);
  }

  /** Calls `cb(loop)` in the next tick, after the caller has returned. Callbacks run in the order of the calls. */
  nextTick(cb: LoopCallback): void {
    if (!(this instanceof IOLoop)) detached("nextTick", "a loop");
    checkNextTick(cb, arguments.length);
    this.engine.nextTick(cb);
  }

  /** Returns a {@link Delay} with these steps, on this loop. */
  delay(...steps: Step[]): Delay {
    for (const step of steps) check("delay: callback", step, FUNCTION);
    return new Delay({ ioloop: this }).steps(...steps);
  }

  /**
   * Removes the timer, connection or server with this id; returns false if the id is unknown or spent. A timer does not fire. A connection
   * finishes writing first. A client still connecting is aborted silently. A server stops listening, keeps its connections, and resets
   * clients that wait.
   */
  remove(id: Id): boolean {
    if (!(this instanceof IOLoop)) detached("remove", "a loop");
    return typeof id === "number" && (this.engine.timers.remove(id) || this.#close(id));
  }

  /**
   * Runs until `stop`, or until nothing is watched any more. With `forever`, it also runs while nothing is watched, so that it can be
   * started before there is work; `stop`, a graceful stop and `reset` end it. If a promise has started the loop, joins that run.
   *
   * @throws IOLoopError `ERR_IOLOOP_RUNNING` if it is running already.
   */
  start(options: StartOptions = {}): Promise<void> {
    return this.#reactor.start(options);
  }

  /** Runs until at least one event has been dispatched, or nothing is watched. Throws as `start` does. */
  oneTick(): Promise<void> {
    return this.engine.start(true);
  }

  /** Stops the loop after the current pass. Connections stay open; `start` continues. */
  stop(): void {
    this.#reactor.stop();
  }

  /**
   * Shuts down without losing a client. Emits `finish` at once, and accepts for `delay` more seconds. Then every listening socket closes,
   * and `closing` is emitted. Clients that have connected by then are still admitted. The loop stops as soon as no client waits and no
   * connection is left, incoming or outgoing. Resolves when the loop has stopped; at once if it is not running: then it stops in the
   * first tick without clients and connections. Calling it again can shorten the delay or the timeout, but never extend them.
   */
  stopGracefully(options: StopOptions = {}): Promise<void> {
    return stopGracefully(this.engine, options);
  }

  /**
   * Emits `reset`, removes every timer, watcher, acceptor, connection and subscriber, closes their sockets, and stops. Keeps the limits,
   * and the reactor's default `error` subscriber.
   */
  reset(): void {
    this.fire("reset");
    this.#reactor.reset();
    this.unsubscribeAll();
    this.#reactor.on("error", printError);
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    const { isRunning, isAccepting } = this;
    return { isRunning, isAccepting, maxConnections: this.maxConnections, ...tally(this.engine.core) };
  }

  #close(id: Id): boolean {
    const stream = this.engine.connections.find(id, Stream);
    const one = stream ?? this.engine.connections.find(id, Client) ?? this.engine.acceptors.find(id, Server);
    if (stream) stream.closeGracefully();
    else one?.close();
    return one !== undefined;
  }

  static #timer(loop: IOLoop, what: string, a: unknown, b: unknown, count: number, recurring: boolean): Id {
    if (!(loop instanceof IOLoop)) detached(what, "a loop");
    const isFirst = typeof a === "function"; // no array: programs make millions of timers
    const after = isFirst ? b : a;
    const cb = isFirst ? a : b;
    checkTimer(what, after, cb, count);
    return loop.engine.timers.make(after as number, recurring, cb as LoopCallback) as Id;
  }

  #attach(reactor: Reactor, what: string): void {
    reactor.attach(this, what);
    this.#reactor = reactor;
    this.engine = reactor.engine;
    if (!reactor.hasSubscribers("error")) reactor.on("error", printError);
    this.applyAll();
  }

  // The static methods act on the shared loop.
  static readonly acceptor: IOLoop["acceptor"] = /* @__PURE__ */ onSingleton("acceptor");
  static readonly delay: IOLoop["delay"] = /* @__PURE__ */ onSingleton("delay");
  static readonly client: IOLoop["client"] = /* @__PURE__ */ onSingleton("client");
  static readonly connect: IOLoop["connect"] = /* @__PURE__ */ onSingleton("connect");
  static readonly listen: IOLoop["listen"] = /* @__PURE__ */ onSingleton("listen");
  static readonly nextTick: IOLoop["nextTick"] = /* @__PURE__ */ onSingleton("nextTick");
  static readonly oneTick: IOLoop["oneTick"] = /* @__PURE__ */ onSingleton("oneTick");
  static readonly recurring: IOLoop["recurring"] = /* @__PURE__ */ onSingleton("recurring");
  static readonly remove: IOLoop["remove"] = /* @__PURE__ */ onSingleton("remove");
  static readonly reset: IOLoop["reset"] = /* @__PURE__ */ onSingleton("reset");
  static readonly serve: IOLoop["serve"] = /* @__PURE__ */ onSingleton("serve");
  static readonly server: IOLoop["server"] = /* @__PURE__ */ onSingleton("server");
  static readonly sleep: IOLoop["sleep"] = /* @__PURE__ */ onSingleton("sleep");
  static readonly start: IOLoop["start"] = /* @__PURE__ */ onSingleton("start");
  static readonly stop: IOLoop["stop"] = /* @__PURE__ */ onSingleton("stop");
  static readonly stopGracefully: IOLoop["stopGracefully"] = /* @__PURE__ */ onSingleton("stopGracefully");
  static readonly stream: IOLoop["stream"] = /* @__PURE__ */ onSingleton("stream");
  static readonly timer: IOLoop["timer"] = /* @__PURE__ */ onSingleton("timer");

  /** Whether the shared loop runs. */
  static isRunning(): boolean {
    return IOLoop.singleton.isRunning;
  }
}

function onSingleton<K extends keyof IOLoop>(name: K): IOLoop[K] {
  const method = (...args: unknown[]): unknown =>
    (IOLoop.singleton[name] as (...args: unknown[]) => unknown).apply(IOLoop.singleton, args);
  return method as IOLoop[K];
}
