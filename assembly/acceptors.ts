// The acceptors, and the queue of clients that wait to be admitted.
//
// I1  All acceptors share one queue, in order of arrival. Clients of a paused acceptor keep
//     their position and are skipped.
// I2  An acceptor's WAITERS is the number of its clients in the queue.
// I3  A single acceptor has at most one client admitted per pass.
// I4  A client that was evicted, by its acceptor or with it, stays in the queue, without an acceptor, until the host has reset it.
//     `evicted` is the number of such clients.
// I5  An acceptor that has ended exists as long as it has waiters. It is counted separately from the others.
// It never decides which client is admitted: admission.ts does.

import {
  ACCEPTORS,
  CONNECTIONS,
  ERR_FULL,
  ERR_LIMIT,
  ERR_STALE,
  ERR_TIME,
  LIVE,
  OK,
  WAITING_QUEUE,
  isDuration,
  isLimit,
} from "./memory";
import { find, give, giveAll, idOf, name, record, take } from "./slots";
import { ACCEPTOR } from "./connections";
import * as queue from "./line";

// An acceptor's record.
const LISTENING: usize = 4; // i32: 1 while its clients may be taken from the queue
const WAIT_TIMEOUT: usize = 8; // f64, ms; 0 = unlimited
const BACKLOG: usize = 16; // i32
const WAITERS: usize = 20; // i32
const SINGLE: usize = 24; // u8: 1 if at most one client is admitted per pass
const ENDED: usize = 25; // u8: 1 once no more clients arrive
const TURN: usize = 28; // i32: the pass in which its latest client was admitted

let listening: i32 = 0; // acceptors that are listening
let admissible: i32 = 0; // clients in the queue whose acceptors are listening
let ended: i32 = 0; // acceptors that have ended and still have waiters
let evicted: i32 = 0; // clients in the queue without an acceptor
let pass: i32 = 0;

/** The number of acceptors that keep the loop running: those that are listening, and those that have ended and still have waiters. */
export function busyAcceptors(): i32 {
  return listening + ended;
}

/** The number of acceptors that have not ended. */
export function acceptors(): i32 {
  return load<i32>(ACCEPTORS, LIVE) - ended;
}

/** The number of clients in the queue whose acceptors are listening. They can be admitted as soon as the limits allow. */
export function admissibleClients(): i32 {
  return admissible;
}

/** Begins a pass. */
export function beginPass(): void {
  pass++;
}

/** Creates an acceptor, paused. Returns its id or ERR_FULL. */
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

/** Sets how many clients may wait, for how many ms, and whether at most one is admitted per pass. Returns OK, ERR_STALE, ERR_LIMIT or ERR_TIME. */
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

/** Pauses or resumes an acceptor. Returns OK or ERR_STALE. */
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

/** Ends an acceptor: no more clients arrive, and those in the queue can still be admitted. Returns OK or ERR_STALE. */
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

/** Closes an acceptor. Its clients in the queue are evicted (I4). Returns OK or ERR_STALE. */
export function close(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return ERR_STALE;
  for (let at = queue.first(WAITING_QUEUE); at != 0; at = queue.following(at - 1)) {
    const client = record(CONNECTIONS, at - 1);
    if (load<i32>(client, ACCEPTOR) == slot + 1) store<i32>(client, 0, ACCEPTOR);
  }
  evicted += load<i32>(record(ACCEPTORS, slot), WAITERS);
  remove(slot);
  return OK;
}

/** The slot that an id names, or ERR_STALE. An acceptor that has ended is stale, too. */
export function slotOf(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  return slot < 0 || load<u8>(record(ACCEPTORS, slot), ENDED) != 0 ? ERR_STALE : slot;
}

/** Whether the queue has no room for another client of an acceptor. */
export function isFull(slot: i32): bool {
  const acceptor = record(ACCEPTORS, slot);
  return load<i32>(acceptor, WAITERS) >= load<i32>(acceptor, BACKLOG);
}

/** Whether no client of an acceptor may wait. */
export function hasNoQueue(slot: i32): bool {
  return load<i32>(record(ACCEPTORS, slot), BACKLOG) == 0;
}

/** Evicts the oldest waiting client of an acceptor, which must have one (I4). */
export function giveUpOldest(slot: i32): void {
  let at = queue.first(WAITING_QUEUE);
  while (load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) != slot + 1) at = queue.following(at - 1);
  detach(at - 1);
  evicted++;
}

/** How long a client of an acceptor may wait, in milliseconds; 0 = unlimited. */
export function waitTimeout(slot: i32): f64 {
  return load<f64>(record(ACCEPTORS, slot), WAIT_TIMEOUT);
}

/** Appends a client to the queue. */
export function join(connection: i32, slot: i32): void {
  const acceptor = record(ACCEPTORS, slot);
  store<i32>(record(CONNECTIONS, connection), slot + 1, ACCEPTOR);
  store<i32>(acceptor, load<i32>(acceptor, WAITERS) + 1, WAITERS);
  admissible += load<i32>(acceptor, LISTENING);
  queue.join(WAITING_QUEUE, connection);
}

/** Removes a client from the queue. */
export function leave(connection: i32): void {
  queue.leave(WAITING_QUEUE, connection);
  if (load<i32>(record(CONNECTIONS, connection), ACCEPTOR) == 0) evicted--;
  else detach(connection);
}

// Removes a client from its acceptor.
function detach(connection: i32): void {
  const client = record(CONNECTIONS, connection);
  const slot = load<i32>(client, ACCEPTOR) - 1;
  store<i32>(client, 0, ACCEPTOR);
  const acceptor = record(ACCEPTORS, slot);
  const waiters = load<i32>(acceptor, WAITERS) - 1;
  store<i32>(acceptor, waiters, WAITERS);
  admissible -= load<i32>(acceptor, LISTENING);
  if (waiters == 0 && load<u8>(acceptor, ENDED) != 0) remove(slot);
}

/** The oldest client in the queue whose acceptor is listening, or -1. */
export function oldest(): i32 {
  for (let at = queue.first(WAITING_QUEUE); at != 0; at = queue.following(at - 1)) {
    const acceptor = load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) - 1;
    if (acceptor >= 0 && load<i32>(record(ACCEPTORS, acceptor), LISTENING) != 0) return at - 1;
  }
  return -1;
}

/** Removes the oldest client that may be admitted now from the queue, or the `newest`. Returns its slot, or -1. */
export function next(newest: bool): i32 {
  let at = newest ? queue.last(WAITING_QUEUE) : queue.first(WAITING_QUEUE);
  for (; at != 0; at = newest ? queue.preceding(at - 1) : queue.following(at - 1)) {
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

/** Whether a client is among the first `places` clients in the queue whose acceptors are listening. */
export function isAmong(client: i32, places: i32): bool {
  for (let at = queue.first(WAITING_QUEUE); places > 0; at = queue.following(at - 1)) {
    const acceptor = load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) - 1;
    const isTaken = acceptor >= 0 && load<i32>(record(ACCEPTORS, acceptor), LISTENING) != 0;
    if (at - 1 == client) return isTaken;
    if (isTaken) places--;
  }
  return false;
}

/** The first client in the queue without an acceptor, or -1. */
export function firstEvicted(): i32 {
  if (evicted == 0) return -1;
  for (let at = queue.first(WAITING_QUEUE); at != 0; at = queue.following(at - 1)) {
    if (load<i32>(record(CONNECTIONS, at - 1), ACCEPTOR) == 0) return at - 1;
  }
  return -1;
}

/** Removes every acceptor. The queue must be empty. */
export function reset(): void {
  giveAll(ACCEPTORS);
  listening = 0;
  admissible = 0;
  ended = 0;
  evicted = 0;
}

function remove(slot: i32): void {
  const acceptor = record(ACCEPTORS, slot);
  const its = load<i32>(acceptor, LISTENING);
  listening -= its;
  admissible -= its * load<i32>(acceptor, WAITERS);
  ended -= <i32>load<u8>(acceptor, ENDED);
  give(ACCEPTORS, slot);
}
