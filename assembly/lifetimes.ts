// Lifetimes: how long a connection may be open at all.
//
// I1  A lifetime begins when a client is admitted, an attempt has succeeded, or a connection is tracked. It is bounded only in
//     the states that follow, from INCOMING to EXEMPT, and only if a limit was set. Only then does it have a timer.
// I2  Activity does not move its end.
// It never closes a connection: it only keeps the timer.

import { CONNECTIONS, ERR_STATE, ERR_TIME, OK, isDuration } from "./memory";
import { EXEMPT, INCOMING, arm, disarm, stateOf } from "./connections";
import { lifetimeOwnerFor } from "./idle";
import { record } from "./slots";

// In a connection's record, unless it waits: i32, timer slot + 1, or 0.
const TIMER: usize = 20;
// In a connection's record: f64, ms.
const START: usize = 32;

/** Whether a connection in this state can have a limited lifetime. */
export function isBounded(state: i32): bool {
  return <u32>(state - INCOMING) <= <u32>(EXEMPT - INCOMING);
}

/** Begins a lifetime at `now`. */
export function begin(connection: i32, now: f64): void {
  store<f64>(record(CONNECTIONS, connection), now, START);
}

/** Removes the limit of a lifetime. */
export function end(connection: i32): void {
  disarm(connection, TIMER);
}

/** Limits a lifetime to so many milliseconds (0 = unlimited). Returns OK, ERR_STATE, ERR_TIME or ERR_FULL. */
export function set(connection: i32, lifetime: f64): i32 {
  if (!isBounded(stateOf(connection))) return ERR_STATE;
  if (!isDuration(lifetime)) return ERR_TIME;
  if (lifetime == 0) {
    end(connection);
    return OK;
  }
  const deadline = load<f64>(record(CONNECTIONS, connection), START) + lifetime;
  return arm(connection, TIMER, lifetimeOwnerFor(connection), deadline);
}

/** The timer slot of a limited lifetime, given the state of its connection, or -1. */
export function timerOf(connection: i32, state: i32): i32 {
  return isBounded(state) ? load<i32>(record(CONNECTIONS, connection), TIMER) - 1 : -1;
}
