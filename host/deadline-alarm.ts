// The one alarm of a loop: set for the core's next deadline, and set anew only when that has changed.
//
// Where the process was away when the deadline came (kept busy by a callback, stopped, looked at by a debugger), others may have
// sent something in time that nobody has read yet. Nobody of them is to be taken for idle: so the pass waits until the runtime has
// looked at its sockets. It has done so when a timeout has come, and the turn after that.

import { type Alarm, type Clock, SystemClock } from "./clock.ts";
import type { Core } from "./core.ts";

const LATE = 100; // milliseconds

const ON_TIME = 0;
const READING = 1; // until a timeout has come
const READ = 2; // the next pass is the one that waited

/** What rings, and what has it ring a turn later. */
interface Bell {
  ring(): void;
  wake(): void;
}

export class DeadlineAlarm {
  readonly #core: Core;
  readonly #alarm: Alarm;
  #at = Infinity;
  #state = ON_TIME;
  /** Whether time is the system's, and goes on while the process is away; a clock of a test's does not, and costs nothing to read. */
  readonly isOfSystem: boolean;
  /** Whether the next deadline may be another than the alarm knows. */
  changed = false;

  constructor(core: Core, clock: Clock, bell: Bell) {
    this.#core = core;
    this.isOfSystem = clock instanceof SystemClock;
    this.#alarm = clock.alarm(() => {
      this.#at = Infinity;
      if (this.#state !== READING) return bell.ring();
      this.#state = READ;
      bell.wake();
    });
  }

  /** Follows the next deadline. */
  set(): void {
    if (!this.changed || this.#state === READING) return;
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
    if (this.#state === READ) {
      this.#state = ON_TIME;
    } else if (this.#state === ON_TIME && now - this.#core.calls.pollDeadline() > LATE) {
      this.#state = READING;
      this.#alarm.set(now + 1);
    }
    return this.#state === READING;
  }

  clear(): void {
    this.#at = Infinity;
    this.#state = ON_TIME;
    this.#alarm.clear();
  }
}
