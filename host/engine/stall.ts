// The process was away when a deadline came: kept busy by a callback, stopped by a signal, halted by a debugger.
//
// It has not read in time what peers have sent meanwhile, and no peer that has sent something may be taken for idle. So expired
// deadlines wait until the runtime has looked at its sockets, which takes some turns. And a callback that took long counts as activity
// until its end: a stream that was answered late is not idle at once.

import type { Core } from "../core/core.ts";
import { type Clock, SystemClock, TURNS_TO_READ } from "../time/clock.ts";
import { DeadlineAlarm } from "../time/deadline-alarm.ts";

// Milliseconds. The runtime's own timeouts are late by one or two.
const LATE = 5;

/** Milliseconds between the beginnings of two dispatches from which on the first may have kept the process busy. */
const LONG = 100;

const ON_TIME = -1;

export class Stall {
  readonly #core: Core;
  /** The loop's alarm. It is not set while a pass is being put off. */
  readonly alarm: DeadlineAlarm;
  /** How many turns the pass that is late still waits. */
  #turns = ON_TIME;
  /** When the process was back, and when the callback began that had kept it busy. */
  #back = NaN;
  #busySince = NaN;
  /** When the last dispatch began that was followed by none for longer than {@link LONG}. */
  #longSince = NaN;
  /** Whether time is the system's, and goes on while the process is away. A clock of a test does not, and costs nothing to read. */
  readonly isOfSystem: boolean;

  /** `ring` is called when the alarm rings. */
  constructor(core: Core, clock: Clock, ring: () => void, failed: (error: unknown) => void) {
    this.#core = core;
    this.alarm = new DeadlineAlarm(core, clock, ring, failed);
    this.isOfSystem = clock instanceof SystemClock;
  }

  /** Sets the alarm for the next deadline. */
  setAlarm(): void {
    if (this.#turns === ON_TIME) this.alarm.set();
  }

  /** A dispatch begins; `before` is when the one before it began. */
  began(now: number, before: number): void {
    if (now - before > LONG) this.#longSince = before;
  }

  /** Whether this pass comes so late that expired deadlines are put off. Then it is to be asked again in the next turn. */
  putsOff(now: number): boolean {
    if (!this.isOfSystem) return false;
    if (this.#turns === ON_TIME) {
      const late = now - this.#core.calls.pollDeadline();
      if (late <= LATE) return false;
      this.alarm.clear();
      this.#turns = TURNS_TO_READ;
      this.#back = now;
      this.#busySince = late > LONG ? this.#longSince : NaN;
    }
    if (this.#turns-- > 0) return true;
    if (now - this.#back > LATE || !Number.isNaN(this.#busySince)) this.#forgive(now);
    return false;
  }

  clear(): void {
    this.#turns = ON_TIME;
    this.alarm.clear();
  }

  // A connection is idle if it was so when the process was back, and nothing has come from it since. The time from then on is charged
  // to no connection: the process may have been away again, with input unread.
  #forgive(now: number): void {
    const { activity } = this.#core;
    for (let i = 0; i < activity.length; i++) {
      const at = activity[i] === this.#busySince ? this.#back : activity[i]!;
      activity[i] = Math.min(at + now - this.#back, now);
    }
  }
}
