// Displacement: while clients wait and no slot is free, the connection that has been silent longest makes room.
//
// I1  Only an admitted connection is chosen, only while a client waits for a slot, and only if it has been silent for the limit.
// I2  It is the one that has been silent longest; of several, the one with the lowest slot.
// I3  `#nextLook` is never later than the time at which a connection can have been silent for long enough.
// I4  There is a timer only if clients had to wait for that time: it is due then.

import { Code, State } from "wasm-ioloop/core";
import { isDuration } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { DISPLACEMENT, type Idle } from "./idle.ts";
import type { Timers } from "./timers.ts";

export class Displacement {
  readonly #connections: Connections;
  readonly #idle: Idle;
  readonly #timers: Timers;
  #limit = 0; // ms; 0 = never
  #nextLook = 0;
  #timer = -1;

  constructor(connections: Connections, idle: Idle, timers: Timers) {
    this.#connections = connections;
    this.#idle = idle;
    this.#timers = timers;
  }

  /** Sets for how many ms a connection must have been silent (0 = never). Returns OK or TIME. */
  set(idle: number): number {
    if (!isDuration(idle)) return Code.TIME;
    this.#limit = idle;
    this.#nextLook = 0;
    this.timerPassed();
    return Code.OK;
  }

  /** The connection that must make room, or -1. To be asked only while a client waits for a slot. */
  find(now: number): number {
    if (this.#limit === 0) return -1;
    if (now >= this.#nextLook) {
      const silent = this.#mostSilent();
      if (silent < 0) return -1;
      this.#nextLook = this.#idle.activity[silent]! + this.#limit;
      if (now >= this.#nextLook) return silent;
    }
    if (this.#timer < 0) {
      this.#timer = this.#timers.createOwned(DISPLACEMENT);
      if (this.#timer >= 0) this.#timers.schedule(this.#timer, this.#nextLook);
    }
    return -1;
  }

  /** The timer has expired: there may be something to find. */
  timerPassed(): void {
    if (this.#timer >= 0) this.#timers.removeOwned(this.#timer);
    this.#timer = -1;
  }

  /** Everything is removed. The setting stays. */
  reset(): void {
    this.#timer = -1;
    this.#nextLook = 0;
  }

  #mostSilent(): number {
    const connections = this.#connections;
    const { activity } = this.#idle;
    let found = -1;
    let least = Infinity;
    for (let slot = 0; slot < connections.slots.used; slot++) {
      const isAdmitted = connections.slots.inUse(slot) && connections.stateOf(slot) === State.INCOMING;
      if (!isAdmitted || !(activity[slot]! < least)) continue;
      least = activity[slot]!;
      found = slot;
    }
    return found;
  }
}
