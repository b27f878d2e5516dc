// Expired timers: the batch of ids that one call hands to the host, and what the host must do for each.
//
// I1  Ids are in order of their deadlines, and with equal deadlines in the order in which they were started.
// I2  An id that the host did not pass to `answer` is returned again by the next poll: nothing is lost.
// I3  An id may be removed or restarted between `poll` and `answer`; then `answer` returns VOID.
// I4  A connection whose lifetime and whose deadline are both due is in the batch twice; the lifetime is answered first.
// The timers of the core itself, such as that of the waiting clients, never reach the host.

import { BATCH, Due } from "wasm-ioloop/core";
import { Alarm, type Alarms } from "./alarms.ts";
import type { Connections } from "./connections.ts";
import { ALARM_OWNER, connectionOf, lifetimeOf } from "./idle.ts";
import { DUE, HEADS, type TimerLists } from "./lists.ts";
import type { Stopping } from "./stopping.ts";
import type { Timers } from "./timers.ts";
import type { Waiting } from "./waiting.ts";
import type { Wheel } from "./wheel.ts";

export class DueBatch {
  /** The ids that `poll` collected. */
  readonly ids: Float64Array = new Float64Array(BATCH);
  readonly #lists: TimerLists;
  readonly #wheel: Wheel;
  readonly #timers: Timers;
  readonly #connections: Connections;
  readonly #alarms: Alarms;
  readonly #stopping: Stopping;
  readonly #waiting: Waiting;

  constructor(
    lists: TimerLists,
    wheel: Wheel,
    timers: Timers,
    connections: Connections,
    alarms: Alarms,
    stopping: Stopping,
    waiting: Waiting,
  ) {
    this.#lists = lists;
    this.#wheel = wheel;
    this.#timers = timers;
    this.#connections = connections;
    this.#alarms = alarms;
    this.#stopping = stopping;
    this.#waiting = waiting;
  }

  /** Fills the batch with the ids that are due in this pass. Returns how many it holds. */
  poll(): number {
    const { ids } = this;
    const lists = this.#lists;
    let count = 0;
    for (let node = lists.next[DUE]!; node >= HEADS && count < BATCH;) {
      const timer = node - HEADS;
      node = lists.next[node]!;
      const owner = lists.interval[timer]!;
      const connection = connectionOf(owner);
      if (owner >= 0) ids[count++] = lists.slots.idOf(timer);
      else if (owner <= ALARM_OWNER) this.#passed(ALARM_OWNER - owner);
      else if (connection < 0) ids[count++] = this.#connections.slots.idOf(lifetimeOf(owner));
      else if (this.#connections.hasExpired(connection)) ids[count++] = this.#connections.slots.idOf(connection);
    }
    return count;
  }

  /** What to do for one id of the batch, a timer or a connection; VOID if there is nothing to do any more. */
  answer(id: number): number {
    const its = this.#lists.slots.find(id); // first, as most ids are those of timers
    if (its >= 0) return this.#timers.fire(its);
    const slot = this.#connections.slots.find(id);
    if (slot < 0) return Due.VOID;
    if (this.#connections.lifetimes.hasPassed(slot)) return Due.LIFETIME;
    const timer = this.#connections.timerOf(slot);
    if (timer < 0 || !this.#wheel.isDue(timer) || !this.#connections.hasExpired(slot)) return Due.VOID;
    return this.#connections.expire(slot);
  }

  // A timer of the core itself has expired.
  #passed(purpose: number): void {
    this.#alarms.clear(purpose);
    if (purpose === Alarm.DRAIN) this.#stopping.drainTimerPassed();
    else if (purpose === Alarm.WAITS) this.#waiting.lookAgain();
  }
}
