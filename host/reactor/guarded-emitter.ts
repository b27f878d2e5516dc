// The base of what emits events on behalf of a loop: a subscriber that throws or rejects does not end it.

import type { Engine } from "../engine/engine.ts";
import { EventEmitter, type Events } from "../base/event-emitter.ts";

/** An emitter whose subscribers are guarded: what they throw goes to the reactor's `error` event. */
export class GuardedEmitter<E extends Events<E>> extends EventEmitter<E> {
  /** @internal */
  engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    super();
    this.engine = engine;
  }

  /** Emits, and reports what a subscriber throws. @internal */
  fire<K extends keyof E & string>(name: K, ...args: E[K]): void {
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
