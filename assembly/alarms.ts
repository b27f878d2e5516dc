// The timers of the core itself: at most one for each purpose.
//
// I1  The word of a purpose holds the slot + 1 of its timer, or 0. The owner of that timer is OWNER less the purpose.
// It does not know what a timer is for: due.ts calls those who do.

import { ALARMS } from "./memory";
import { ALARM_OWNER } from "./idle";
import { createOwned, deadlineOf, removeOwned, schedule } from "./timers";

// Purposes.
export const DRAIN: i32 = 0; // the end of the delay, or of the timeout, of a graceful stop
export const RATE: i32 = 1; // a client may be admitted
export const DISPLACEMENT: i32 = 2; // a connection may have been silent long enough
export const WAITS: i32 = 3; // a client may have waited too long
const PURPOSES: i32 = 4;

/** When a timer is due; Infinity if it is not set. */
export function deadline(purpose: i32): f64 {
  const timer = load<i32>(word(purpose));
  return timer == 0 ? Infinity : deadlineOf(timer - 1);
}

/** Sets a timer. Returns false if there is no room for it. */
export function set(purpose: i32, deadline: f64): bool {
  let timer = load<i32>(word(purpose)) - 1;
  if (timer < 0) {
    timer = createOwned(ALARM_OWNER - <f64>purpose);
    if (timer < 0) return false;
    store<i32>(word(purpose), timer + 1);
  }
  schedule(timer, deadline);
  return true;
}

/** Removes a timer, if it is set. */
export function clear(purpose: i32): void {
  const timer = load<i32>(word(purpose)) - 1;
  if (timer < 0) return;
  store<i32>(word(purpose), 0);
  removeOwned(timer);
}

/** Removes every timer. */
export function reset(): void {
  for (let purpose = 0; purpose < PURPOSES; purpose++) clear(purpose);
}

function word(purpose: i32): usize {
  return ALARMS + ((<usize>purpose) << 2);
}
