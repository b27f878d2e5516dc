// What streams, servers and clients have in common: each belongs to a reactor, and has a record in its core once it is used.

import { IOLoopError } from "../base/errors.ts";
import type { Events } from "../base/event-emitter.ts";
import { GuardedEmitter } from "./guarded-emitter.ts";
import { check } from "../base/checks.ts";
import { REACTOR, Reactor } from "./reactor.ts";

/** An emitter that belongs to a reactor. */
export class ReactorPart<E extends Events<E>> extends GuardedEmitter<E> {
  /** The id of its record in the core; 0 without one. @internal */
  id = 0;
  #reactor: Reactor;

  /** @internal */
  constructor(reactor: Reactor = Reactor.default) {
    super(reactor.engine);
    this.#reactor = reactor;
  }

  /** The reactor it belongs to; default that of the shared loop. Settable until it is used: started, listening or connecting. */
  get reactor(): Reactor {
    return this.#reactor;
  }

  set reactor(reactor: Reactor) {
    if (reactor === this.#reactor) return;
    check("reactor", reactor, REACTOR);
    if (this.id !== 0) throw new IOLoopError("ERR_IOLOOP_REACTOR_IN_USE", "It is in use on its reactor");
    this.#reactor = reactor;
    this.engine = reactor.engine;
  }
}
