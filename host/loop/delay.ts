// class Delay: runs steps one after the other; each waits for the events that were begun before it. The semantics are those of
// Mojo::IOLoop::Delay 6.

import { Deferred, isThenable } from "../base/deferred.ts";
import { namesOf } from "../base/event-emitter.ts";
import type { Methods } from "../base/methods.ts";
import { GuardedEmitter } from "../reactor/emitters.ts";
import { IOLoop } from "./ioloop.ts"; // a circle: it has `delay`. Both use each other only in functions.
import { COUNT, FUNCTION, OBJECT, type Rule, check, checkOptions } from "../base/checks.ts";

export interface DelayEvents {
  /** A step threw or rejected. The steps after it are dropped. */
  error: [error: unknown];
  /** All steps have run. The arguments are those that another step would have received. */
  finish: [...args: unknown[]];
}

/** A step. It receives the delay, and the arguments of the events before it, in the order in which these were begun. */
export type Step = (delay: Delay, ...args: never[]) => unknown;

const LOOP: Rule = { allowed: "an IOLoop", type: (value) => value instanceof IOLoop };

/** Manages callbacks and controls the flow of events. */
export class Delay extends GuardedEmitter<DelayEvents> {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a delay" };
  /** @internal */
  static override readonly events: readonly string[] = /* @__PURE__ */ namesOf<DelayEvents>({
    error: true,
    finish: true,
  });

  /** The loop that the steps run on; default the shared loop. */
  readonly ioloop: IOLoop;
  #remaining: Step[] = [];
  #data: Record<string, unknown> = {};
  #args: unknown[][] = []; // arguments of the events begun since the last step, in the order begun
  #begun = 0;
  #pending = 0;
  #inStep = false;
  #waiting = false;
  #stops = false; // whether `wait` has started the loop
  #waits = 0; // pending calls of `wait` that started the loop: their promises reject with the error of a step
  #outcome = new Deferred().silent();

  constructor(options: { ioloop?: IOLoop | undefined } = {}) {
    const { ioloop = IOLoop.singleton } = checkOptions("new Delay", options, { ioloop: LOOP });
    super(ioloop.reactor.engine);
    this.ioloop = ioloop;
  }

  /** The steps that have not run yet. The list is live: steps can be added and removed. */
  get remaining(): Step[] {
    return this.#remaining;
  }

  /**
   * Begins an event: the next step waits until the returned callback has been called. The step receives the arguments of that
   * call, without the first `offset` (default 1, which drops the emitter), and `length` of them at most (default all).
   */
  begin(offset = 1, length?: number): (...args: unknown[]) => this {
    check("begin: offset", offset, COUNT);
    if (length !== undefined) check("begin: length", length, COUNT);
    this.#pending++;
    const outcome = this.#outcome;
    const place = this.#begun++;
    const end = length === undefined ? undefined : offset + length;
    return (...args) => {
      if (this.#pending === 0 || outcome.hasEnded) return this; // called once too often, or too late
      this.#args[place] = args.slice(offset, end);
      if (--this.#pending === 0 && this.#waiting && !this.#inStep) this.#next();
      return this;
    };
  }

  /** Appends a step. */
  step(cb: Step): this {
    check("step: callback", cb, FUNCTION);
    this.#remaining.push(cb);
    return this;
  }

  /** Replaces the steps that have not run yet. */
  steps(...cbs: Step[]): this {
    for (const cb of cbs) check("steps: callback", cb, FUNCTION);
    this.#remaining.splice(0, this.#remaining.length, ...cbs);
    return this;
  }

  /** Data that the steps share. Without an argument, returns all entries; with a key, returns one; with an object, adds its entries. */
  data(): Record<string, unknown>;
  data(key: string): unknown;
  data(entries: object): this;
  data(what?: string | object): unknown {
    if (what === undefined) return this.#data;
    if (typeof what === "string") return Object.hasOwn(this.#data, what) ? this.#data[what] : undefined;
    check("data: entries", what, OBJECT);
    Object.assign(this.#data, what);
    return this;
  }

  /** Passes arguments on to the next step, as an event that has already happened. */
  pass(...args: unknown[]): this {
    return this.begin(0)(...args);
  }

  /**
   * Runs the first step in the next tick, or when all events begun so far have happened. Starts the loop if it is not running, and
   * then stops it at `finish` or `error`. The promise resolves at `finish` or `error`, or when the loop has nothing left to wait
   * for. It rejects with the error of a step if `error` has no subscriber.
   */
  wait(): Promise<void> {
    const { ioloop, engine } = this;
    if (!this.#waiting) {
      this.#waiting = true;
      const end = this.begin();
      ioloop.nextTick(() => end());
    }
    const outcome = this.#outcome.promise;
    const { run } = engine;
    if (run && ioloop.isRunning) {
      const done = run.race(outcome);
      done.catch(() => {}); // the caller may ignore it: the reactor emits `error` for it, too
      return done;
    }
    this.#stops = true;
    return this.#run(outcome);
  }

  async #run(outcome: Promise<void>): Promise<void> {
    const running = this.ioloop.start();
    this.#waits++;
    try {
      await running;
      await Promise.race([outcome, Promise.resolve()]); // without an outcome, the loop had nothing left to wait for
    } finally {
      this.#waits--;
    }
  }

  #next(): void {
    const args = this.#args.flat() as never[];
    this.#args = [];
    this.#begun = 0;
    const step = this.#remaining.shift();
    if (step) {
      const outcome = this.#outcome;
      this.#inStep = true;
      try {
        const result = step(this, ...args);
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.#fail(error, outcome));
      } catch (error) {
        this.#fail(error, outcome);
      } finally {
        this.#inStep = false;
      }
      if (outcome.hasEnded) return;
    }
    if (this.#begun === 0) this.#finish(args);
    // All events that the step began have already happened. The next step runs after this one has returned.
    else if (this.#pending === 0) this.#nextTick();
  }

  #nextTick(): void {
    const end = this.begin();
    this.ioloop.nextTick(() => end());
  }

  #finish(args: unknown[]): void {
    this.#remaining.length = 0;
    this.fire("finish", ...args);
    this.#settle();
  }

  // If the delay already has an outcome, the error is only reported: there are no steps to drop.
  #fail(error: unknown, outcome: Deferred): void {
    const isOver = outcome.hasEnded;
    if (!isOver) this.#remaining.length = 0;
    if (this.hasSubscribers("error")) {
      this.fire("error", error);
    } else {
      outcome.fail(error);
      if (isOver || this.#waits === 0) this.engine.supervisor.failed(error, "delay");
    }
    if (!isOver) this.#settle();
  }

  // Prepares a new outcome, so that new steps can be set and waited for.
  #settle(): void {
    this.#outcome.settle();
    this.#outcome = new Deferred().silent();
    this.#args = [];
    this.#begun = this.#pending = 0;
    if (this.#stops) this.engine.stop();
    this.#stops = false;
    this.#waiting = false;
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    return { isWaiting: this.#waiting, steps: this.#remaining.length, pending: this.#pending };
  }
}
