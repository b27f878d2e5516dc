// The connection table: every socket of the loop, its state and its deadline.
//
// I1  States change only as NEXT, the table below, allows; anything else is refused and changes nothing.
// I2  STATE_COUNTS[s] is the number of connections in state s; the sum is the number of connections.
// I3  A connection has at most one deadline, whose meaning follows from its state, and at most one lifetime (lifetimes.ts).
// I4  Idle deadlines are lazy: the host stores the time of activity in the array at ACTIVITY. When the deadline comes up, the
//     core checks that time and reschedules if there was activity. It never expires early, and at most one pass late.
// I5  Lingering connections are in a queue, in the order in which they began to linger.
// It never closes a socket: it returns what has expired, and the host closes the socket and reports that.

import {
  CONNECTIONS,
  ERR_FULL,
  ERR_STATE,
  ERR_TIME,
  LINGERING_QUEUE,
  OK,
  PASS,
  STATE_COUNTS,
  isDuration,
  tell,
} from "./memory";
import { FIXED, TIMEOUT, activity, deadlineNow, ownerFor } from "./idle";
import * as lifetimes from "./lifetimes";
import * as queue from "./queue";
import { timerAt } from "./lists";
import { find, give, idOf, name, record, take } from "./slots";
import { createOwned, postpone, removeOwned, schedule } from "./timers";

// States.
export const FREE: i32 = 0;
export const WAITING: i32 = 1; // accepted by the system, not admitted yet
export const CONNECTING: i32 = 2; // an outgoing attempt
export const INCOMING: i32 = 3; // admitted; counts against maxConnections
export const OUTGOING: i32 = 4; // connected, or adopted
export const LOOSE: i32 = 5; // a stream that is in no loop: it only has an idle deadline
export const EXEMPT: i32 = 6; // as INCOMING, by an exempt acceptor; counts against no limit of the loop
export const LINGERING: i32 = 7; // we have ended our side, and discard input until the peer ends its side
export const STATES: i32 = 8;

// Events.
export const ACCEPT: i32 = 0;
export const CONNECT: i32 = 1;
export const TRACK: i32 = 2;
export const ADMIT: i32 = 3;
export const CONNECTED: i32 = 4;
export const ADOPT: i32 = 5;
export const CLOSE: i32 = 6;
export const LINGER: i32 = 7;
export const ADMIT_EXEMPT: i32 = 8;
export const EVENTS: i32 = 9;

const NONE: u8 = 255;

// NEXT[event][state]: the next state, or NONE. One row per event, in the order above.
// prettier-ignore
const NEXT: usize = memory.data<u8>([
// FREE  WAITING CONNECTING INCOMING OUTGOING LOOSE EXEMPT LINGERING
   1,    255,    255,       255,     255,     255,  255,   255, // ACCEPT
   2,    255,    255,       255,     255,     255,  255,   255, // CONNECT
   5,    255,    255,       255,     255,     255,  255,   255, // TRACK
   255,  3,      255,       255,     255,     255,  255,   255, // ADMIT
   255,  255,    4,         255,     255,     255,  255,   255, // CONNECTED
   255,  255,    255,       255,     255,     4,    255,   255, // ADOPT
   255,  0,      0,         0,       0,       0,    0,     0,   // CLOSE
   255,  255,    255,       7,       7,       7,    7,     255, // LINGER
   255,  6,      255,       255,     255,     255,  255,   255, // ADMIT_EXEMPT
]);

// EXPIRED[state]: the result of handleDue if the deadline of a connection in that state has passed.
export const EXPIRED_CONNECT: i32 = 4;
export const EXPIRED_IDLE: i32 = 5;
export const EXPIRED_LINGER: i32 = 6;
const EXPIRED: usize = memory.data<u8>([0, 0, 4, 5, 5, 5, 5, 6]);

const LINGER_TIMEOUT: f64 = 2000; // ms

// A connection's record.
const STATE: usize = 4; // i32
// TIMEOUT: 8 (idle.ts)
const TIMER: usize = 16; // i32: slot + 1 of the timer of its deadline, or 0
// 20, 32: lifetimes.ts
export const LINKS: usize = 24; // in the queue of its acceptor, of the evicted, or of those that linger
// 40, and 48 once it is admitted: waiting.ts
export const ADDRESS_LINKS: usize = 48; // in the queue of its address, while it waits
export const ACCEPTOR: usize = 56; // i32: the slot of its acceptor while it waits and once it is admitted, or 0
export const ADDRESS: usize = 60; // i32: the slot of its address, or 0

/** The state that `event` leads to from `state`; ERR_STATE if that is not allowed, or if either is out of range. */
export function nextState(state: i32, event: i32): i32 {
  if (<u32>state >= <u32>STATES || <u32>event >= <u32>EVENTS) return ERR_STATE;
  const next = load<u8>(NEXT + <usize>(event * STATES + state));
  return next == NONE ? ERR_STATE : <i32>next;
}

/** The number of connections in a state. */
export function countOf(state: i32): i32 {
  return load<i32>(STATE_COUNTS + ((<usize>state) << 2));
}

/** The state of a connection in use. */
export function stateOf(slot: i32): i32 {
  return load<i32>(record(CONNECTIONS, slot), STATE);
}

/** Creates a connection by ACCEPT, CONNECT or TRACK. Returns its slot, ERR_TIME or ERR_FULL. */
export function open(event: i32, timeout: f64, now: f64): i32 {
  const at = tell(now);
  if (!isDuration(timeout)) return ERR_TIME;
  const slot = take(CONNECTIONS);
  if (slot < 0) return ERR_FULL;
  const connection = record(CONNECTIONS, slot);
  name(connection);
  store<i32>(connection, FREE, STATE);
  store<u64>(connection, 0, TIMER); // and the timer of its lifetime
  store<u64>(connection, 0, ACCEPTOR); // and ADDRESS
  lifetimes.begin(slot, at);
  count(FREE, 1);
  apply(slot, event);
  const code = setTimeout(slot, timeout, at);
  if (code != OK) {
    close(slot);
    return code;
  }
  return slot;
}

/** Changes the state of a connection by an event. Returns OK or ERR_STATE. */
export function apply(slot: i32, event: i32): i32 {
  const connection = record(CONNECTIONS, slot);
  const state = load<i32>(connection, STATE);
  const next = nextState(state, event);
  if (next < 0) return next;
  count(state, -1);
  count(next, 1);
  store<i32>(connection, next, STATE);
  return OK;
}

/** Whether a connection in this state was admitted, and has its slot. */
export function isInside(state: i32): bool {
  return state == INCOMING || state == EXEMPT;
}

/** Opens a connection by CONNECTED, ADMIT or ADMIT_EXEMPT: its deadline is removed, and its lifetime begins. Returns OK or ERR_STATE. */
export function begin(slot: i32, event: i32, now: f64): i32 {
  const code = apply(slot, event);
  if (code < 0) return code;
  const at = tell(now);
  lifetimes.begin(slot, at);
  return setTimeout(slot, 0, at);
}

/** Makes a connection linger. Returns OK, ERR_STATE or ERR_FULL. */
export function linger(slot: i32, now: f64): i32 {
  if (!lifetimes.isBounded(stateOf(slot))) return ERR_STATE;
  store<f64>(record(CONNECTIONS, slot), FIXED, TIMEOUT); // before `arm`, which reads it; if that fails, no timer uses it
  const code = arm(slot, TIMER, ownerFor(slot), now + LINGER_TIMEOUT);
  if (code < 0) return code;
  lifetimes.end(slot);
  apply(slot, LINGER);
  queue.join(LINGERING_QUEUE, CONNECTIONS, slot, LINKS);
  return OK;
}

/** Removes a connection that waits in no queue. Its id is spent. */
export function close(slot: i32): void {
  disarm(slot, TIMER);
  lifetimes.end(slot);
  if (stateOf(slot) == LINGERING) queue.leave(LINGERING_QUEUE, CONNECTIONS, slot, LINKS);
  apply(slot, CLOSE);
  count(FREE, -1);
  give(CONNECTIONS, slot);
}

/** Sets the timeout of a connection in milliseconds (0 = none). Counts as activity. Returns OK, ERR_TIME or ERR_FULL. */
export function setTimeout(slot: i32, timeout: f64, now: f64): i32 {
  if (!isDuration(timeout)) return ERR_TIME;
  store<f64>(record(CONNECTIONS, slot), timeout, TIMEOUT);
  store<f64>(activity(slot), now);
  if (timeout == 0) {
    disarm(slot, TIMER);
    return OK;
  }
  return arm(slot, TIMER, ownerFor(slot), now + timeout);
}

/** The timer slot of a connection, or -1. */
export function timerOf(slot: i32): i32 {
  return load<i32>(record(CONNECTIONS, slot), TIMER) - 1;
}

/** Whether a deadline or lifetime whose timer is due has passed. If there was activity meanwhile, reschedules the timer and returns false. */
export function hasPassed(timer: i32): bool {
  const deadline = deadlineNow(timerAt(timer));
  if (deadline <= load<f64>(PASS)) return true;
  postpone(timer, deadline);
  return false;
}

/** The timeout of a connection in milliseconds. */
export function timeoutOf(slot: i32): f64 {
  return load<f64>(record(CONNECTIONS, slot), TIMEOUT);
}

/** EXPIRED_… for a state: the meaning of its deadline. */
export function expired(state: i32): i32 {
  return <i32>load<u8>(EXPIRED + <usize>state);
}

/** The slot that an id names, or ERR_STALE. */
export function slotOf(id: f64): i32 {
  return find(CONNECTIONS, id);
}

/** The id of a connection in use. */
export function connectionId(slot: i32): f64 {
  return idOf(CONNECTIONS, slot);
}

function count(state: i32, by: i32): void {
  const at = STATE_COUNTS + ((<usize>state) << 2);
  store<i32>(at, load<i32>(at) + by);
}

/** Starts the timer at `field` of a connection's record, and creates it if necessary. Returns OK or ERR_FULL. */
export function arm(slot: i32, field: usize, owner: f64, deadline: f64): i32 {
  let timer = load<i32>(record(CONNECTIONS, slot) + field) - 1;
  if (timer < 0) {
    timer = createOwned(owner);
    if (timer < 0) return ERR_FULL;
    store<i32>(record(CONNECTIONS, slot) + field, timer + 1); // the table may have moved
  }
  schedule(timer, deadline);
  return OK;
}

/** Removes the timer at `field` of a connection's record, if there is one. */
export function disarm(slot: i32, field: usize): void {
  const at = record(CONNECTIONS, slot) + field;
  const timer = load<i32>(at) - 1;
  if (timer < 0) return;
  removeOwned(timer);
  store<i32>(at, 0);
}
