// Lifetimes: how long a connection may be there at all.
//
// I1  A life begins when a client is admitted, an attempt has succeeded, or a connection is tracked. It is bounded only in these
//     states, INCOMING, OUTGOING and LOOSE, and only when a lifetime was set; only then does it have a timer.
// I2  Activity does not move its end.
// It never ends anything: it says whose time has passed.

import { CONNECTIONS, ERR_FULL, ERR_STATE, ERR_TIME, OK, isDuration } from "./memory";
import { INCOMING, LOOSE, stateOf } from "./connections";
import { lifetimeOwnerFor } from "./idle";
import { record } from "./slots";
import { createOwned, removeOwned, schedule } from "./timers";
import { isDue, stop } from "./wheel";

// In a connection's record, unless it waits or lingers.
const TIMER: usize = 20; // i32: timer slot + 1, or 0
const START: usize = 24; // f64

/** Whether the life of a connection in this state can be bounded. */
export function isBounded(state: i32): bool {
  return <u32>(state - INCOMING) <= <u32>(LOOSE - INCOMING);
}

/** A life begins. */
export function begin(connection: i32, now: f64): void {
  const at = record(CONNECTIONS, connection);
  store<i32>(at, 0, TIMER);
  store<f64>(at, now, START);
}

/** A life is not bounded any more. */
export function end(connection: i32): void {
  const at = record(CONNECTIONS, connection);
  const timer = load<i32>(at, TIMER) - 1;
  if (timer < 0) return;
  removeOwned(timer);
  store<i32>(at, 0, TIMER);
}

/** Bounds a life to so many milliseconds, 0 = not. Gives OK, ERR_STATE, ERR_TIME or ERR_FULL. */
export function set(connection: i32, lifetime: f64): i32 {
  if (!isBounded(stateOf(connection))) return ERR_STATE;
  if (!isDuration(lifetime)) return ERR_TIME;
  if (lifetime == 0) {
    end(connection);
    return OK;
  }
  let timer = load<i32>(record(CONNECTIONS, connection), TIMER) - 1;
  if (timer < 0) {
    timer = createOwned(lifetimeOwnerFor(connection));
    if (timer < 0) return ERR_FULL;
    store<i32>(record(CONNECTIONS, connection), timer + 1, TIMER); // the table may have moved
  }
  schedule(timer, load<f64>(record(CONNECTIONS, connection), START) + lifetime);
  return OK;
}

/** Answers for a life whose time has passed: true, once. */
export function hasPassed(connection: i32): bool {
  if (!isBounded(stateOf(connection))) return false;
  const timer = load<i32>(record(CONNECTIONS, connection), TIMER) - 1;
  if (timer < 0 || !isDue(timer)) return false;
  stop(timer);
  return true;
}
