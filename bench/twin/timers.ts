// Timers: those of the host, and those that connections and the drain own.
//
// I1  The start time of a timer may be set later; until then the timer is UNTIMED. So a host can
//     start many timers and read its clock once, and none fires early.
// I2  Timers with equal deadlines fire in the order in which they were started, whenever the start time was set.
// I3  A due timer stays valid, and can be removed or restarted, until `fire` fires it.

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

  /** The number of the host's timers: created, and neither fired nor removed. */
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

  /** Creates a timer for the host, started at `now`. If `now` is NaN, it starts at the next time that is passed. Returns its id, TIME or FULL. */
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

  /** Sets the interval of a timer permanently, unless `after` is NaN, and restarts it, unless `now` is NaN. Returns OK, STALE or TIME. */
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

  /** Removes a timer. Returns OK or STALE. */
  remove(id: number): number {
    const slot = this.#lists.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#end(slot);
    return Code.OK;
  }

  /** Restarts the timers that the first `count` commands name, at `now`. If `now` is NaN, they start at the next time that is passed. Returns how many named no timer. */
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
      // If the new deadline is later, storing it is enough (wheel.ts, I2). Timers that are due or untimed are not in a bucket.
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

  /** Creates a timer owned by a connection or the drain, stopped. Returns its slot, or -1. */
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

  /** Restarts a timer with a deadline and a new sequence number. */
  schedule(slot: number, deadline: number): void {
    this.#lists.order[slot] = this.#next();
    this.postpone(slot, deadline);
  }

  /** Sets a timer's deadline and keeps its sequence number, so ties still fire in their original order. */
  postpone(slot: number, deadline: number): void {
    this.stop(slot);
    this.#wheel.insert(slot, deadline);
  }

  /** A timer's deadline; Infinity while it is stopped. */
  deadlineOf(slot: number): number {
    return this.#lists.deadline[slot]!;
  }

  /** Whether a timer is due in this pass. */
  isDue(slot: number): boolean {
    return this.#wheel.isDue(slot);
  }

  /** Stops a timer; its slot stays in use. */
  stop(slot: number): void {
    this.#wheel.stop(slot);
  }

  /** Fires a timer of the host if it is due. Returns one of `Due`. */
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

  /** Removes every timer of the host. Owned timers must have been removed before. */
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
