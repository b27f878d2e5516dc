// The acceptors: what each allows its clients, and how many it has.
//
// I1  WAITERS is the number of its clients in its queue, INSIDE that of its clients that were admitted and still have their slots.
// I2  A single acceptor has at most one client admitted per pass.
// I3  An acceptor that has ended exists as long as it has waiters. It is counted separately from the others.
// I4  The id of a closed one, or one that has ended and has no waiters, is spent. Its slot is kept as long as it has clients inside.
// It never decides which client is admitted: waiting.ts and admission.ts do.

import {
  ACCEPTORS,
  CONNECTIONS,
  ERR_FULL,
  ERR_LIMIT,
  ERR_TIME,
  LIVE,
  OK,
  WAITING_COUNTS,
  isDuration,
  isLimit,
  recordShift,
} from "./memory";
import { find, giveAll, idOf, inUse, name, record, recycle, spend, take } from "./slots";
import { ACCEPTOR, LINKS } from "./connections";
import * as queue from "./queue";

// An acceptor's record.
const LISTENING: usize = 4; // i32: 1 while its clients may be taken from the queue
const WAIT_TIMEOUT: usize = 8; // f64, ms; Infinity = unlimited
const BACKLOG: usize = 16; // i32
const WAITERS: usize = 20; // i32
const SINGLE: usize = 24; // u8: 1 if at most one client is admitted per pass
const ENDED: usize = 25; // u8: 1 once no more clients arrive
const EXEMPT: usize = 26; // u8: 1 if its clients do not count against the limits of the loop
const TURN: usize = 28; // i32: the pass in which its latest client was admitted
const QUEUE: usize = 32; // the two words of its queue
const INSIDE: usize = 40; // i32
const MOST: usize = 44; // i32: how many may be inside

let listening: i32 = 0; // acceptors that are listening
let ended: i32 = 0; // acceptors that have ended and still have waiters
let exempt: i32 = 0; // exempt acceptors that have not ended
let pass: i32 = 1; // 0 is no pass

/** The number of acceptors that keep the loop running: those that are listening, and those that have ended and still have waiters. */
export function busyAcceptors(): i32 {
  return listening + ended;
}

/** The number of acceptors that have not ended. */
export function acceptors(): i32 {
  return load<i32>(ACCEPTORS, LIVE) - ended;
}

/** The number of these that are exempt. */
export function exemptAcceptors(): i32 {
  return exempt;
}

/** The number of clients in the queues of acceptors that are exempt, or that are not. */
export function waitersOf(isExempt: bool): i32 {
  return load<i32>(WAITING_COUNTS + ((<usize>isExempt) << 2));
}

/** Begins a pass. */
export function beginPass(): void {
  pass++;
}

/** Creates an acceptor, paused. `isExempt`: its clients do not count against the loop's limits. Returns its id or ERR_FULL. */
export function open(isExempt: bool): f64 {
  const slot = take(ACCEPTORS);
  if (slot < 0) return <f64>ERR_FULL;
  const acceptor = record(ACCEPTORS, slot);
  memory.fill(acceptor + LISTENING, 0, MOST - LISTENING);
  name(acceptor);
  store<f64>(acceptor, 60000, WAIT_TIMEOUT);
  store<i32>(acceptor, 511, BACKLOG);
  store<u8>(acceptor, u8(isExempt), EXEMPT);
  exempt += i32(isExempt);
  store<i32>(acceptor, i32.MAX_VALUE, MOST);
  return idOf(ACCEPTORS, slot);
}

/** Sets how many clients may wait, for how many ms, whether at most one is admitted per pass, and how many may be inside. Returns OK, ERR_STALE, ERR_LIMIT or ERR_TIME. */
export function setLimits(id: f64, backlog: f64, timeout: f64, single: bool, most: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return slot;
  if (!isLimit(backlog) || !isLimit(most)) return ERR_LIMIT;
  if (!isDuration(timeout)) return ERR_TIME;
  const acceptor = record(ACCEPTORS, slot);
  store<i32>(acceptor, <i32>backlog, BACKLOG);
  store<f64>(acceptor, timeout == 0 ? Infinity : timeout, WAIT_TIMEOUT);
  store<u8>(acceptor, u8(single), SINGLE);
  store<i32>(acceptor, <i32>most, MOST);
  return OK;
}

/** Pauses or resumes an acceptor. Returns OK or ERR_STALE. */
export function listen(id: f64, on: bool): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return slot;
  const acceptor = record(ACCEPTORS, slot);
  listening += i32(on) - load<i32>(acceptor, LISTENING);
  store<i32>(acceptor, i32(on), LISTENING);
  return OK;
}

/** Ends an acceptor: no more clients arrive, and those in the queue can still be admitted. Returns OK or ERR_STALE. */
export function end(id: f64): i32 {
  const slot = find(ACCEPTORS, id);
  if (slot < 0) return slot;
  const acceptor = record(ACCEPTORS, slot);
  if (hasEnded(acceptor)) return OK;
  exempt -= <i32>load<u8>(acceptor, EXEMPT);
  store<u8>(acceptor, 1, ENDED);
  ended++;
  if (load<i32>(acceptor, WAITERS) == 0) remove(acceptor);
  return OK;
}

/** The slot that an id names, or ERR_STALE. */
export function slotOf(id: f64): i32 {
  return find(ACCEPTORS, id);
}

/** The address of the record of a slot. Valid until a table grows; the functions below take it. */
export function at(slot: i32): usize {
  return record(ACCEPTORS, slot);
}

/** Whether an acceptor has ended. */
export function hasEnded(acceptor: usize): bool {
  return load<u8>(acceptor, ENDED) != 0;
}

/** The number of clients in an acceptor's queue; 0 for a record that is not in use. */
export function waitersIn(acceptor: usize): i32 {
  return load<i32>(acceptor, WAITERS);
}

/** How many clients of an acceptor may wait. */
export function backlogOf(acceptor: usize): i32 {
  return load<i32>(acceptor, BACKLOG);
}

/** How many more clients of an acceptor its own limit admits. */
export function room(acceptor: usize): i32 {
  return load<i32>(acceptor, MOST) - load<i32>(acceptor, INSIDE);
}

/** 1 if the clients of an acceptor do not count against the loop's limits. */
export function isExempt(acceptor: usize): i32 {
  return <i32>load<u8>(acceptor, EXEMPT);
}

/** Whether an acceptor lets its clients in. `inTurn`: and had none in this pass if it is single. */
export function isOpen(acceptor: usize, inTurn: bool): bool {
  if (load<i32>(acceptor, LISTENING) == 0 || room(acceptor) <= 0) return false;
  return !inTurn || load<u8>(acceptor, SINGLE) == 0 || load<i32>(acceptor, TURN) != pass;
}

/** How long a client of an acceptor may wait, in milliseconds. */
export function waitTimeout(acceptor: usize): f64 {
  return load<f64>(acceptor, WAIT_TIMEOUT);
}

/** A client joins the end of the queue. */
export function join(acceptor: usize, client: i32): void {
  queue.join(acceptor + QUEUE, CONNECTIONS, client, LINKS);
  count(acceptor, 1);
}

/** A client leaves the queue, and comes in if it `isAdmitted`. */
export function leave(acceptor: usize, client: i32, isAdmitted: bool): void {
  queue.leave(acceptor + QUEUE, CONNECTIONS, client, LINKS);
  if (isAdmitted) {
    store<i32>(acceptor, load<i32>(acceptor, INSIDE) + 1, INSIDE);
    store<i32>(acceptor, pass, TURN);
  }
  count(acceptor, -1);
  if (load<i32>(acceptor, WAITERS) == 0 && hasEnded(acceptor)) remove(acceptor);
}

/** The oldest client in an acceptor's queue, or the newest if `isLast`; or 0. */
export function outermost(acceptor: usize, isLast: bool): i32 {
  return queue.end(acceptor + QUEUE, isLast);
}

/** An admitted connection gives up its slot. */
export function release(connection: i32): void {
  const slot = load<i32>(record(CONNECTIONS, connection), ACCEPTOR);
  const acceptor = record(ACCEPTORS, slot);
  const inside = load<i32>(acceptor, INSIDE) - 1;
  store<i32>(acceptor, inside, INSIDE);
  if (inside == 0 && !inUse(ACCEPTORS, slot)) recycle(ACCEPTORS, slot);
}

/** Removes every acceptor. The queues must be empty. */
export function reset(): void {
  giveAll(ACCEPTORS);
  listening = ended = exempt = 0;
}

function count(acceptor: usize, more: i32): void {
  store<i32>(acceptor, load<i32>(acceptor, WAITERS) + more, WAITERS);
  const sum = WAITING_COUNTS + ((<usize>isExempt(acceptor)) << 2);
  store<i32>(sum, load<i32>(sum) + more);
}

// Spends the id of an acceptor that has ended and has no waiters.
function remove(acceptor: usize): void {
  const slot = <i32>((acceptor - record(ACCEPTORS, 0)) >> recordShift(ACCEPTORS));
  listening -= load<i32>(acceptor, LISTENING);
  ended--;
  spend(ACCEPTORS, slot);
  if (load<i32>(acceptor, INSIDE) == 0) recycle(ACCEPTORS, slot);
}
