// A clock for tests, which moves only when the test says so.

import { type Alarm, type Clock, nextTurn } from "./clock.ts";
import { SECONDS, check } from "../base/checks.ts";
import { type Methods, ownMethods } from "../base/methods.ts";

/**
 * A clock under the test's control. Time only passes in `advance` and `block`, so minutes take milliseconds.
 *
 * ```js
 * const clock = new VirtualClock();
 * const loop = new IOLoop({ clock });
 * loop.timer(3600, () => console.log("an hour later"));
 * const running = loop.start();
 * await clock.advance(3600);
 * await running;
 * ```
 */
export class VirtualClock implements Clock {
  /** @internal */
  static readonly ownMethods: Methods = { of: "a clock", unchecked: ["now", "alarm"] };
  #now: number;
  readonly #alarms = new Map<() => void, number>();

  /** Creates a clock that starts at `seconds`, default 0. Throws unless that is a finite number, 0 or more. */
  constructor(seconds = 0) {
    ownMethods(new.target);
    check("new VirtualClock: seconds", seconds, SECONDS);
    this.#now = seconds * 1000;
  }

  /** The time in milliseconds. */
  now(): number {
    return this.#now;
  }

  alarm(callback: () => void): Alarm {
    return {
      set: (at) => {
        this.#alarms.set(callback, at);
        if (at <= this.#now) nextTurn(() => this.#ring(callback));
      },
      clear: () => void this.#alarms.delete(callback),
    };
  }

  /** The time in seconds at which the next alarm rings; Infinity if none is set. */
  get next(): number {
    return Math.min(Infinity, ...this.#alarms.values()) / 1000;
  }

  /**
   * Lets `seconds` pass. Stops at every alarm on the way, in order, and lets callbacks, promises and sockets run each time. If an alarm
   * is set for the same moment repeatedly, time stands still for ten rounds, and then moves on by a millisecond. Resolves when
   * the whole time has passed, or more if a callback has called `block`. Throws unless `seconds` is a finite number, 0 or more.
   */
  advance(seconds: number): Promise<void> {
    check("advance: seconds", seconds, SECONDS);
    return this.#advance(this.#now + seconds * 1000);
  }

  /** Moves the time by `seconds` without ringing any alarm, like a callback that blocks. */
  block(seconds: number): void {
    check("block: seconds", seconds, SECONDS);
    this.#now += seconds * 1000;
  }

  async #advance(target: number): Promise<void> {
    await settle();
    for (let rings = 0; this.next * 1000 <= target; rings++) {
      const [callback, at] = [...this.#alarms].reduce((first, other) => (other[1] < first[1] ? other : first));
      if (at > this.#now) {
        this.#now = at;
        rings = 0;
      } else if (rings >= PATIENCE) {
        if (this.#now >= target) break;
        this.#now = Math.min(this.#now + 1, target);
        rings = 0;
      }
      this.#ring(callback);
      await settle();
    }
    this.#now = Math.max(this.#now, target); // `block` may have moved the time further
    await settle();
  }

  #ring(callback: () => void): void {
    const at = this.#alarms.get(callback);
    if (at === undefined || at > this.#now) return;
    this.#alarms.delete(callback);
    callback();
  }
}

const PATIENCE = 10;

// Two iterations of the event loop: one for what is queued, and one for what that queues.
async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise<void>((resolve) => void nextTurn(resolve));
}
