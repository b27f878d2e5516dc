// The rate of admission: a bucket of tokens, one for each client that is admitted.
//
// I1  The bucket never holds more than `burst` tokens. It fills with `rate` tokens a second, of which parts count.
// I2  In any t seconds at most burst + rate * t clients are admitted.
// I3  There is a timer only if a client had to wait for a token: it is due when the token is there.

import { Code } from "wasm-ioloop/core";
import { isDuration, isLimit } from "./clock.ts";
import { RATE } from "./idle.ts";
import type { Timers } from "./timers.ts";

const ONE = 1 - 1e-9; // one token, less what rounding takes from the sum of its parts

export class Rate {
  readonly #timers: Timers;
  #rate = 0; // tokens a ms; 0 = no limit
  #burst = 50;
  #level = 50; // tokens, when it was looked at last
  #filled = 0; // when that was
  #timer = -1;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Whether there is a token, or no limit. */
  get isOpen(): boolean {
    return this.#rate === 0 || this.#level >= ONE;
  }

  /** Sets how many clients are admitted a second (0 = unlimited), and how many at once. Returns OK or LIMIT. */
  set(perSecond: number, burst: number, now: number): number {
    if (!isDuration(perSecond) || !isLimit(burst) || burst < 1) return Code.LIMIT;
    this.#fill(now);
    this.#level = this.#rate === 0 ? burst : Math.min(this.#level, burst);
    this.#rate = perSecond / 1000;
    this.#burst = burst;
    this.timerPassed();
    return Code.OK;
  }

  /** Whether a client may be admitted now. If not, a timer is set for when it may. */
  allows(now: number): boolean {
    if (this.#rate === 0) return true;
    this.#fill(now);
    if (this.#level >= ONE) return true;
    if (this.#timer < 0) {
      this.#timer = this.#timers.createOwned(RATE);
      if (this.#timer >= 0) this.#timers.schedule(this.#timer, now + (1 - this.#level) / this.#rate);
    }
    return false;
  }

  /** A client has been admitted. */
  take(): void {
    if (this.#rate > 0) this.#level -= 1;
  }

  /** The timer has expired: there is a token. */
  timerPassed(): void {
    if (this.#timer >= 0) this.#timers.removeOwned(this.#timer);
    this.#timer = -1;
  }

  /** The bucket is full. The settings stay. */
  reset(): void {
    this.#level = this.#burst;
    this.#timer = -1;
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#burst, this.#level + (now - this.#filled) * this.#rate);
    this.#filled = now;
  }
}
