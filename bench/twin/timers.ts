// Timers: the host's, and those that belong to connections and the drain.
//
// I1  The time at which a timer is started may be told later: until then it is UNTIMED. So a host may
//     start many and read its clock once; none fires early.
// I2  Ties fire in the order they were started, whenever the time was told.
// I3  What is due stays alive, and can be removed or restarted, until `fire` runs it.

import { COMMANDS, Code, Due } from "wasm-ioloop/core";
import { type Clock, isDuration } from "./clock.ts";
import { IS_RECURRING, type TimerLists } from "./lists.ts";
import { STOPPED, type Wheel } from "./wheel.ts";

export class Timers {
  /** The ids that `command` takes; written by the host. */
  readonly commands: Float64Array = new Float64Array(COMMANDS);
  readonly #lists: TimerLists;
  readonly #wheel: Wheel;
  readonly #clock: Clock;
  #sequence = 0; // of the latest start
  #owned = 0; // timers that belong to connections or the drain

  constructor(lists: TimerLists, wheel: Wheel, clock: Clock) {
    this.#lists = lists;
    this.#wheel = wheel;
    this.#clock = clock;
  }

  /** Timers the host has made and that have not fired or been removed. */
  get count(): number {
    return this.#lists.slots.live - this.#owned;
  }

  /** Begins a pass at `now`. */
  beginPass(now: number): void {
    const at = this.#clock.tell(now);
    this.#wheel.time(at);
    this.#clock.pass = at;
    this.#wheel.turn(at);
  }

  /** Makes a timer for the host, and starts it: at `now` or, where that is NaN, at the time told next. Gives its id, TIME or FULL. */
  create(after: number, recurring: boolean, now: number): number {
    const timed = !Number.isNaN(now);
    const at = timed ? this.#clock.tell(now) : now;
    if (!isDuration(after)) return Code.TIME;
    const lists = this.#lists;
    const slot = lists.take();
    if (slot < 0) return Code.FULL;
    lists.flags[slot] = recurring ? IS_RECURRING : 0;
    lists.interval[slot] = after;
    lists.deadline[slot] = STOPPED;
    lists.order[slot] = this.#next();
    this.#wheel.startLater(slot);
    if (timed) this.#wheel.time(at);
    return lists.slots.idOf(slot);
  }

  /** Gives a timer another interval for good, unless `after` is NaN, and restarts it, unless `now` is NaN. Gives OK, STALE or TIME. */
  again(id: number, after: number, now: number): number {
    const timed = !Number.isNaN(now);
    const at = timed ? this.#clock.tell(now) : now;
    const { slots, interval } = this.#lists;
    const slot = slots.find(id);
    if (slot < 0) return Code.STALE;
    if (!Number.isNaN(after)) {
      if (!isDuration(after)) return Code.TIME;
      interval[slot] = after;
    }
    if (timed) {
      this.schedule(slot, at + interval[slot]!);
      this.#wheel.time(at);
    }
    return Code.OK;
  }

  /** Removes a timer. Gives OK or STALE. */
  remove(id: number): number {
    const slot = this.#lists.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#end(slot);
    return Code.OK;
  }

  /** Restarts the timers that the first `count` commands name, at `now` or, where that is NaN, at the time told next. Gives how many named none. */
  command(count: number, now: number): number {
    const timed = !Number.isNaN(now);
    const at = timed ? this.#clock.tell(now) : now;
    const { commands } = this;
    const { slots, deadline, interval, order } = this.#lists;
    const { pass } = this.#clock;
    const end = Math.min(count >>> 0, COMMANDS);
    let stale = 0;
    for (let i = 0; i < end; i++) {
      const slot = slots.find(commands[i]!);
      if (slot < 0) {
        stale++;
        continue;
      }
      order[slot] = this.#next();
      const after = at + interval[slot]!;
      const before = deadline[slot]!;
      // A later deadline than it has is only stored (wheel.ts, I2). What is due, or untimed, is not in a bucket.
      if (after >= before && before > pass) {
        deadline[slot] = after;
      } else {
        this.stop(slot);
        this.#wheel.startLater(slot);
      }
    }
    if (timed) this.#wheel.time(at);
    return stale;
  }

  /** Makes a timer that belongs to a connection or the drain and does not run yet; its slot, or -1. */
  createOwned(owner: number): number {
    const lists = this.#lists;
    const slot = lists.take();
    if (slot < 0) return -1;
    lists.slots.hide(slot);
    lists.flags[slot] = 0;
    lists.interval[slot] = owner;
    lists.deadline[slot] = STOPPED;
    this.#owned++;
    return slot;
  }

  /** Removes an owned timer. */
  removeOwned(slot: number): void {
    this.#end(slot);
    this.#owned--;
  }

  /** Sets a timer's deadline, as of now. */
  schedule(slot: number, deadline: number): void {
    this.#lists.order[slot] = this.#next();
    this.postpone(slot, deadline);
  }

  /** Sets a timer's deadline; its turn among equals stays. */
  postpone(slot: number, deadline: number): void {
    this.stop(slot);
    this.#wheel.insert(slot, deadline);
  }

  /** A timer's deadline; Infinity while it does not run. */
  deadlineOf(slot: number): number {
    return this.#lists.deadline[slot]!;
  }

  /** Whether a timer is due in this pass. */
  isDue(slot: number): boolean {
    return this.#wheel.isDue(slot);
  }

  /** Stops a timer; it stays alive. */
  stop(slot: number): void {
    this.#wheel.stop(slot);
  }

  /** Fires a timer of the host's if it is due. Gives one of `Due`. */
  fire(slot: number): number {
    const { flags, interval } = this.#lists;
    if (!this.#wheel.isDue(slot)) return Due.VOID;
    if ((flags[slot]! & IS_RECURRING) !== 0) {
      this.schedule(slot, this.#clock.pass + interval[slot]!);
      return Due.RECURRING;
    }
    this.#end(slot);
    return Due.ONCE;
  }

  /** Removes every timer of the host's; those that are owned have been removed. */
  reset(): void {
    const { slots } = this.#lists;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) slots.give(slot);
    this.#wheel.reset();
  }

  #end(slot: number): void {
    this.stop(slot);
    this.#lists.slots.give(slot);
  }

  #next(): number {
    return (this.#sequence = (this.#sequence + 1) | 0);
  }
}
