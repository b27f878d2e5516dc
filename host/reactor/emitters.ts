// Base classes: of emitters that belong to a loop, and of those that also have a record in the core of a reactor.

import type { LoopEngine } from "../engine/loop-engine.ts";
import { check } from "../base/checks.ts";
import { IOLoopError } from "../base/errors.ts";
import type { Events } from "../base/event-emitter.ts";
import { Shown } from "../base/inspect.ts";
import { REACTOR, Reactor } from "./reactor.ts";

/** An emitter with guarded subscribers: an exception goes to the reactor's `error` event. */
export abstract class GuardedEmitter<E extends Events<E>> extends Shown<E> {
  /** @internal */
  engine: LoopEngine;

  /** @internal */
  constructor(engine: LoopEngine) {
    super();
    this.engine = engine;
  }

  /** Emits an event, and reports what a subscriber throws. @internal */
  fire<K extends keyof E & string>(name: K, ...args: E[K]): void {
    if (name !== "error" && !this.hasSubscribers(name)) return; // the usual case: most events of most streams have no subscriber
    try {
      this.emit(name, ...args);
    } catch (error) {
      this.engine.supervisor.failed(error, name);
    }
  }

  protected override pending(result: PromiseLike<unknown>, name: string): void {
    this.engine.guard.pending(result, name);
  }
}

/** An emitter that belongs to a reactor, and has a record in its core while it is used: a stream, a server, a client. */
export abstract class ReactorPart<E extends Events<E>> extends GuardedEmitter<E> {
  /** The id of its record in the core; 0 if there is none. @internal */
  id = 0;
  #reactor: Reactor;

  /** @internal */
  constructor(reactor: Reactor = Reactor.default) {
    super(reactor.engine);
    this.#reactor = reactor;
  }

  /**
   * The reactor it belongs to; default that of the shared loop. Settable until it is used: started, listening or connecting. After
   * that, setting it throws IOLoopError `ERR_IOLOOP_REACTOR_IN_USE`.
   */
  get reactor(): Reactor {
    return this.#reactor;
  }

  set reactor(reactor: Reactor) {
    if (reactor === this.#reactor) return;
    check("reactor", reactor, REACTOR);
    if (this.id !== 0) {
      const message = `reactor cannot be changed once the ${this.isUsed}`;
      throw new IOLoopError("ERR_IOLOOP_REACTOR_IN_USE", message);
    }
    this.#reactor = reactor;
    this.engine = reactor.engine;
  }

  /** How it uses its reactor, for an error message: `stream has started`. @internal */
  protected abstract get isUsed(): string;
}
