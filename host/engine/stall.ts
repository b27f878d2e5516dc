// Detects that the process was stalled when a deadline passed: busy in a callback, stopped by a signal, halted by a debugger.
//
// Then it has not read yet what peers have sent meanwhile, and a peer that has sent something must not be treated as idle. So expired
// deadlines wait until the runtime has polled its sockets, which takes some iterations of its event loop. And a long callback counts
// as activity until its end: a stream that was answered late is not idle at once.

import type { Core } from "../core/core.ts";
import { type Clock, SystemClock, TURNS_TO_READ } from "../time/clock.ts";
import { DeadlineAlarm } from "../time/deadline-alarm.ts";

// Milliseconds. The runtime's own timeouts are late by one or two.
const LATE = 5;

/** Milliseconds between the starts of two dispatches. If there are more, the first may have kept the process busy. */
const LONG = 100;

const ON_TIME = -1;

export class Stall {
  readonly #core: Core;
  /** The loop's alarm. It is not set while expired deadlines wait. */
  readonly alarm: DeadlineAlarm;
  /** How many more iterations of the event loop the late pass waits. */
  #turns = ON_TIME;
  /** When the process was back, and when the callback that had kept it busy began. */
  #back = NaN;
  #busySince = NaN;
  /** The start of the latest dispatch after which the next one took longer than {@link LONG} to come. */
  #longSince = NaN;
  /** Whether the clock is the system's, which runs on during a stall. A test's clock does not, and costs nothing to read. */
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

  /** A dispatch begins at `now`; the previous one began at `before`. */
  began(now: number, before: number): void {
    if (now - before > LONG) this.#longSince = before;
  }

  /** Whether this pass is so late that expired deadlines must wait. If true, ask again in the next iteration of the event loop. */
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

  // A connection is idle if it was so when the process was back, and has sent nothing since. The time since then does not count for any
  // connection: the process may have been stalled again, with unread input.
  #forgive(now: number): void {
    const { activity } = this.#core;
    for (let i = 0; i < activity.length; i++) {
      const at = activity[i] === this.#busySince ? this.#back : activity[i]!;
      activity[i] = Math.min(at + now - this.#back, now);
    }
  }
}
