// The one alarm of a loop: set for the core's next deadline, and set anew only when that has changed.
//
// A process that was away when a deadline came (kept busy by a callback, stopped, looked at by a debugger) has not read what others have
// sent in time. Nobody of them is to be taken for idle: so what is due waits until the runtime has looked at its sockets, which is
// some turns later. And what a callback did that took long counts from when it ended: a stream that was answered late is not idle at
// once.

import { type Alarm, type Clock, SystemClock, TURNS_TO_READ } from "./clock.ts";
import type { Core } from "../core/core.ts";

// Milliseconds. The runtime's own timeouts are late by one or two.
const LATE = 5;

/** Milliseconds between the beginnings of two dispatches, from which on the first may have kept the process busy. */
export const LONG: number = 100;

const ON_TIME = -1;

/** What rings, and what has it ring a turn later. */
interface Bell {
  ring(): void;
  wake(): void;
}

export class DeadlineAlarm {
  readonly #core: Core;
  readonly #bell: Bell;
  readonly #alarm: Alarm;
  #at = Infinity;
  /** How many turns the pass that is late still waits. */
  #turns = ON_TIME;
  /** When the process was back, and when the callback began that had kept it busy. */
  #back = NaN;
  #busySince = NaN;
  /** Whether time is the system's, and goes on while the process is away; a clock of a test's does not, and costs nothing to read. */
  readonly isOfSystem: boolean;
  /** When the last dispatch began after which none did for longer than {@link LONG}. */
  longSince: number = NaN;
  /** Whether the next deadline may be another than the alarm knows. */
  changed = false;

  constructor(core: Core, clock: Clock, bell: Bell) {
    this.#core = core;
    this.#bell = bell;
    this.isOfSystem = clock instanceof SystemClock;
    this.#alarm = clock.alarm(() => {
      this.#at = Infinity;
      bell.ring();
    });
  }

  /** Follows the next deadline. */
  set(): void {
    if (!this.changed || this.#turns !== ON_TIME) return;
    this.changed = false;
    const at = this.#core.calls.pollDeadline();
    if (at === this.#at) return;
    this.#at = at;
    if (at === Infinity) this.#alarm.clear();
    else this.#alarm.set(at);
  }

  /** Whether what is due is put off: the process was away when it was. Rings again when that is over. */
  putsOff(now: number): boolean {
    if (!this.isOfSystem) return false;
    if (this.#turns === ON_TIME) {
      const late = now - this.#core.calls.pollDeadline();
      if (late <= LATE) return false;
      this.clear();
      this.#turns = TURNS_TO_READ;
      this.#back = now;
      this.#busySince = late > LONG ? this.longSince : NaN;
    }
    if (this.#turns-- > 0) {
      this.#bell.wake();
      return true;
    }
    if (now - this.#back > LATE || !Number.isNaN(this.#busySince)) this.#forgive(now);
    return false;
  }

  // Idle is who was so when the process was back, and has not been heard of since. The time from then on counts for nobody: it may
  // have been away again, with something unread.
  #forgive(now: number): void {
    const { activity } = this.#core;
    for (let i = 0; i < activity.length; i++) {
      const at = activity[i] === this.#busySince ? this.#back : activity[i]!;
      activity[i] = Math.min(at + now - this.#back, now);
    }
  }

  clear(): void {
    this.#at = Infinity;
    this.#turns = ON_TIME;
    this.#alarm.clear();
  }
}
