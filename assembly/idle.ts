// Whose a timer is, and the deadlines that move.
//
// I1  A timer of the host's has an interval of 0 or more. One below zero names its owner: connection slot ~interval, the lifetime
//     of connection slot ~interval - 2^22, or the drain.
// I2  The deadline of a connection is its last activity plus its timeout. The host stores activity; the core looks at it only
//     when the timer surfaces. So a deadline only ever moves to later. Lifetimes, and a timeout of FIXED, do not move.
// It never starts or stops anything.

import { ACTIVITY, CONNECTIONS } from "./memory";
import { DEADLINE } from "./lists";
import { SLOT_MASK, record } from "./slots";

export const INTERVAL: usize = 24; // f64 in a timer's record: ms, or below zero an owner
const LAST_IDLE: f64 = -4194304; // ~slot of the last slot there can be
/** The drain as an owner. */
export const DRAIN: f64 = -16777216; // below every other
/** In a connection's record: f64, ms; 0 = never. */
export const TIMEOUT: usize = 8;
/** A timeout whose deadline no activity moves. */
export const FIXED: f64 = -Infinity;

/** A connection as an owner. */
export function ownerFor(connection: i32): f64 {
  return <f64>~connection;
}

/** The lifetime of a connection as an owner. */
export function lifetimeOwnerFor(connection: i32): f64 {
  return <f64>(~connection - (1 << 22));
}

/** The slot of the connection whose deadline or lifetime a timer with this interval is. */
export function ownerIn(interval: f64): i32 {
  return ~(<i32>interval) & SLOT_MASK;
}

/** Where the time of a connection's last activity stands. */
export function activity(connection: i32): usize {
  return <usize>load<u32>(ACTIVITY) + ((<usize>connection) << 3);
}

/** The deadline of the timer at an address, which is not the host's, as of the activity there was. Times that are none count for nothing. */
export function deadlineNow(timer: usize): f64 {
  const deadline = load<f64>(timer, DEADLINE);
  const owner = load<f64>(timer, INTERVAL);
  if (owner < LAST_IDLE) return deadline;
  const connection = ownerIn(owner);
  const moved = load<f64>(activity(connection)) + load<f64>(record(CONNECTIONS, connection), TIMEOUT);
  return moved > deadline && moved < Infinity ? moved : deadline;
}
