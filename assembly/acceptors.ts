// The acceptors, and the one line in which clients wait to be admitted.
//
// I1  The line is first come, first served over all acceptors; those of a paused acceptor keep
//     their place and are passed over.
// I2  An acceptor's WAITERS is the number of its clients in the line.
// I3  Of an acceptor that is single, at most one client is let in in one pass.
// I4  A client whose acceptor is gone stays in the line, without an acceptor, until the host has reset it.
// It never decides who is admitted: that is the gate's business (admission.ts).

import {
  ACCEPTORS,
  CONNECTIONS,
  ERR_FULL,
  ERR_LIMIT,
  ERR_STALE,
  ERR_TIME,
  LIVE,
  OK,
  isDuration,
  isLimit,
} from "./memory";
import { find, give, giveAll, idOf, name, record, take } from "./slots";
import { ACCEPTOR, FOLLOWING, PREVIOUS } from "./connections";

// An acceptor's record.
const LISTENING: usize = 4; // i32: 1 while clients are taken from the line
const WAIT_TIMEOUT: usize = 8; // f64, ms; 0 = never
const BACKLOG: usize = 16; // i32
const WAITERS: usize = 20; // i32
const SINGLE: usize = 24; // i32: 1 where one client a pass is let in
const TURN: usize = 28; // i32: the pass in which the latest was

let head: i32 = 0; // connection slot + 1
let tail: i32 = 0;
let listening: i32 = 0; // acceptors that are
let pass: i32 = 0;

/** How many acceptors take clients. */
export function listeningAcceptors(): i32 {
  return listening;
}

/** How many acceptors there are. */
export function acceptors(): i32 {
  return load<i32>(ACCEPTORS, LIVE);
}

/** Begins a pass. */
export function beginPass(): void {
  pass++;
}

/** Makes an acceptor that is paused. Gives its id or ERR_FULL. */
export function open(): f64 {
  const slot = take(ACCEPTORS);
  if (slot < 0) return <f64>ERR_FULL;
  const acceptor = record(ACCEPTORS, slot);
  name(acceptor);
  store<i32>(acceptor, 0, LISTENING);
  store<f64>(acceptor, 60000, WAIT_TIMEOUT);
  store<i32>(acceptor, 511, BACKLOG);
  store<i32>(acceptor, 0, WAITERS);
  store<i32>(acceptor, 0, SINGLE);
  store<i32>(acceptor, pass - 1, TURN);
  return idOf(ACCEPTORS, slot);
}

/** Sets how many clients may wait, how long, and whether one a pass is let in. Gives OK, ERR_STALE, ERR_LIMIT or ERR_TIME. */
export function setLimits(id: f64, backlog: f64, timeout: f64, single: bool): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  if (!isLimit(backlog)) return ERR_LIMIT;
  if (!isDuration(timeout)) return ERR_TIME;
  const acceptor = record(ACCEPTORS, slot);
  store<i32>(acceptor, <i32>backlog, BACKLOG);
  store<f64>(acceptor, timeout, WAIT_TIMEOUT);
  store<i32>(acceptor, i32(single), SINGLE);
  return OK;
}

/** Pauses an acceptor, or goes on with it. Gives OK or ERR_STALE. */
export function listen(id: f64, on: bool): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  const acceptor = record(ACCEPTORS, slot);
  listening += i32(on) - load<i32>(acceptor, LISTENING);
  store<i32>(acceptor, i32(on), LISTENING);
  return OK;
}

/** Ends an acceptor. Its clients in the line are evicted (I4). Gives OK or ERR_STALE. */
export function close(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  for (let at = head; at != 0;) {
    const client = record(CONNECTIONS, at - 1);
    if (load<i32>(client, ACCEPTOR) == slot + 1) store<i32>(client, 0, ACCEPTOR);
    at = load<i32>(client, FOLLOWING);
  }
  listening -= load<i32>(record(ACCEPTORS, slot), LISTENING);
  give(ACCEPTORS, slot);
  return OK;
}

/** The slot an id names, or ERR_STALE. */
export function slotOf(id: f64): i32 {
  return find(ACCEPTORS, id);
}

/** Whether as many clients of an acceptor wait as may. */
export function isFull(slot: i32): bool {
  const acceptor = record(ACCEPTORS, slot);
  return load<i32>(acceptor, WAITERS) >= load<i32>(acceptor, BACKLOG);
}

/** How long a client of an acceptor may wait, in milliseconds; 0 = for ever. */
export function waitTimeout(slot: i32): f64 {
  return load<f64>(record(ACCEPTORS, slot), WAIT_TIMEOUT);
}

/** Puts a client at the end of the line. */
export function join(connection: i32, acceptor: i32): void {
  const client = record(CONNECTIONS, connection);
  store<i32>(client, acceptor + 1, ACCEPTOR);
  store<i32>(client, tail, PREVIOUS);
  store<i32>(client, 0, FOLLOWING);
  if (tail == 0) head = connection + 1;
  else store<i32>(record(CONNECTIONS, tail - 1), connection + 1, FOLLOWING);
  tail = connection + 1;
  addWaiter(acceptor + 1, 1);
}

/** Takes a client out of the line. */
export function leave(connection: i32): void {
  const client = record(CONNECTIONS, connection);
  const previous = load<i32>(client, PREVIOUS);
  const following = load<i32>(client, FOLLOWING);
  if (previous == 0) head = following;
  else store<i32>(record(CONNECTIONS, previous - 1), following, FOLLOWING);
  if (following == 0) tail = previous;
  else store<i32>(record(CONNECTIONS, following - 1), previous, PREVIOUS);
  addWaiter(load<i32>(client, ACCEPTOR), -1);
  store<i32>(client, 0, ACCEPTOR);
}

/** Takes out of the line the first client that may come in now; its slot, or -1. */
export function next(): i32 {
  for (let at = head; at != 0;) {
    const client = at - 1;
    const slot = load<i32>(record(CONNECTIONS, client), ACCEPTOR) - 1;
    at = load<i32>(record(CONNECTIONS, client), FOLLOWING);
    if (slot < 0) continue;
    const acceptor = record(ACCEPTORS, slot);
    if (load<i32>(acceptor, LISTENING) == 0) continue;
    if (load<i32>(acceptor, SINGLE) != 0 && load<i32>(acceptor, TURN) == pass) continue;
    store<i32>(acceptor, pass, TURN);
    leave(client);
    return client;
  }
  return -1;
}

/** The first in the line whose acceptor is gone, or -1. */
export function firstEvicted(): i32 {
  for (let at = head; at != 0;) {
    const client = record(CONNECTIONS, at - 1);
    if (load<i32>(client, ACCEPTOR) == 0) return at - 1;
    at = load<i32>(client, FOLLOWING);
  }
  return -1;
}

/** Ends every acceptor and empties the line. */
export function reset(): void {
  giveAll(ACCEPTORS);
  head = 0;
  tail = 0;
  listening = 0;
}

function addWaiter(acceptor: i32, by: i32): void {
  if (acceptor == 0) return;
  const at = record(ACCEPTORS, acceptor - 1);
  store<i32>(at, load<i32>(at, WAITERS) + by, WAITERS);
}
