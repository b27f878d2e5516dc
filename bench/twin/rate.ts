// The rate of admission: a token bucket. Each admission takes a token.
//
// I1  The bucket never holds more than `burst` tokens. It fills with `rate` tokens per second, continuously.
// I2  In any t seconds at most burst + rate * t clients are admitted.
// I3  There is a timer only if a client had to wait for a token: it is due when there will be one.

import { Code } from "wasm-ioloop/core";
import { Alarm, type Alarms } from "./alarms.ts";
import { isDuration, isLimit } from "./clock.ts";

const ONE = 1 - 1e-9; // one token, minus the rounding error of its sum

export class Rate {
  readonly #alarms: Alarms;
  #rate = 0; // tokens per ms; 0 = unlimited
  #burst = 50;
  #level = 50; // tokens at the time `#filled`
  #filled = 0; // when #level was updated

  constructor(alarms: Alarms) {
    this.#alarms = alarms;
  }

  /** Whether there is a token, or no limit. */
  get isOpen(): boolean {
    return this.#rate === 0 || this.#level >= ONE;
  }

  /** Sets how many clients are admitted per second (0 = unlimited), and how many at once. Returns OK or LIMIT. */
  set(perSecond: number, burst: number, now: number): number {
    if (!isDuration(perSecond) || !isLimit(burst) || burst < 1) return Code.LIMIT;
    this.#fill(now);
    this.#level = this.#rate === 0 ? burst : Math.min(this.#level, burst);
    this.#rate = perSecond / 1000;
    this.#burst = burst;
    this.#alarms.clear(Alarm.RATE);
    return Code.OK;
  }

  /** Whether a client may be admitted now. If not, sets a timer for when it may. */
  allows(now: number): boolean {
    if (this.#rate === 0) return true;
    this.#fill(now);
    if (this.#level >= ONE) return true;
    this.#alarms.set(Alarm.RATE, now + (1 - this.#level) / this.#rate);
    return false;
  }

  /** Takes a token for an admitted client. */
  take(): void {
    if (this.#rate > 0) this.#level -= 1;
  }

  /** Fills the bucket. The settings stay. */
  reset(): void {
    this.#level = this.#burst;
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#burst, this.#level + (now - this.#filled) * this.#rate);
    this.#filled = now;
  }
}
