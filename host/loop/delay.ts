// class Delay: steps that wait for events, one after the other. The semantics are those of Mojo::IOLoop::Delay 6.

import { Deferred, isThenable } from "../base/deferred.ts";
import { namesOf } from "../base/event-emitter.ts";
import { ownMethods } from "../base/methods.ts";
import { GuardedEmitter } from "../reactor/emitters.ts";
import type { IOLoop } from "./ioloop.ts";
import { COUNT, FUNCTION, OBJECT, type Rule, check, checkOptions } from "../base/checks.ts";

export interface DelayEvents {
  /** A step has thrown or rejected; the steps after it are dropped. */
  error: [error: unknown];
  /** There are no more steps: the arguments that the next one would have got. */
  finish: [...args: unknown[]];
}

/** A step: the delay, and the arguments of the events before it, in the order in which they were begun. */
export type Step = (delay: Delay, ...args: never[]) => unknown;

let Loop: typeof IOLoop;

/** Says what a loop is, and so where the shared one is to be had. @internal */
export function shareLoop(loop: typeof IOLoop): void {
  Loop = loop;
}

const LOOP: Rule = { allowed: "an IOLoop", type: (value) => value instanceof Loop };

/** Manages callbacks and controls the flow of events. */
export class Delay extends GuardedEmitter<DelayEvents> {
  /** @internal */
  static override readonly events: readonly string[] = namesOf<DelayEvents>({ error: true, finish: true });

  /** The loop it runs on; default the shared one. */
  readonly ioloop: IOLoop;
  #remaining: Step[] = [];
  #data: Record<string, unknown> = {};
  #args: unknown[][] = []; // of the events begun since the last step, in the order begun
  #begun = 0;
  #pending = 0;
  #inStep = false;
  #waiting = false;
  #stops = false; // whether `wait` has started the loop
  #waits = 0; // promises of `wait` that would reject with the error of a step, and whose loop was started for them
  #outcome = new Deferred().silent();

  constructor(options: { ioloop?: IOLoop | undefined } = {}) {
    const { ioloop = Loop.singleton } = checkOptions("new Delay", options, { ioloop: LOOP });
    super(ioloop.reactor.engine);
    this.ioloop = ioloop;
  }

  /** The steps that are still to come: the live list, to which steps can be added and from which they can be taken. */
  get remaining(): Step[] {
    return this.#remaining;
  }

  /**
   * Begins an event: the next step waits until the callback that is returned has been called, and gets what of its
   * arguments is left when the first `offset` (default 1: the emitter) are dropped, `length` of them (default all).
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

  /** Adds a step. */
  step(cb: Step): this {
    check("step: callback", cb, FUNCTION);
    this.#remaining.push(cb);
    return this;
  }

  /** Sets the steps, instead of those that are still to come. */
  steps(...cbs: Step[]): this {
    for (const cb of cbs) check("steps: callback", cb, FUNCTION);
    this.#remaining.splice(0, this.#remaining.length, ...cbs);
    return this;
  }

  /** What is shared between the steps: all of it, one entry, or with an object, new entries. */
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

  /** Passes arguments on to the next step: an event that has happened already. */
  pass(...args: unknown[]): this {
    return this.begin(0)(...args);
  }

  /**
   * Lets the first step run in the next tick, or, where events have been begun, when they have happened. Starts the loop
   * where it does not run, and stops it on `finish` or `error`. Resolves then, or when the loop has nothing to wait for any
   * more; rejects with the error of a step where `error` has no subscriber.
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
      done.catch(() => {}); // it may not be looked at: the reactor's `error` gets it, too
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
    // All it began has happened already: the step after it runs when this one has returned.
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

  // A step that fails when its delay has an outcome already, or failed itself before, has nothing to break off.
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

  // What follows is about a new outcome: new steps can be set, and waited for.
  #settle(): void {
    this.#outcome.settle();
    this.#outcome = new Deferred().silent();
    this.#args = [];
    this.#begun = this.#pending = 0;
    if (this.#stops) this.ioloop.stop();
    this.#stops = false;
    this.#waiting = false;
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    return { isWaiting: this.#waiting, steps: this.#remaining.length, pending: this.#pending };
  }
}

ownMethods(Delay, "a delay");
