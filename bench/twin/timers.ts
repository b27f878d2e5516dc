// Timers: the host's, and those that belong to connections and the drain.
//
// I1  The time at which a timer is started may be told later: until then it is UNTIMED. So a host may
//     start many and read its clock once; none fires early.
// I2  Ties fire in the order they were started, whenever the time was told.
// I3  What is due stays alive, and can be removed or restarted, until `fire` runs it.

import { COMMANDS, Code, Due } from "wasm-ioloop/core";
import { type Clock, isDuration } from "./clock.ts";
import { HEADS, IS_RECURRING, type TimerLists, UNTIMED_LIST } from "./lists.ts";
import type { Wheel } from "./wheel.ts";

// Deadlines of timers that have none.
const STOPPED = Infinity;
const UNTIMED = -Infinity;

export class Timers {
  /** The commands that `command` takes; written by the host. */
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
    this.#time(at);
    this.#clock.pass = at;
    this.#wheel.turn(at);
  }

  /** Makes a timer for the host, and starts it unless `now` is NaN. Gives its id, TIME or FULL. */
  create(after: number, recurring: boolean, now: number): number {
    if (!isDuration(after)) {
      this.#clock.tell(now);
      return Code.TIME;
    }
    const lists = this.#lists;
    const slot = lists.take();
    if (slot < 0) return Code.FULL;
    lists.flags[slot] = recurring ? IS_RECURRING : 0;
    lists.interval[slot] = after;
    lists.deadline[slot] = STOPPED;
    if (!Number.isNaN(now)) this.schedule(slot, this.#clock.tell(now) + after);
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
    if (timed) this.schedule(slot, at + interval[slot]!);
    return Code.OK;
  }

  /** Removes a timer. Gives OK or STALE. */
  remove(id: number): number {
    const slot = this.#lists.slots.find(id);
    if (slot < 0) return Code.STALE;
    this.#end(slot);
    return Code.OK;
  }

  /** Does the first `count` commands: an id starts or restarts its timer, at `now` or, where that is NaN, at the time told next; a negative one removes it. Gives how many named no timer. */
  command(count: number, now: number): number {
    const timed = !Number.isNaN(now);
    const at = timed ? this.#clock.tell(now) : now;
    if (timed) this.#time(at);
    const { commands } = this;
    const { slots } = this.#lists;
    const end = Math.min(count >>> 0, COMMANDS);
    let stale = 0;
    for (let i = 0; i < end; i++) {
      const id = commands[i]!;
      const slot = slots.find(Math.abs(id));
      if (slot < 0) stale++;
      else if (id < 0) this.#end(slot);
      else if (timed) this.#restart(slot, at);
      else this.#startLater(slot);
    }
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

  /** Stops a timer; it stays alive. */
  stop(slot: number): void {
    const { deadline } = this.#lists;
    const before = deadline[slot]!;
    if (before === STOPPED) return;
    if (before === UNTIMED) this.#lists.unlink(HEADS + slot);
    else this.#wheel.withdraw(slot);
    deadline[slot] = STOPPED;
  }

  /** Fires a timer of the host's that is due. Gives one of `Due`. */
  fire(id: number): number {
    const { slots, flags, interval } = this.#lists;
    const slot = slots.find(id);
    if (slot < 0 || !this.#wheel.isDue(slot)) return Due.VOID;
    if ((flags[slot]! & IS_RECURRING) !== 0) {
      this.schedule(slot, this.#clock.pass + interval[slot]!);
      return Due.RECURRING;
    }
    this.#end(slot);
    return Due.ONCE;
  }

  /** Removes every timer. */
  reset(): void {
    const { slots } = this.#lists;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) this.#end(slot);
    this.#wheel.reset();
    this.#owned = 0;
  }

  // A later deadline than it has is only stored (wheel.ts, I2).
  #restart(slot: number, at: number): void {
    const { deadline, interval, order } = this.#lists;
    const after = at + interval[slot]!;
    const before = deadline[slot]!;
    // What is due, or UNTIMED, is not in a bucket.
    if (after < before || before <= this.#clock.pass) {
      this.schedule(slot, after);
    } else {
      deadline[slot] = after;
      order[slot] = this.#next();
    }
  }

  #startLater(slot: number): void {
    const lists = this.#lists;
    this.stop(slot);
    lists.order[slot] = this.#next();
    lists.deadline[slot] = UNTIMED;
    lists.append(UNTIMED_LIST, HEADS + slot);
  }

  // Tells the timers that have been started before they knew their time.
  #time(at: number): void {
    const { next, interval } = this.#lists;
    for (let node = this.#lists.detach(UNTIMED_LIST); node >= HEADS;) {
      const slot = node - HEADS;
      node = next[node]!;
      this.#wheel.insert(slot, at + interval[slot]!);
    }
  }

  #end(slot: number): void {
    this.stop(slot);
    this.#lists.slots.give(slot);
  }

  #next(): number {
    return (this.#sequence = (this.#sequence + 1) | 0);
  }
}
