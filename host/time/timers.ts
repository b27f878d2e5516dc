// The callbacks of timers, by slot. Everything else about timers is in the core.
//
// The clock is not read for each timer that is started. The core gets one start time for all of them: at the end of the dispatch or,
// outside a dispatch, in a microtask, and after 256 timers. It is later than the calls, so no timer fires early. A restart is then a
// command, written into the core's memory. A microtask costs more than reading the clock a few times, so after one that was for few
// timers, the next ones get their time at once. With a clock that is not the system's, each call outside a dispatch passes the time.

import { noRoom } from "../base/errors.ts";
import { COMMANDS, Code, type Core, Due } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import { type Clock, SystemClock } from "./clock.ts";

/** A user's callback. It gets the loop or the reactor. */
export type Callback = (subject: never) => unknown;

/** The part of the engine that timers need. */
export interface TimerOwner {
  readonly core: Core;
  readonly clock: Clock;
  /** Whether timers may get their start time at the end of the dispatch. */
  readonly isBatching: boolean;
  /** The argument of every callback. */
  readonly subject: unknown;
  readonly guard: { call(callback: Callback, subject: unknown, event: string): void };
  /** Makes the loop check whether it has anything left to wait for. */
  ask(): void;
  /** Must be called when the next deadline may have changed. */
  rearm(): void;
}

const FEW = 3; // timers, for which a microtask does not pay
const AT_ONCE = 32; // timers that get their time at once, after a microtask that did not pay

const settled = Promise.resolve();

/** The callbacks behind the core's timers. */
export class Timers {
  protected readonly core: Core;
  readonly #owner: TimerOwner;
  readonly #callbacks: (Callback | undefined)[] = [];
  #commands = 0; // written, but not passed to the core yet
  #untimed = 0; // timers without a start time yet
  private readonly isOfSystem: boolean;
  private isCalledFor = false; // a microtask will flush
  private atOnce = 0; // timers that still get their time at once
  private readonly settle = (): void => this.settleNow();

  constructor(owner: TimerOwner) {
    this.#owner = owner;
    this.core = owner.core;
    this.isOfSystem = owner.clock instanceof SystemClock;
  }

  /** Creates a timer of `after` seconds. */
  make(after: number, recurring: boolean, callback: Callback): number {
    const owner = this.#owner;
    const waits = owner.isBatching || this.waits();
    const now = waits ? NaN : owner.clock.now();
    const id = this.core.calls.handleTimer(after * 1000, recurring ? 1 : 0, now);
    const slot = slotOf(id);
    const callbacks = this.#callbacks;
    if (id < 0 || slot >= callbacks.length) this.reach(slot, id);
    callbacks[slot] = callback;
    if (!waits) owner.rearm();
    else if (this.#commands > 0) this.command(id); // keeps its order behind timers that were restarted before it
    else if (++this.#untimed === COMMANDS) this.flush();
    return id;
  }

  /** Restarts a timer, with another interval if `after` is given. Returns false if the id does not name an active timer. */
  again(id: number, after: number | undefined): boolean {
    if (!this.core.isTimer(id)) return false;
    const waits = this.#owner.isBatching || this.waits();
    if (waits && after === undefined) this.command(id);
    else this.againWith(id, after === undefined ? NaN : after * 1000, waits);
    return true;
  }

  /** Removes a timer. Returns false if the id does not name an active timer. */
  remove(id: number): boolean {
    if (this.core.calls.handleTimerRemove(id) !== Code.OK) return false;
    this.#callbacks[slotOf(id)] = undefined;
    this.#owner.ask();
    return true;
  }

  /** Passes the pending commands to the core, and the start time of all timers that have none yet. */
  flush(): void {
    if (this.#commands + this.#untimed === 0) return;
    this.give(this.#owner.clock.now());
    this.#untimed = 0;
    this.#owner.rearm();
  }

  /** Passes the pending commands to the core, without a start time: the next `flush` sets it. */
  flushUntimed(): void {
    if (this.#commands === 0) return;
    this.#untimed += this.#commands;
    this.give(NaN);
  }

  /** Runs the callback of a timer that has expired. */
  fire(id: number, answer: number): void {
    const slot = slotOf(id);
    const callback = this.#callbacks[slot]!;
    if (answer === Due.ONCE) this.#callbacks[slot] = undefined; // before the callback, which may start a timer in the same slot
    this.#owner.guard.call(callback, this.#owner.subject, "timer");
  }

  clear(): void {
    this.#callbacks.fill(undefined);
    this.#commands = 0;
    this.#untimed = 0;
  }

  // TypeScript-`private` methods instead of #methods: private names make the bytecode too long for engines to inline these hot calls.

  private command(id: number): void {
    this.core.commands[this.#commands++] = id;
    if (this.#commands === COMMANDS) this.flush();
  }

  private give(now: number): void {
    const count = this.#commands;
    this.#commands = 0;
    this.core.calls.handleCommands(count, now);
  }

  // `interval` is NaN to keep the current one.
  private againWith(id: number, interval: number, waits: boolean): void {
    const owner = this.#owner;
    this.core.calls.handleTimerAgain(id, interval, waits ? NaN : owner.clock.now());
    if (waits) this.command(id);
    else owner.rearm();
  }

  // Outside a dispatch: whether a timer gets its start time in a microtask, with all others that are started until then.
  private waits(): boolean {
    if (this.isCalledFor) return true;
    if (!this.isOfSystem) return false;
    if (this.atOnce > 0) {
      this.atOnce--;
      return false;
    }
    this.isCalledFor = true;
    void settled.then(this.settle);
    return true;
  }

  private settleNow(): void {
    const waiting = this.#commands + this.#untimed;
    this.isCalledFor = false;
    if (waiting > 0 && waiting < FEW) this.atOnce = AT_ONCE;
    this.flush();
  }

  // Makes room for the first timer in a slot. Slots may be skipped, as the timers of connections use the same table; the array is
  // filled up, since one with holes would be slow.
  private reach(slot: number, id: number): void {
    if (id < 0) throw noRoom("start another timer");
    this.core.refresh();
    while (slot >= this.#callbacks.length) this.#callbacks.push(undefined);
  }
}

/** Timers that print what happens to them, for IOLOOP_DEBUG. A separate class, so that the methods of `Timers` stay short. */
export class DebugTimers extends Timers {
  override make(after: number, recurring: boolean, callback: Callback): number {
    const id = super.make(after, recurring, callback);
    this.#print(id, `in ${after} s${recurring ? ", recurring" : ""}`);
    return id;
  }

  override remove(id: number): boolean {
    const isRemoved = super.remove(id);
    if (isRemoved) this.#print(id, "removed");
    return isRemoved;
  }

  override fire(id: number, answer: number): void {
    this.#print(id, "fires");
    super.fire(id, answer);
  }

  #print(id: number, what: string): void {
    debug?.(this.core, `timer ${show(id)} ${what}`);
  }
}
