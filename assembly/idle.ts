// Owners of timers, and idle deadlines, which activity moves.
//
// I1  A timer of the host has an interval of 0 or more. A negative interval names the owner: connection slot ~interval, the
//     lifetime of connection slot ~interval - 2^22, or a purpose of the core itself (alarms.ts).
// I2  The deadline of a connection is its last activity plus its timeout. The host stores the activity; the core reads it only
//     when the timer comes up. So a deadline only ever moves to later. Lifetimes, and deadlines with timeout FIXED, do not move.
// It never starts or stops a timer.

import { ACTIVITY, CONNECTIONS } from "./memory";
import { DEADLINE } from "./lists";
import { SLOT_MASK, record } from "./slots";

export const INTERVAL: usize = 24; // f64 in a timer's record: ms, or a negative number that names an owner
const LAST_IDLE: f64 = -4194304; // ~slot for the last possible slot
/** The first of the owners that are purposes of the core itself (alarms.ts). Less than every owner that is a connection. */
export const ALARM_OWNER: f64 = -16777216;
/** In a connection's record: f64, ms; 0 = none. */
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

/** The slot of the connection that owns a timer with this interval, for its deadline or its lifetime. */
export function ownerIn(interval: f64): i32 {
  return ~(<i32>interval) & SLOT_MASK;
}

/** The address of the time of a connection's last activity. */
export function activity(connection: i32): usize {
  return <usize>load<u32>(ACTIVITY) + ((<usize>connection) << 3);
}

/** The current deadline of an owned timer, moved by activity, given the address of its record. Ignores activity that is NaN or infinite. */
export function deadlineNow(timer: usize): f64 {
  const deadline = load<f64>(timer, DEADLINE);
  const owner = load<f64>(timer, INTERVAL);
  if (owner < LAST_IDLE) return deadline;
  const connection = ownerIn(owner);
  const moved = load<f64>(activity(connection)) + load<f64>(record(CONNECTIONS, connection), TIMEOUT);
  return moved > deadline && moved < Infinity ? moved : deadline;
}
