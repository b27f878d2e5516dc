// The acceptors, and the one line in which clients wait to be admitted.
//
// I1  The line is first come, first served over all acceptors; those of a paused acceptor keep
//     their place and are passed over.
// I2  An acceptor's WAITERS is the number of its clients in the line.
// I3  Of an acceptor that is single, at most one client is let in in one pass.
// I4  A client whose acceptor was closed stays in the line, without an acceptor, until the host has reset it.
// I5  An acceptor that has ended is there as long as it has waiters, and is counted apart from the others.
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
  WAITING_LINE,
  isDuration,
  isLimit,
} from "./memory";
import { find, give, giveAll, idOf, name, record, take } from "./slots";
import { ACCEPTOR } from "./connections";
import * as line from "./line";

// An acceptor's record.
const LISTENING: usize = 4; // i32: 1 while clients are taken from the line
const WAIT_TIMEOUT: usize = 8; // f64, ms; 0 = never
const BACKLOG: usize = 16; // i32
const WAITERS: usize = 20; // i32
const SINGLE: usize = 24; // u8: 1 where one client a pass is let in
const ENDED: usize = 25; // u8: 1 when nobody arrives any more
const TURN: usize = 28; // i32: the pass in which the latest was

let listening: i32 = 0; // acceptors that are
let admissible: i32 = 0; // clients in the line whose acceptors are
let ended: i32 = 0; // acceptors that have, and still have waiters
let pass: i32 = 0;

/** How many acceptors the loop runs for: those that take clients, and those that have ended, for the clients they left. */
export function busyAcceptors(): i32 {
  return listening + ended;
}

/** How many acceptors there are that have not ended. */
export function acceptors(): i32 {
  return load<i32>(ACCEPTORS, LIVE) - ended;
}

/** How many clients in the line could be admitted, were there slots for them: those whose acceptors take clients. */
export function admissibleClients(): i32 {
  return admissible;
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
  store<u64>(acceptor, 0, WAITERS); // and SINGLE and ENDED
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
  store<u8>(acceptor, u8(single), SINGLE);
  return OK;
}

/** Pauses an acceptor, or goes on with it. Gives OK or ERR_STALE. */
export function listen(id: f64, on: bool): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  const acceptor = record(ACCEPTORS, slot);
  const more = i32(on) - load<i32>(acceptor, LISTENING);
  listening += more;
  admissible += more * load<i32>(acceptor, WAITERS);
  store<i32>(acceptor, i32(on), LISTENING);
  return OK;
}

/** Nobody arrives through an acceptor any more; those in the line are still let in. Gives OK or ERR_STALE. */
export function end(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  const acceptor = record(ACCEPTORS, slot);
  if (load<u8>(acceptor, ENDED) != 0) return OK;
  store<u8>(acceptor, 1, ENDED);
  ended++;
  if (load<i32>(acceptor, WAITERS) == 0) remove(slot);
  return OK;
}

/** Closes an acceptor. Its clients in the line are evicted (I4). Gives OK or ERR_STALE. */
export function close(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  for (let at = line.first(WAITING_LINE); at != 0; at = line.following(at - 1)) {
    const client = record(CONNECTIONS, at - 1);
    if (load<i32>(client, ACCEPTOR) == slot + 1) store<i32>(client, 0, ACCEPTOR);
  }
  remove(slot);
  return OK;
}

/** The slot an id names, or ERR_STALE, also when its acceptor has ended. */
export function slotOf(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  return slot < 0 || load<u8>(record(ACCEPTORS, slot), ENDED) != 0 ? ERR_STALE : slot;
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
export function join(connection: i32, slot: i32): void {
  const acceptor = record(ACCEPTORS, slot);
  store<i32>(record(CONNECTIONS, connection), slot + 1, ACCEPTOR);
  store<i32>(acceptor, load<i32>(acceptor, WAITERS) + 1, WAITERS);
  admissible += load<i32>(acceptor, LISTENING);
  line.join(WAITING_LINE, connection);
}

/** Takes a client out of the line. */
export function leave(connection: i32): void {
  line.leave(WAITING_LINE, connection);
  const client = record(CONNECTIONS, connection);
  const slot = load<i32>(client, ACCEPTOR) - 1;
  store<i32>(client, 0, ACCEPTOR);
  if (slot < 0) return;
  const acceptor = record(ACCEPTORS, slot);
  const waiters = load<i32>(acceptor, WAITERS) - 1;
  store<i32>(acceptor, waiters, WAITERS);
  admissible -= load<i32>(acceptor, LISTENING);
  if (waiters == 0 && load<u8>(acceptor, ENDED) != 0) remove(slot);
}

/** Takes out of the line the first client that may come in now; its slot, or -1. */
export function next(): i32 {
  for (let at = line.first(WAITING_LINE); at != 0; at = line.following(at - 1)) {
    const client = at - 1;
    const slot = load<i32>(record(CONNECTIONS, client), ACCEPTOR) - 1;
    if (slot < 0) continue;
    const acceptor = record(ACCEPTORS, slot);
    if (load<i32>(acceptor, LISTENING) == 0) continue;
    if (load<u8>(acceptor, SINGLE) != 0 && load<i32>(acceptor, TURN) == pass) continue;
    store<i32>(acceptor, pass, TURN);
    leave(client);
    return client;
  }
  return -1;
}

/** Whether a client in the line is among the first `places` of those whose acceptors take clients. */
export function isAmong(client: i32, places: i32): bool {
  for (let at = line.first(WAITING_LINE); places > 0; at = line.following(at - 1)) {
    const acceptor = load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) - 1;
    const isTaken = acceptor >= 0 && load<i32>(record(ACCEPTORS, acceptor), LISTENING) != 0;
    if (at - 1 == client) return isTaken;
    if (isTaken) places--;
  }
  return false;
}

/** The first in the line whose acceptor was closed, or -1. */
export function firstEvicted(): i32 {
  for (let at = line.first(WAITING_LINE); at != 0; at = line.following(at - 1)) {
    if (load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) == 0) return at - 1;
  }
  return -1;
}

/** Ends every acceptor, when nobody is in the line any more. */
export function reset(): void {
  giveAll(ACCEPTORS);
  listening = 0;
  admissible = 0;
  ended = 0;
}

function remove(slot: i32): void {
  const acceptor = record(ACCEPTORS, slot);
  const its = load<i32>(acceptor, LISTENING);
  listening -= its;
  admissible -= its * load<i32>(acceptor, WAITERS);
  ended -= <i32>load<u8>(acceptor, ENDED);
  give(ACCEPTORS, slot);
}
