// The connection table: every socket the loop knows, what state it is in, and when its deadline is.
//
// I1  A state changes only by NEXT, the table below; what it does not allow is refused and changes nothing.
// I2  STATE_COUNTS[s] is the number of connections in state s; the sum is the number of connections.
// I3  A connection has at most one deadline, and what its expiry means follows from its state; and a lifetime (lifetimes.ts).
// I4  Idle deadlines are lazy: the host stores the time of activity into the array at ACTIVITY; the deadline is looked
//     at only when it surfaces, and sinks again when there was activity meanwhile. Never early, never more than a pass late.
// I5  Connections that linger stand in a line, in the order in which they began to.
// It never closes anything: it says what has expired, the host closes the socket and tells.

import {
  CONNECTIONS,
  ERR_FULL,
  ERR_STATE,
  ERR_TIME,
  LINGERING_LINE,
  OK,
  PASS,
  STATE_COUNTS,
  isDuration,
  tell,
} from "./memory";
import { FIXED, TIMEOUT, activity, deadlineNow, ownerFor } from "./idle";
import * as lifetimes from "./lifetimes";
import * as line from "./line";
import { timerAt } from "./lists";
import { find, give, idOf, name, record, take } from "./slots";
import { createOwned, postpone, removeOwned, schedule } from "./timers";

// States.
export const FREE: i32 = 0;
export const WAITING: i32 = 1; // accepted by the system, not yet admitted
export const CONNECTING: i32 = 2; // an outgoing attempt
export const INCOMING: i32 = 3; // admitted; counts against maxConnections
export const OUTGOING: i32 = 4; // connected, or adopted
export const LOOSE: i32 = 5; // a stream of no loop: it only has an idle deadline
export const LINGERING: i32 = 6; // has ended its side, and reads what still comes
export const STATES: i32 = 7;

// Events.
export const ACCEPT: i32 = 0;
export const CONNECT: i32 = 1;
export const TRACK: i32 = 2;
export const ADMIT: i32 = 3;
export const CONNECTED: i32 = 4;
export const ADOPT: i32 = 5;
export const CLOSE: i32 = 6;
export const LINGER: i32 = 7;
export const EVENTS: i32 = 8;

const NONE: u8 = 255;

// NEXT[event][state]: the state that follows, or NONE. A row an event, in the order above.
// prettier-ignore
const NEXT: usize = memory.data<u8>([
// FREE  WAITING CONNECTING INCOMING OUTGOING LOOSE LINGERING
   1,    255,    255,       255,     255,     255,  255, // ACCEPT
   2,    255,    255,       255,     255,     255,  255, // CONNECT
   5,    255,    255,       255,     255,     255,  255, // TRACK
   255,  3,      255,       255,     255,     255,  255, // ADMIT
   255,  255,    4,         255,     255,     255,  255, // CONNECTED
   255,  255,    255,       255,     255,     4,    255, // ADOPT
   255,  0,      0,         0,       0,       0,    0,   // CLOSE
   255,  255,    255,       6,       6,       6,    255, // LINGER
]);

// EXPIRED[state]: what handleDue answers when the deadline of a connection in that state has passed.
export const EXPIRED_WAIT: i32 = 3;
export const EXPIRED_CONNECT: i32 = 4;
export const EXPIRED_IDLE: i32 = 5;
export const EXPIRED_LINGER: i32 = 6;
const EXPIRED: usize = memory.data<u8>([0, 3, 4, 5, 5, 5, 6]);

const LINGER_TIMEOUT: f64 = 2000; // ms

// A connection's record.
const STATE: usize = 4; // i32
// TIMEOUT: 8 (idle.ts)
const TIMER: usize = 16; // i32: slot + 1 of the timer of its deadline, or 0
export const ACCEPTOR: usize = 20; // i32: acceptor slot + 1 while it waits
// While it waits or lingers, 24 and 28 are line.ts's. Unless it waits, 20 and 24 are lifetimes.ts's.

/** The state that follows `state` after `event`; ERR_STATE when it is not allowed, or either is none. */
export function nextState(state: i32, event: i32): i32 {
  if (<u32>state >= <u32>STATES || <u32>event >= <u32>EVENTS) return ERR_STATE;
  const next = load<u8>(NEXT + <usize>(event * STATES + state));
  return next == NONE ? ERR_STATE : <i32>next;
}

/** How many connections are in a state. */
export function countOf(state: i32): i32 {
  return load<i32>(STATE_COUNTS + ((<usize>state) << 2));
}

/** The state of a connection in use. */
export function stateOf(slot: i32): i32 {
  return load<i32>(record(CONNECTIONS, slot), STATE);
}

/** Makes a connection by ACCEPT, CONNECT or TRACK. Gives its slot, ERR_TIME or ERR_FULL. */
export function open(event: i32, timeout: f64, now: f64): i32 {
  const at = tell(now);
  if (!isDuration(timeout)) return ERR_TIME;
  const slot = take(CONNECTIONS);
  if (slot < 0) return ERR_FULL;
  const connection = record(CONNECTIONS, slot);
  name(connection);
  store<i32>(connection, FREE, STATE);
  store<u64>(connection, 0, TIMER); // and ACCEPTOR, or what is there instead
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

/** Moves a connection on. Gives OK or ERR_STATE. */
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

/** An attempt has succeeded, or a client is let in, by this event: it has no deadline yet, and its life begins. Gives OK or ERR_STATE. */
export function begin(slot: i32, event: i32, now: f64): i32 {
  const code = apply(slot, event);
  if (code < 0) return code;
  const at = tell(now);
  lifetimes.begin(slot, at);
  return setTimeout(slot, 0, at);
}

/** Has a connection linger. Gives OK, ERR_STATE or ERR_FULL. */
export function linger(slot: i32, now: f64): i32 {
  if (!lifetimes.isBounded(stateOf(slot))) return ERR_STATE;
  store<f64>(record(CONNECTIONS, slot), FIXED, TIMEOUT); // first, as arming goes by it; without a timer it says nothing
  const code = arm(slot, TIMER, ownerFor(slot), now + LINGER_TIMEOUT);
  if (code < 0) return code;
  lifetimes.end(slot);
  apply(slot, LINGER);
  line.join(LINGERING_LINE, slot);
  return OK;
}

/** Ends a connection that does not wait in the line any more; its id is spent. */
export function close(slot: i32): void {
  disarm(slot, TIMER);
  lifetimes.end(slot);
  if (stateOf(slot) == LINGERING) line.leave(LINGERING_LINE, slot);
  apply(slot, CLOSE);
  count(FREE, -1);
  give(CONNECTIONS, slot);
}

/** Sets the timeout of a connection in milliseconds, 0 for never, and counts it as activity. Gives OK, ERR_TIME or ERR_FULL. */
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

/** Looks at a deadline or a lifetime that is due: true when it has passed, false when it was put off, for there was activity in this pass. */
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

/** What it means that the deadline of a connection in some state has passed. */
export function expired(state: i32): i32 {
  return <i32>load<u8>(EXPIRED + <usize>state);
}

/** The slot an id names, or ERR_STALE. */
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

/** Starts the timer that stands at `field` of a record, and makes it when it must. Gives OK or ERR_FULL. */
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

/** Removes the timer that stands at `field` of a record. */
export function disarm(slot: i32, field: usize): void {
  const at = record(CONNECTIONS, slot) + field;
  const timer = load<i32>(at) - 1;
  if (timer < 0) return;
  removeOwned(timer);
  store<i32>(at, 0);
}
