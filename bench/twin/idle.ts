// Owners of timers, and idle deadlines, which activity moves.
//
// I1  A timer of the host has an interval of 0 or more. A negative interval names the owner: connection slot ~interval, the
//     lifetime of connection slot ~interval - 2^22, or a purpose of the core itself (alarms.ts).
// I2  The deadline of a connection is its last activity plus its timeout. The host stores the activity; it is read only when
//     the timer comes up. So a deadline only ever moves to later. Lifetimes, and deadlines with timeout FIXED, do not move.

import { LARGEST, longer } from "./arrays.ts";

/** The first of the owners that are purposes of the core itself (alarms.ts). Less than every owner that is a connection. */
export const ALARM_OWNER: number = -(2 ** 24);
/** A timeout whose deadline no activity moves. */
export const FIXED: number = -Infinity;

export class Idle {
  // By slot of connection.
  activity: Float64Array;
  timeout: Float64Array; // ms; 0 = never

  constructor(capacity: number) {
    this.activity = new Float64Array(capacity);
    this.timeout = new Float64Array(capacity);
  }

  grow(capacity: number): void {
    this.activity = longer(this.activity, capacity);
    this.timeout = longer(this.timeout, capacity);
  }

  /** The current deadline of a timer with this interval, moved by activity. Ignores activity that is NaN or infinite. */
  deadlineNow(deadline: number, interval: number): number {
    const connection = connectionOf(interval);
    if (connection < 0) return deadline;
    const moved = this.activity[connection]! + this.timeout[connection]!;
    return moved > deadline && moved < Infinity ? moved : deadline;
  }
}

/** The lifetime of a connection as an owner. */
export function lifetimeOwnerFor(connection: number): number {
  return ~connection - LARGEST;
}

/** The slot of the connection that owns a timer with this interval for its idle deadline; -1 if it has another owner. */
export function connectionOf(interval: number): number {
  return interval < 0 && interval >= -LARGEST ? ~interval : -1;
}

/** The slot of the connection that owns a timer with this interval for its lifetime. */
export function lifetimeOf(interval: number): number {
  return ~(interval + LARGEST);
}
