// The callbacks of timers, by slot; everything else about them is the core's.
//
// Within a dispatch nobody looks at the clock for each timer that is started: the core is told the time for all of them, at the
// end or after some hundreds. They count from there, so no timer is early. A restart is then a command, written into the core's
// memory. From outside a dispatch, and where the clock is not the system's, the time goes along with each.

import { COMMANDS, Code, type Core, Due, slotOf } from "../core/core.ts";
import type { Engine } from "../engine/engine.ts";
import { IOLoopError } from "../base/errors.ts";
import type { Callback } from "../engine/parts.ts";

/** The callbacks behind the core's timers. */
export class Timers {
  protected readonly core: Core;
  readonly #engine: Engine;
  readonly #callbacks: (Callback | undefined)[] = [];
  #commands = 0; // written and not given yet
  #untimed = 0; // timers whose start has no time yet

  constructor(engine: Engine) {
    this.#engine = engine;
    this.core = engine.core;
  }

  /** Makes a timer of `after` seconds. */
  make(after: number, recurring: boolean, callback: Callback): number {
    const { isBatching } = this.#engine;
    const now = isBatching ? NaN : this.#engine.clock.now();
    const id = this.core.calls.handleTimer(after * 1000, recurring ? 1 : 0, now);
    const slot = slotOf(id);
    const callbacks = this.#callbacks;
    if (id < 0 || slot >= callbacks.length) this.reach(slot, id);
    callbacks[slot] = callback;
    if (!isBatching) this.#engine.rearm();
    else if (this.#commands > 0) this.command(id); // behind those that were restarted before it
    else if (++this.#untimed === COMMANDS) this.flush();
    return id;
  }

  /** Restarts a timer, with another interval where `after` is given; false when it is no timer, or a spent one. */
  again(id: number, after: number | undefined): boolean {
    if (!this.core.isTimer(id)) return false;
    if (after === undefined && this.#engine.isBatching) this.command(id);
    else this.againWith(id, after === undefined ? NaN : after * 1000);
    return true;
  }

  /** Removes a timer; false when it is no timer, or a spent one. */
  remove(id: number): boolean {
    if (this.core.calls.handleTimerRemove(id) !== Code.OK) return false;
    this.#callbacks[slotOf(id)] = undefined;
    this.#engine.ask();
    return true;
  }

  /** Tells the core the time of what has been started and restarted. */
  flush(): void {
    if (this.#commands + this.#untimed === 0) return;
    this.give(this.#engine.clock.now());
    this.#untimed = 0;
    this.#engine.rearm();
  }

  /** Gives the core the commands that wait, without the time: that comes with the next flush. */
  flushUntimed(): void {
    if (this.#commands === 0) return;
    this.#untimed += this.#commands;
    this.give(NaN);
  }

  /** Runs the callback of a timer that is due. */
  fire(id: number, answer: number): void {
    const slot = slotOf(id);
    const callback = this.#callbacks[slot]!;
    if (answer === Due.ONCE) this.#callbacks[slot] = undefined; // the slot may be another's once the callback runs
    this.#engine.guard.call(callback, this.#engine.subject, "timer");
  }

  clear(): void {
    this.#callbacks.fill(undefined);
    this.#commands = 0;
    this.#untimed = 0;
  }

  // Helpers, not by `#`: of what is called by the million, an engine inlines only what is short, and `#` makes calls long.

  private command(id: number): void {
    this.core.commands[this.#commands++] = id;
    if (this.#commands === COMMANDS) this.flush();
  }

  private give(now: number): void {
    const count = this.#commands;
    this.#commands = 0;
    this.core.calls.handleCommands(count, now);
  }

  // `interval` is NaN where it stays.
  private againWith(id: number, interval: number): void {
    const engine = this.#engine;
    this.core.calls.handleTimerAgain(id, interval, engine.isBatching ? NaN : engine.clock.now());
    if (engine.isBatching) this.command(id);
    else engine.rearm();
  }

  // The first timer in a slot. It may lie far behind the last one, as connections have timers of their own; an array with gaps
  // would be a slow one.
  private reach(slot: number, id: number): void {
    if (id < 0) throw new IOLoopError("ERR_IOLOOP_FULL", "No room for another timer");
    this.core.refresh();
    while (slot >= this.#callbacks.length) this.#callbacks.push(undefined);
  }
}
