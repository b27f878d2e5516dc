// class Reactor: timers, watchers and the run of a loop, under their public names.

import { type Clock, SystemClock } from "../time/clock.ts";
import { Kind, kindOf } from "../core/core.ts";
import { show, tally } from "../core/debug.ts";
import type { Id } from "../core/ids.ts";
import { Engine } from "../engine/engine.ts";
import { setting } from "../base/runtime.ts";
import { IOLoopError } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import { Shown } from "../base/inspect.ts";
import { type Methods, detached } from "../base/methods.ts";
import {
  BOOLEAN,
  CLOCK,
  COUNT,
  ID,
  type Rule,
  SECONDS,
  TEXT,
  callForm,
  check,
  checkOptions,
  checkNextTick,
  checkTimer,
} from "../base/checks.ts";
import type { DropInfo, LoopEvent } from "../engine/admission.ts";
import { type Handle, IOWatchers } from "./io-watchers.ts";

/** Options of {@link Reactor}. */
export interface ReactorOptions {
  /** The clock; default a {@link SystemClock}. */
  clock?: Clock | undefined;
  /** The seed of the random cut of `maxAccepts`, so that a run can be repeated: a whole number from 0 to 2147483647. Default: random. */
  seed?: number | undefined;
}

/** The loop of a reactor, which emits events for it. */
interface Emitting {
  fire(name: LoopEvent): void;
  fire(name: "drop", info: DropInfo): void;
}

export interface ReactorEvents {
  /** A callback has thrown or rejected, or an `error` had no subscriber. Arguments: the error, and the name of the event. */
  error: [error: unknown, event: string];
}

/** Options of `start`. */
export interface StartOptions {
  /** Keep running when there is nothing to wait for; default false. */
  forever?: boolean | undefined;
}

/** The rules for the options of `start`. */
const START_RULES: Readonly<Record<string, Rule>> = { forever: BOOLEAN };

/** The rule for an argument that is a reactor. */
export const REACTOR: Rule = { allowed: "a Reactor", type: (value) => value instanceof Reactor };

const REACTOR_CLASS: Rule = {
  allowed: "Reactor, or a class that extends it",
  type: (value) => value === Reactor || (typeof value === "function" && value.prototype instanceof Reactor),
};

/** The low-level event reactor. Every loop has one; a reactor can also be used alone. */
export class Reactor extends Shown<ReactorEvents> {
  /** @internal */
  static override readonly ownMethods: Methods = {
    of: "a reactor",
    unchecked: ["timer", "recurring", "again", "remove"],
  };
  /** @internal */
  static override readonly events: readonly string[] = /* @__PURE__ */ namesOf<ReactorEvents>({ error: true });

  /** @internal */
  readonly engine: Engine;
  #loop: Emitting | undefined;
  readonly #watchers: IOWatchers;

  static #default: Reactor | undefined;
  static readonly #classes = new Map<string, typeof Reactor>();

  constructor(options: ReactorOptions = {}) {
    super();
    const given = checkOptions("new Reactor", options, { clock: CLOCK, seed: COUNT });
    const { clock = new SystemClock(), seed = Math.floor(Math.random() * 2 ** 31) } = given;
    this.engine = new Engine(clock, seed, {
      failed: (error, event) => this.#failed(error, event),
      tell: (event) => this.#loop?.fire(event),
      drop: (info) => this.#loop?.fire("drop", info),
    });
    this.engine.subject = this;
    this.#watchers = new IOWatchers(this.engine, this);
  }

  /** The reactor of the shared loop, which streams, servers and clients use by default. @internal */
  static get default(): Reactor {
    return (Reactor.#default ??= new (Reactor.detect())());
  }

  /** @internal */
  static set default(reactor: Reactor) {
    Reactor.#default = reactor;
  }

  /**
   * Registers a reactor class under a name, for `IOLOOP_REACTOR`. Registering a name again replaces its class. Throws unless `name` is a
   * string that is not empty and `type` is `Reactor` or a class that extends it.
   *
   * ```js
   * class TracingReactor extends Reactor {}
   * Reactor.register("tracing", TracingReactor); // and IOLOOP_REACTOR=tracing in the environment
   * ```
   */
  static register(name: string, type: typeof Reactor): void {
    check("register: name", name, TEXT);
    check("register: type", type, REACTOR_CLASS);
    Reactor.#classes.set(name, type);
  }

  /**
   * The reactor class for loops that are not given a reactor: the registered class that the environment variable `IOLOOP_REACTOR`
   * names, or `Reactor` if it is unset or the name is not registered.
   */
  static detect(): typeof Reactor {
    return Reactor.#classes.get(setting("IOLOOP_REACTOR") ?? "") ?? Reactor;
  }

  /** Whether it belongs to a loop. @internal */
  get hasLoop(): boolean {
    return this.#loop !== undefined;
  }

  /** Makes it belong to a loop. `what` names the caller and the argument, for an error message. @internal */
  attach(loop: Emitting, what: string): void {
    if (this.#loop) {
      const message = `${what} already belongs to another loop; give every loop its own Reactor`;
      throw new IOLoopError("ERR_IOLOOP_REACTOR_IN_USE", message);
    }
    this.#loop = loop;
    this.engine.subject = loop;
  }

  /** Ends that. @internal */
  detach(): void {
    this.#loop = undefined;
    this.engine.subject = this;
  }

  /** Whether it runs, and `stop` has not been called. */
  get isRunning(): boolean {
    return this.engine.isRunning;
  }

  /** Calls back once, `after` seconds from now or later. Returns the timer's id. Throws `ERR_IOLOOP_FULL` if the core has no room. */
  timer(after: number, cb: (reactor: this) => unknown): Id;
  timer(cb: (reactor: this) => unknown, after: number): Id;
  timer(a: unknown, b: unknown): Id {
    return Reactor.#timer(this, "timer", a, b, arguments.length, false);
  }

  /** Calls back every `after` seconds; with 0, once a tick. Returns the timer's id. */
  recurring(after: number, cb: (reactor: this) => unknown): Id;
  recurring(cb: (reactor: this) => unknown, after: number): Id;
  recurring(a: unknown, b: unknown): Id {
    return Reactor.#timer(this, "recurring", a, b, arguments.length, true);
  }

  /**
   * Restarts an active timer: it fires one interval from now. `after`, in seconds, sets a new interval permanently.
   *
   * @throws IOLoopError `ERR_IOLOOP_TIMER_INACTIVE` if the timer has fired or was removed.
   */
  again(timer: Id, after?: number): void {
    if (!(this instanceof Reactor)) detached("again", "a reactor");
    if (typeof timer !== "number") check("again: timer", timer, ID);
    if (after !== undefined) check("again: after", after, SECONDS);
    if (!this.engine.timers.again(timer, after)) throw inactive(timer);
  }

  /** Calls back in the next tick, after the caller has returned, in the order of the calls. */
  nextTick(cb: (reactor: this) => unknown): void {
    checkNextTick(cb, arguments.length);
    this.engine.nextTick(() => cb(this));
  }

  /**
   * Watches a handle: calls back in every tick in which it is readable (`writable` is false) or writable (true). If it is
   * both, the call for reading comes first. It is watched for both until `watch` changes that. For a handle that is watched
   * already, replaces the callback.
   *
   * The callback must react: read, `watch` for less, or `remove` the handle. Otherwise it is called again in the next tick.
   *
   * - A stream is readable while it has data (`handle.read()`; on some runtimes one call returns one chunk), and from its end
   *   on. While it is watched for reading it does not flow: data waits for `read()`, even if there are `data`
   *   listeners. `remove` lets it flow as before, with the data that has not been read.
   * - A stream is writable while it is connected and not ended, unless `write` has returned false and `drain` has not come yet.
   * - A handle that has closed or failed is both: from its `close` on until it is removed, and once for an `error`, which
   *   does not end the process while the handle is watched (`handle.errored` has the error).
   * - A listening server is readable while it has connections that the program has not taken. The runtime accepts by itself. If the
   *   program listens to the server's `connection` (`secureConnection` with TLS), it gets each connection there as always, and
   *   the callback runs afterwards, once for each connection, at most once per tick. If it does not, connections wait until it does:
   *   `server.once("connection", cb)` in the callback takes the one that has waited longest. At most 511 wait; further ones are
   *   closed at once. Those that still wait when the server is removed are closed.
   *
   * Do not watch the handle of a loop's `Stream` or `Server`.
   *
   * @throws IOLoopError `ERR_IOLOOP_HANDLE_CLOSED` if the handle is closed.
   */
  io(handle: Handle, cb: (reactor: this, writable: boolean) => unknown): this;
  io(cb: (reactor: this, writable: boolean) => unknown, handle: Handle): this;
  io(a: unknown, b: unknown): this {
    const [handle, cb] = callForm<Handle>("io", a, b);
    this.#watchers.io(handle, cb as never);
    return this;
  }

  /**
   * Changes what a handle is watched for. If neither, there are no calls, but the handle still keeps the reactor running.
   *
   * @throws IOLoopError `ERR_IOLOOP_WATCHER_INACTIVE` if the handle is not watched.
   */
  watch(handle: Handle, read: boolean, write: boolean): this {
    this.#watchers.watch(handle, read, write);
    return this;
  }

  /**
   * Removes a timer or a watched handle. The handle stays open, and the reactor leaves no listeners on it. Returns false if the
   * argument is not an active timer or a watched handle.
   */
  remove(timerOrHandle: Id | Handle): boolean {
    if (!(this instanceof Reactor)) detached("remove", "a reactor");
    if (typeof timerOrHandle === "number") return this.engine.timers.remove(timerOrHandle);
    return this.#watchers.remove(timerOrHandle);
  }

  /**
   * Runs until `stop`, or until there is nothing to wait for: no timer, watched handle, server or connection. With `forever`, only until
   * `stop`. The promise resolves when it has stopped, and rejects if an error had no subscriber.
   *
   * @throws IOLoopError `ERR_IOLOOP_RUNNING` if it is already running.
   */
  start(options: StartOptions = {}): Promise<void> {
    return this.engine.start(false, checkOptions("start", options, START_RULES).forever);
  }

  /** Runs until at least one event has been dispatched, or there is nothing to wait for. Throws as `start` does. */
  oneTick(): Promise<void> {
    return this.engine.start(true);
  }

  /** Ends the run after the current pass. Timers, handles and connections stay, and `start` continues with them. */
  stop(): void {
    this.engine.isStopped ||= this.isRunning;
    this.engine.stop();
  }

  /** Removes every timer, watcher and subscriber, closes every connection and acceptor, and stops. */
  reset(): void {
    this.engine.reset();
    this.unsubscribeAll();
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    const { isRunning, engine } = this;
    return { isRunning, ...tally(engine.core), watched: this.#watchers.length };
  }

  static #timer(reactor: Reactor, what: string, a: unknown, b: unknown, count: number, recurring: boolean): Id {
    if (!(reactor instanceof Reactor)) detached(what, "a reactor");
    const [after, cb] = typeof a === "function" ? [b, a] : [a, b];
    checkTimer(what, after, cb, count);
    const callback = cb as (reactor: Reactor) => unknown;
    return reactor.engine.timers.make(after as number, recurring, () => callback(reactor)) as Id;
  }

  #failed(error: unknown, event: string): void {
    if (!this.hasSubscribers("error")) return this.engine.fail(error);
    try {
      this.emit("error", error, event);
    } catch (failure) {
      this.engine.fail(failure);
    }
  }

  protected override pending(result: PromiseLike<unknown>): void {
    result.then(undefined, (failure: unknown) => this.engine.fail(failure));
  }
}

function inactive(timer: number): IOLoopError {
  const why =
    kindOf(timer) === Kind.TIMER
      ? `timer ${show(timer)} has fired or was removed`
      : `${timer} is not the id of a timer`;
  return new IOLoopError("ERR_IOLOOP_TIMER_INACTIVE", `Timer not active: ${why}`);
}
