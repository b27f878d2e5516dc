// The callbacks of timers, by slot; everything else about them is the core's.

import { Due, slotOf } from "./core.ts";
import { debug, show } from "./debug.ts";
import type { Engine } from "./engine.ts";
import { IOLoopError } from "./errors.ts";
import type { Callback } from "./parts.ts";

/** The callbacks behind the core's timers. */
export class Timers {
  readonly #engine: Engine;
  #callbacks: (Callback | undefined)[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Makes a timer of `after` seconds. */
  make(after: number, recurring: boolean, callback: Callback): number {
    const { core, clock } = this.#engine;
    const id = core.calls.handleTimer(after * 1000, recurring ? 1 : 0, clock.now());
    if (id < 0) throw new IOLoopError("ERR_IOLOOP_FULL", "No room for another timer");
    core.refresh();
    this.#callbacks[slotOf(id)] = callback;
    debug?.(core, `timer ${show(id)} in ${after} s${recurring ? ", recurring" : ""}`);
    this.#engine.rearm();
    return id;
  }

  /** Removes a timer; false when it is no timer, or a spent one. */
  remove(id: number): boolean {
    if (this.#engine.core.calls.handleTimerRemove(id) < 0) return false;
    this.#callbacks[slotOf(id)] = undefined;
    debug?.(this.#engine.core, `timer ${show(id)} removed`);
    this.#engine.rearm();
    this.#engine.ask();
    return true;
  }

  /** Runs the callback of a timer that is due. */
  fire(id: number, answer: number): void {
    const slot = slotOf(id);
    const callback = this.#callbacks[slot]!;
    if (answer === Due.ONCE) this.#callbacks[slot] = undefined; // the slot may be another's once the callback runs
    debug?.(this.#engine.core, `timer ${show(id)} fires`);
    this.#engine.guard.call(callback, this.#engine.subject, "timer");
  }

  clear(): void {
    this.#callbacks = [];
  }
}
