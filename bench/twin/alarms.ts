// The timers of the core itself: at most one for each purpose.
//
// I1  The owner of a purpose's timer is ALARM_OWNER less the purpose.
// It does not know what a timer is for: due.ts calls the others.

import { ALARM_OWNER } from "./idle.ts";
import type { Timers } from "./timers.ts";

/** Purposes. */
export const Alarm = {
  DRAIN: 0, // the end of the delay, or of the timeout, of a graceful stop
  RATE: 1, // a client may be admitted
  DISPLACEMENT: 2, // a connection may have been silent long enough
  WAITS: 3, // a client may have waited too long
} as const;
const PURPOSES = 4;

export class Alarms {
  readonly #timers: Timers;
  readonly #slots = new Int32Array(PURPOSES).fill(-1); // by purpose: the slot of its timer, or -1

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** When a timer is due; Infinity if it is not set. */
  deadline(purpose: number): number {
    const timer = this.#slots[purpose]!;
    return timer < 0 ? Infinity : this.#timers.deadlineOf(timer);
  }

  /** Sets a timer. Returns false if there is no room for it. */
  set(purpose: number, deadline: number): boolean {
    let timer = this.#slots[purpose]!;
    if (timer < 0) {
      timer = this.#timers.createOwned(ALARM_OWNER - purpose);
      if (timer < 0) return false;
      this.#slots[purpose] = timer;
    }
    this.#timers.schedule(timer, deadline);
    return true;
  }

  /** Removes a timer, if it is set. */
  clear(purpose: number): void {
    const timer = this.#slots[purpose]!;
    if (timer < 0) return;
    this.#slots[purpose] = -1;
    this.#timers.removeOwned(timer);
  }

  /** Removes every timer. */
  reset(): void {
    for (let purpose = 0; purpose < PURPOSES; purpose++) this.clear(purpose);
  }
}
