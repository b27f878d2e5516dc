// The rate of admission: a bucket of tokens, one for each client that is admitted.
//
// I1  The bucket never holds more than `burst` tokens. It fills with `rate` tokens a second, of which parts count.
// I2  In any t seconds at most burst + rate * t clients are admitted.
// I3  There is a timer only if a client had to wait for a token: it is due when the token is there.
// It stands behind the queue: a client that has to wait for a token keeps its position.

import { ERR_LIMIT, OK, isDuration, isLimit } from "./memory";
import { RATE } from "./idle";
import { createOwned, removeOwned, schedule } from "./timers";

// One token, less what rounding takes from the sum of its parts.
const ONE: f64 = 1 - 1e-9;

let rate: f64 = 0; // tokens a ms; 0 = no limit
let burst: f64 = 50;
let level: f64 = 50; // tokens, when it was looked at last
let filled: f64 = 0; // when that was
let timer: i32 = 0; // timer slot + 1

/** Sets how many clients are admitted a second (0 = unlimited), and how many at once after a pause. Returns OK, or ERR_LIMIT with nothing changed. */
export function set(perSecond: f64, atOnce: f64, now: f64): i32 {
  if (!isDuration(perSecond) || !isLimit(atOnce) || atOnce < 1) return ERR_LIMIT;
  fill(now);
  // A bucket that was not in use is full.
  level = rate == 0 ? atOnce : min(level, atOnce);
  rate = perSecond / 1000;
  burst = atOnce;
  endTimer();
  return OK;
}

/** Whether a client may be admitted now. If not, a timer is set for when it may. */
export function allows(now: f64): bool {
  if (rate == 0) return true;
  fill(now);
  if (level >= ONE) return true;
  if (timer == 0) {
    timer = createOwned(RATE) + 1;
    if (timer > 0) schedule(timer - 1, now + (1 - level) / rate);
  }
  return false;
}

/** Whether a client would be admitted, if there were a slot: there is a token, or no limit. */
export function isOpen(): bool {
  return rate == 0 || level >= ONE;
}

/** A client has been admitted. */
export function take(): void {
  if (rate > 0) level -= 1;
}

/** The timer has expired: there is a token. */
export function timerPassed(): void {
  endTimer();
}

/** The bucket is full. The settings stay. */
export function reset(): void {
  level = burst;
  timer = 0;
}

// A time before the latest one is the latest one already.
function fill(now: f64): void {
  level = min(burst, level + (now - filled) * rate);
  filled = now;
}

function endTimer(): void {
  if (timer > 0) removeOwned(timer - 1);
  timer = 0;
}
