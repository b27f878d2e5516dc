// The one alarm of a loop: set for the core's next deadline, and set anew only when that has changed.
//
// Where the process was away when the deadline came (kept busy by a callback, stopped, looked at by a debugger), others may have
// sent something in time that nobody has read yet. Nobody of them is to be taken for idle: so the pass waits until the runtime has
// looked at its sockets, which is some turns later. And what a callback did that kept the process busy counts from when it ended: a
// stream that was answered late is not idle at once.

import { type Alarm, type Clock, SystemClock, TURNS_TO_READ } from "./clock.ts";
import type { Core } from "./core.ts";

/** From so many milliseconds on, a pass is late because the process was away. */
export const LATE: number = 100;

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
  /** Whether time is the system's, and goes on while the process is away; a clock of a test's does not, and costs nothing to read. */
  readonly isOfSystem: boolean;
  /** When the last dispatch began that was followed by none for longer than that: if it took long, what it did was done later. */
  awaySince: number = NaN;
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

  /** Puts a pass off where the process was away when it was due, and rings again when that is over. Whether it is put off. */
  putOff(now: number): boolean {
    if (!this.isOfSystem) return false;
    if (this.#turns === ON_TIME) {
      if (now - this.#core.calls.pollDeadline() <= LATE) return false;
      this.clear();
      this.#turns = TURNS_TO_READ;
      const { activity } = this.#core;
      for (let i = 0; i < activity.length; i++) if (activity[i] === this.awaySince) activity[i] = now;
    }
    if (this.#turns-- === 0) return false; // on time again
    this.#bell.wake();
    return true;
  }

  clear(): void {
    this.#at = Infinity;
    this.#turns = ON_TIME;
    this.#alarm.clear();
  }
}
