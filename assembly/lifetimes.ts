// Lifetimes: how long a connection may be there at all.
//
// I1  A life begins when a client is admitted, an attempt has succeeded, or a connection is tracked. It is bounded only in these
//     states, INCOMING, OUTGOING and LOOSE, and only when a lifetime was set; only then does it have a timer.
// I2  Activity does not move its end.
// It never ends anything: it says whose time has passed.

import { CONNECTIONS, ERR_STATE, ERR_TIME, OK, isDuration } from "./memory";
import { INCOMING, LOOSE, arm, disarm, stateOf } from "./connections";
import { lifetimeOwnerFor } from "./idle";
import { record } from "./slots";

// In a connection's record, unless it waits: i32, timer slot + 1, or 0.
const TIMER: usize = 20;
// And unless it lingers: f64.
const START: usize = 24;

/** Whether the life of a connection in this state can be bounded. */
export function isBounded(state: i32): bool {
  return <u32>(state - INCOMING) <= <u32>(LOOSE - INCOMING);
}

/** A life begins. */
export function begin(connection: i32, now: f64): void {
  store<f64>(record(CONNECTIONS, connection), now, START);
}

/** A life is not bounded any more. */
export function end(connection: i32): void {
  disarm(connection, TIMER);
}

/** Bounds a life to so many milliseconds, 0 = not. Gives OK, ERR_STATE, ERR_TIME or ERR_FULL. */
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

/** The slot of the timer of a life that is bounded, given the state of its connection, or -1. */
export function timerOf(connection: i32, state: i32): i32 {
  return isBounded(state) ? load<i32>(record(CONNECTIONS, connection), TIMER) - 1 : -1;
}
