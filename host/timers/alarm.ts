// The one timer of the runtime behind all timers, set for the earliest of them.

import { clearTimeout, refTimer, setTimeout, timerUntil, unrefTimer } from "../base/runtime.ts";
import { outside } from "./context.ts";
import { LONGEST } from "./delay.ts";

export class Alarm {
  /** When it rings; Infinity if it is not set. */
  at: number = Infinity;
  /** Whether it keeps the process alive while it is set. */
  keepsAlive = true;
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => void) {
    this.#ring = (): void => {
      this.at = Infinity;
      this.#timer = undefined;
      ring();
    };
  }

  /** Sets it for another time. It may ring early, by a millisecond or two, or by days if `at` is further away than the runtime allows. */
  set(at: number): void {
    this.at = Infinity; // if the runtime throws
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(timerUntil(at), 1), LONGEST);
    // The runtime restores the context in which a timer was set. That would be the one of whichever timer is the earliest.
    outside(() => (this.#timer = setTimeout(this.#ring, delay)));
    this.at = at;
    if (!this.keepsAlive) unrefTimer(this.#timer!);
  }

  keepAlive(does: boolean): void {
    if (does === this.keepsAlive) return;
    this.keepsAlive = does;
    if (this.#timer === undefined) return;
    if (does) refTimer(this.#timer);
    else unrefTimer(this.#timer);
  }
}
