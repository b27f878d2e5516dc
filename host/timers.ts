// The callbacks of timers, by slot; everything else about them is the core's.
//
// What starts, restarts or removes a timer is a command, written into the core's memory: a call into WebAssembly and a look at
// the clock for each would cost several times as much as the work. Within a dispatch they wait for its end, and count from
// there: no timer is early. From outside a dispatch, and where the clock is not the system's, each is given at once.

import { COMMANDS, type Core, Due, slotOf } from "./core.ts";
import { debug, show } from "./debug.ts";
import type { Engine } from "./engine.ts";
import { IOLoopError } from "./errors.ts";
import type { Callback } from "./parts.ts";

/** The callbacks behind the core's timers. */
export class Timers {
  readonly #engine: Engine;
  readonly #core: Core;
  readonly #callbacks: (Callback | undefined)[] = [];
  /** By slot, what the id of its timer is besides the slot; 0 where there is none. Half as large as the ids, and as good. */
  #names = new Int32Array(0);
  #waiting = 0;
  #untimed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#core = engine.core;
  }

  /** Makes a timer of `after` seconds. */
  make(after: number, recurring: boolean, callback: Callback): number {
    const core = this.#core;
    const id = core.calls.handleTimer(after * 1000, recurring ? 1 : 0, NaN);
    if (id < 0) throw new IOLoopError("ERR_IOLOOP_FULL", "No room for another timer");
    core.refresh();
    const slot = slotOf(id);
    if (slot >= this.#names.length) this.#grow(slot);
    this.#names[slot] = nameIn(id, slot);
    while (slot > this.#callbacks.length) this.#callbacks.push(undefined); // an array with gaps would be a slow one
    this.#callbacks[slot] = callback;
    debug?.(core, `timer ${show(id)} in ${after} s${recurring ? ", recurring" : ""}`);
    this.#command(id);
    return id;
  }

  /** Restarts a timer, with another interval where `after` is given; false when it is no timer, or a spent one. */
  again(id: number, after: number | undefined): boolean {
    if (!this.#has(id)) return false;
    if (after !== undefined) this.#core.calls.handleTimerAgain(id, after * 1000, NaN);
    this.#command(id);
    return true;
  }

  /** Removes a timer; false when it is no timer, or a spent one. */
  remove(id: number): boolean {
    if (!this.#has(id)) return false;
    this.#forget(slotOf(id));
    debug?.(this.#core, `timer ${show(id)} removed`);
    this.#command(-id);
    this.#engine.ask();
    return true;
  }

  /** Gives the core the commands that wait, with the time. */
  flush(): void {
    if (this.#waiting === 0 && !this.#untimed) return;
    this.#give(this.#engine.clock.now());
    this.#untimed = false;
    this.#engine.rearm();
  }

  /** Gives the core the commands that wait, without the time: that comes with the next flush. */
  flushUntimed(): void {
    if (this.#waiting === 0) return;
    this.#give(NaN);
    this.#untimed = true;
  }

  /** Runs the callback of a timer that is due. */
  fire(id: number, answer: number): void {
    const slot = slotOf(id);
    const callback = this.#callbacks[slot]!;
    if (answer === Due.ONCE) this.#forget(slot); // the slot may be another's once the callback runs
    debug?.(this.#core, `timer ${show(id)} fires`);
    this.#engine.guard.call(callback, this.#engine.subject, "timer");
  }

  clear(): void {
    this.#callbacks.fill(undefined);
    this.#names.fill(0);
    this.#waiting = 0;
    this.#untimed = false;
  }

  #has(id: number): boolean {
    const slot = slotOf(id);
    const name = nameIn(id, slot);
    return name > 0 && this.#names[slot] === name;
  }

  #forget(slot: number): void {
    this.#names[slot] = 0;
    this.#callbacks[slot] = undefined;
  }

  #command(command: number): void {
    this.#core.commands[this.#waiting++] = command;
    if (this.#waiting === COMMANDS || !this.#engine.isBatching) this.flush();
  }

  #give(now: number): void {
    const count = this.#waiting;
    this.#waiting = 0;
    this.#core.calls.handleCommands(count, now);
  }

  // A slot may lie far behind the last one: connections have timers of their own between them.
  #grow(slot: number): void {
    const names = new Int32Array(Math.max(256, 2 * slot));
    names.set(this.#names);
    this.#names = names;
  }
}

// What stands in an id above its slot: kind and generation, 31 bits. What is no id has a fraction, or is out of their range.
function nameIn(id: number, slot: number): number {
  return (id - slot) * 2 ** -22;
}
