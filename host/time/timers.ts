// The callbacks of timers, by slot; everything else about them is the core's.
//
// Within a dispatch the clock is not read for each timer that is started: the core is told the time for all of them, at the end or
// after some hundreds. They count from there, so no timer is early. A restart is then a command, written into the core's memory.
// Outside a dispatch, and where the clock is not the system's, the time goes along with each.

import { noRoom } from "../base/errors.ts";
import { COMMANDS, Code, type Core, Due } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import type { Clock } from "./clock.ts";

/** A callback of the user's: the loop or reactor, and the arguments of the event. */
export type Callback = (subject: never) => unknown;

/** What timers need of the engine that runs them. */
export interface TimerOwner {
  readonly core: Core;
  readonly clock: Clock;
  /** Whether the core may be told at the end of the dispatch when a timer was started. */
  readonly isBatching: boolean;
  /** The argument of every callback. */
  readonly subject: unknown;
  readonly guard: { call(callback: Callback, subject: unknown, event: string): void };
  /** Something is gone that the loop may have waited for. */
  ask(): void;
  /** The next deadline may have changed. */
  rearm(): void;
}

/** The callbacks behind the core's timers. */
export class Timers {
  protected readonly core: Core;
  readonly #owner: TimerOwner;
  readonly #callbacks: (Callback | undefined)[] = [];
  #commands = 0; // written and not given to the core yet
  #untimed = 0; // timers whose start has no time yet

  constructor(owner: TimerOwner) {
    this.#owner = owner;
    this.core = owner.core;
  }

  /** Makes a timer of `after` seconds. */
  make(after: number, recurring: boolean, callback: Callback): number {
    const { isBatching } = this.#owner;
    const now = isBatching ? NaN : this.#owner.clock.now();
    const id = this.core.calls.handleTimer(after * 1000, recurring ? 1 : 0, now);
    const slot = slotOf(id);
    const callbacks = this.#callbacks;
    if (id < 0 || slot >= callbacks.length) this.reach(slot, id);
    callbacks[slot] = callback;
    if (!isBatching) this.#owner.rearm();
    else if (this.#commands > 0) this.command(id); // behind those that were restarted before it
    else if (++this.#untimed === COMMANDS) this.flush();
    return id;
  }

  /** Restarts a timer, with another interval if `after` is given. False if the id does not name a timer that is active. */
  again(id: number, after: number | undefined): boolean {
    if (!this.core.isTimer(id)) return false;
    if (after === undefined && this.#owner.isBatching) this.command(id);
    else this.againWith(id, after === undefined ? NaN : after * 1000);
    return true;
  }

  /** Removes a timer. False if the id does not name a timer that is active. */
  remove(id: number): boolean {
    if (this.core.calls.handleTimerRemove(id) !== Code.OK) return false;
    this.#callbacks[slotOf(id)] = undefined;
    this.#owner.ask();
    return true;
  }

  /** Tells the core the time of what has been started and restarted. */
  flush(): void {
    if (this.#commands + this.#untimed === 0) return;
    this.give(this.#owner.clock.now());
    this.#untimed = 0;
    this.#owner.rearm();
  }

  /** Gives the core the commands that wait, without the time: that comes with the next flush. */
  flushUntimed(): void {
    if (this.#commands === 0) return;
    this.#untimed += this.#commands;
    this.give(NaN);
  }

  /** Runs the callback of a timer that has expired. */
  fire(id: number, answer: number): void {
    const slot = slotOf(id);
    const callback = this.#callbacks[slot]!;
    if (answer === Due.ONCE) this.#callbacks[slot] = undefined; // the slot may be another's once the callback runs
    this.#owner.guard.call(callback, this.#owner.subject, "timer");
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

  // `interval` is NaN if it stays as it is.
  private againWith(id: number, interval: number): void {
    const owner = this.#owner;
    this.core.calls.handleTimerAgain(id, interval, owner.isBatching ? NaN : owner.clock.now());
    if (owner.isBatching) this.command(id);
    else owner.rearm();
  }

  // The first timer in a slot. It may lie far behind the last one, as connections have timers of their own; an array with gaps
  // would be slow.
  private reach(slot: number, id: number): void {
    if (id < 0) throw noRoom("start another timer");
    this.core.refresh();
    while (slot >= this.#callbacks.length) this.#callbacks.push(undefined);
  }
}

/** Timers that print what becomes of them, for IOLOOP_DEBUG: apart, so that the methods of the others stay short. */
export class ToldTimers extends Timers {
  override make(after: number, recurring: boolean, callback: Callback): number {
    const id = super.make(after, recurring, callback);
    this.#tell(id, `in ${after} s${recurring ? ", recurring" : ""}`);
    return id;
  }

  override remove(id: number): boolean {
    const isRemoved = super.remove(id);
    if (isRemoved) this.#tell(id, "removed");
    return isRemoved;
  }

  override fire(id: number, answer: number): void {
    this.#tell(id, "fires");
    super.fire(id, answer);
  }

  #tell(id: number, what: string): void {
    debug?.(this.core, `timer ${show(id)} ${what}`);
  }
}
