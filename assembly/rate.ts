// The rate of admission: a token bucket. Each admission takes a token.
//
// I1  The bucket never holds more than `burst` tokens. It fills with `rate` tokens per second, continuously.
// I2  In any t seconds at most burst + rate * t clients are admitted.
// I3  There is a timer only if a client had to wait for a token: it is due when there will be one.
// A client that has to wait for a token keeps its position in the queue.

import { ERR_LIMIT, OK, isDuration, isLimit } from "./memory";
import * as alarms from "./alarms";

// One token, minus the rounding error of its sum.
const ONE: f64 = 1 - 1e-9;

let rate: f64 = 0; // tokens per ms; 0 = unlimited
let burst: f64 = 50;
let level: f64 = 50; // tokens at the time `filled`
let filled: f64 = 0; // when `level` was updated

/** Sets how many clients are admitted per second (0 = unlimited), and how many at once after a pause. Returns OK, or ERR_LIMIT with nothing changed. */
export function set(perSecond: f64, atOnce: f64, now: f64): i32 {
  if (!isDuration(perSecond) || !isLimit(atOnce) || atOnce < 1) return ERR_LIMIT;
  fill(now);
  // A bucket that was not in use is full.
  level = rate == 0 ? atOnce : min(level, atOnce);
  rate = perSecond / 1000;
  burst = atOnce;
  alarms.clear(alarms.RATE);
  return OK;
}

/** Whether a client may be admitted now. If not, sets a timer for when it may. */
export function allows(now: f64): bool {
  if (rate == 0) return true;
  fill(now);
  if (level >= ONE) return true;
  alarms.set(alarms.RATE, now + (1 - level) / rate);
  return false;
}

/** Whether a client would be admitted if there were a slot: there is a token, or no rate is set. */
export function isOpen(): bool {
  return rate == 0 || level >= ONE;
}

/** Takes a token for an admitted client. */
export function take(): void {
  if (rate > 0) level -= 1;
}

/** Fills the bucket. The settings stay. */
export function reset(): void {
  level = burst;
}

// The caller has replaced a time that is earlier than the latest one.
function fill(now: f64): void {
  level = min(burst, level + (now - filled) * rate);
  filled = now;
}
