// The waiting clients: who is admitted next, who is evicted, and who has waited too long.
//
// I1  Every client that waits is in the queue of its acceptor, in order of arrival; and in that of its address, if it is counted. One that was
//     evicted is in EVICTED_QUEUE instead, without an acceptor, until the host has reset it.
// I2  The client that is admitted is the oldest, or the newest (order.ts), of those that may come in: over all acceptors, or among those of
//     the address whose turn it is.
// I3  There is one timer while a client with a limited wait waits. It is due no later than the first of them.
// It never admits a client: admission.ts does.

import { ACCEPTORS, ARRIVED, CONNECTIONS, EVICTED_QUEUE, OK, PASS, USED } from "./memory";
import * as acceptors from "./acceptors";
import * as addresses from "./addresses";
import { ACCEPTOR, ADDRESS, ADDRESS_LINKS, LINKS } from "./connections";
import * as alarms from "./alarms";
import * as order from "./order";
import * as queue from "./queue";
import { record } from "./slots";
import * as stopping from "./stopping";

// In a connection's record while it waits.
const ARRIVAL: usize = 32; // f64, ms
const SEQUENCE: usize = 40; // f64: arrivals before it
// And once it is admitted, in place of the links to others of its address: f64, ms that it waited; 0 once the order has learned from it.
const WAITED: usize = 48;

let arrivals: f64 = 0;
let isDue: bool = false; // a client may have waited too long, and nobody has looked

/** Appends a client to the queues. Returns false, with nothing changed, if there is no room. */
export function join(client: i32, acceptor: i32, isCounted: bool, key: f64): bool {
  if (isCounted && !addresses.join(client, key)) return false;
  const connection = record(CONNECTIONS, client);
  store<i32>(connection, acceptor, ACCEPTOR);
  store<f64>(connection, arrivals++, SEQUENCE);
  acceptors.join(acceptors.at(acceptor), client);
  setTimer(deadlineOfClient(client));
  return true;
}

/** Removes a client that was not admitted. */
export function leave(client: i32): void {
  const connection = record(CONNECTIONS, client);
  if (load<i32>(connection, ACCEPTOR) == 0) return queue.leave(EVICTED_QUEUE, CONNECTIONS, client, LINKS);
  const acceptor = acceptorOf(client);
  if (acceptors.isExempt(acceptor) == 0 && stopping.accepts()) store<f64>(ARRIVED, load<f64>(ARRIVED) - 1);
  addresses.leave(client, false);
  acceptors.leave(acceptor, client, false);
  store<i32>(connection, 0, ACCEPTOR);
}

/** Removes a client that is admitted at `now`. */
export function take(client: i32, now: f64): void {
  const connection = record(CONNECTIONS, client);
  addresses.leave(client, true);
  acceptors.leave(acceptorOf(client), client, true);
  // If the limit of its acceptor or address is reached now, it may have waited for that.
  store<f64>(connection, mayComeIn(client, false) ? now - since(client) : 0, WAITED);
}

/** Whether an admitted client has gone: the order learns from it, once. */
export function found(client: i32, isGone: bool): void {
  const connection = record(CONNECTIONS, client);
  const wait = load<f64>(connection, WAITED);
  store<f64>(connection, 0, WAITED);
  lookAgain();
  order.found(wait, isGone, acceptors.waitTimeout(acceptorOf(client)));
}

/** The client that is admitted next, or 0, apart from the loop's limits. `inTurn`: in this pass. */
export function next(now: f64, inTurn: bool, exempt: bool): i32 {
  if (acceptors.waitersOf(exempt) == 0) return 0;
  // Clients that arrived before addresses took turns may have no address: they come in last.
  for (
    let address = exempt || !addresses.isFair() ? 0 : addresses.first();
    address != 0;
    address = addresses.after(address)
  ) {
    const oldest = addresses.isFull(address) ? 0 : extremeOf(address, false, inTurn);
    if (oldest != 0) return isNewestFirst(oldest, now) ? extremeOf(address, true, inTurn) : oldest;
  }
  const oldest = extreme(false, inTurn, exempt);
  return oldest != 0 && isNewestFirst(oldest, now) ? extreme(true, inTurn, exempt) : oldest;
}

/** A client of an acceptor arrives, and the queue is full. Returns whether a client is evicted for it: the oldest, or if addresses take turns, the
 * oldest of the address with the most clients. Otherwise the new one is dropped, always if none may wait there. */
export function makeRoom(acceptor: usize, now: f64): bool {
  const fair = addresses.isFair() && acceptors.isExempt(acceptor) == 0;
  const oldest = acceptors.outermost(acceptor, false);
  if (acceptors.backlogOf(acceptor) == 0 || !(fair || order.isAdaptive())) return false;
  order.overflow(now);
  let victim = fair ? addresses.oldestOfLargest() : 0;
  while (victim != 0 && acceptorOf(victim) != acceptor)
    victim = queue.neighbour(CONNECTIONS, victim, ADDRESS_LINKS, false);
  evict(victim == 0 ? oldest : victim);
  return true;
}

/** Closes an acceptor. Its waiting clients are evicted. Returns OK or ERR_STALE. */
export function closeAcceptor(id: f64): i32 {
  const slot = acceptors.slotOf(id);
  if (slot < 0) return slot;
  acceptors.end(id);
  evictAll(acceptors.at(slot));
  return OK;
}

/** The next client that the host must reset, or 0. */
export function firstEvicted(): i32 {
  return queue.end(EVICTED_QUEUE, false);
}

/** A client may have waited too long, or the timer may be due too late: it has expired, or clients may not wait for as long as before. */
export function lookAgain(): void {
  isDue = true;
}

/** Evicts a client that has waited too long, or any if a graceful stop resets those that wait. Returns whether there was one; then there may
 * be more. */
export function expire(): bool {
  const resets = stopping.isResetting();
  if (!isDue && !resets) return false;
  let earliest: f64 = Infinity;
  const used = load<i32>(ACCEPTORS, USED);
  for (let slot = 1; slot < used; slot++) {
    const acceptor = acceptors.at(slot);
    if (acceptors.waitersIn(acceptor) == 0) continue;
    const client = acceptors.outermost(acceptor, false);
    const deadline = deadlineOfClient(client);
    if (deadline <= load<f64>(PASS) || (resets && acceptors.isExempt(acceptor) == 0)) {
      evict(client);
      return true;
    }
    earliest = min(earliest, deadline);
  }
  isDue = false;
  setTimer(earliest);
  return false;
}

// The record of the acceptor of a client that was not evicted.
function acceptorOf(client: i32): usize {
  return acceptors.at(load<i32>(record(CONNECTIONS, client), ACCEPTOR));
}

function isNewestFirst(oldest: i32, now: f64): bool {
  return order.isNewestFirst(since(oldest), now);
}

// When a client arrived.
function since(client: i32): f64 {
  return load<f64>(record(CONNECTIONS, client), ARRIVAL);
}

function mayComeIn(client: i32, inTurn: bool): bool {
  return (
    acceptors.isOpen(acceptorOf(client), inTurn) && !addresses.isFull(load<i32>(record(CONNECTIONS, client), ADDRESS))
  );
}

// The first client of a queue, from `at` on, that may come in, or 0.
function admissible(at: i32, links: usize, backwards: bool, inTurn: bool): i32 {
  while (at != 0 && !mayComeIn(at, inTurn)) at = queue.neighbour(CONNECTIONS, at, links, backwards);
  return at;
}

// The newest, or oldest, client over all acceptors that may come in, or 0.
function extreme(isLast: bool, inTurn: bool, exempt: bool): i32 {
  let found = 0;
  let sequence: f64 = 0;
  const used = load<i32>(ACCEPTORS, USED);
  for (let slot = 1; slot < used; slot++) {
    const acceptor = acceptors.at(slot);
    if (
      acceptors.waitersIn(acceptor) == 0 ||
      acceptors.isExempt(acceptor) != i32(exempt) ||
      !acceptors.isOpen(acceptor, inTurn)
    )
      continue;
    const client = admissible(acceptors.outermost(acceptor, isLast), LINKS, isLast, inTurn);
    if (client == 0) continue;
    const its = load<f64>(record(CONNECTIONS, client), SEQUENCE);
    if (found != 0 && its > sequence != isLast) continue;
    found = client;
    sequence = its;
  }
  return found;
}

// The newest, or oldest, client of an address that may come in, or 0.
function extremeOf(address: i32, isLast: bool, inTurn: bool): i32 {
  return admissible(queue.end(addresses.queueOf(address), isLast), ADDRESS_LINKS, isLast, inTurn);
}

function evict(client: i32): void {
  leave(client);
  queue.join(EVICTED_QUEUE, CONNECTIONS, client, LINKS);
}

function evictAll(acceptor: usize): void {
  while (acceptors.waitersIn(acceptor) > 0) evict(acceptors.outermost(acceptor, false));
}

// When a client has waited too long.
function deadlineOfClient(client: i32): f64 {
  return since(client) + order.patience(acceptors.waitTimeout(acceptorOf(client)));
}

// Makes the timer expire at a deadline, if that is earlier. If there is no room for it, the next client that joins tries again.
function setTimer(deadline: f64): void {
  if (deadline < alarms.deadline(alarms.WAITS)) alarms.set(alarms.WAITS, deadline);
}
