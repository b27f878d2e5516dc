// Admission: decides which client is admitted, and when.
//
// I1  Every client goes through a queue, and only `admit` lets it into the loop, in the order that waiting.ts decides. No limit is ever exceeded.
// I2  At most multiAccept clients are admitted in one pass.
// I3  ARRIVED is the number of clients admitted since maxAccepts was set, plus those that wait. Once accepting has ended it only grows.
// I4  FULL is reported when a client waits and there is no slot for it, FREE when no such client waits any more. They alternate, FULL first.
// I5  Clients are admitted from the queue in every phase except the last, unless waiting clients are being reset.
// I6  Clients of exempt acceptors count against none of these limits, and are admitted until the loop stops.
// It never acts: it returns which client to admit, which to reset, and when enough have arrived (stopping.ts).

import {
  ARRIVAL_LIMIT,
  ARRIVED,
  CONNECTIONS,
  DROP_ADDRESS,
  DROP_BACKLOG,
  DROP_STOPPING,
  ERR_FULL,
  ERR_LIMIT,
  ERR_STALE,
  ERR_TIME,
  LINGERING_QUEUE,
  MAX_ACCEPTS,
  NOW,
  OK,
  USED,
  isDuration,
  isLimit,
  tell,
} from "./memory";
import * as acceptors from "./acceptors";
import * as addresses from "./addresses";
import * as connections from "./connections";
import * as displacement from "./displacement";
import * as order from "./order";
import * as queue from "./queue";
import * as rate from "./rate";
import { inUse } from "./slots";
import * as stopping from "./stopping";
import * as waiting from "./waiting";

const HALF_OF_ONE: f64 = 1.0 / 8589934592; // 2^-33: scales a random number below 2^32 to one below 0.5

let maxConnections: i32 = 1000;
// Results of `decide`, in addition to those about stopping.
export const DECIDE_FULL: i32 = 6; // clients wait, and there is no free slot
export const DECIDE_FREE: i32 = 7; // no such client waits any more
export const DECIDE_EXPIRED: i32 = 8; // a client has waited too long: reset the one that firstEvicted returns
export const DECIDE_RESET: i32 = 5; // a graceful stop resets a client: the one that firstEvicted returns

let multiAccept: i32 = 50;
let budget: i32 = 50; // admissions left in this pass
let crowded: bool = false; // FULL was reported, and FREE not yet
let random: u32 = 0;

/** Seeds the only random decision, the cut of maxAccepts. */
export function seed(value: u32): void {
  random = value;
}

/** Sets the limits. A new maxAccepts starts counting now, with the waiting clients included. Returns OK, or ERR_LIMIT with nothing changed. */
export function setLimits(inside: f64, maxAccepts: f64, atOnce: f64): i32 {
  if (!isLimit(inside) || !isLimit(maxAccepts) || !isLimit(atOnce) || <i32>atOnce < 1) return ERR_LIMIT;
  maxConnections = <i32>inside;
  budget = max(0, budget + <i32>atOnce - multiAccept); // admissions already made in this pass still count
  multiAccept = <i32>atOnce;
  if (maxAccepts != load<f64>(MAX_ACCEPTS)) {
    store<f64>(MAX_ACCEPTS, maxAccepts);
    recount();
    arrived(0);
  }
  return OK;
}

/** Sets the order of the queue, and who may be overtaken or must make room. Returns OK, or ERR_TIME or ERR_LIMIT with nothing changed. */
export function setPolicy(adaptive: bool, targetWait: f64, takeTurns: bool, addressLimit: f64, displaceIdle: f64): i32 {
  if (!isDuration(targetWait) || !isDuration(displaceIdle)) return ERR_TIME;
  if (!isLimit(addressLimit)) return ERR_LIMIT;
  order.set(adaptive, targetWait);
  addresses.set(takeTurns, <i32>addressLimit);
  displacement.set(displaceIdle);
  waiting.lookAgain();
  return OK;
}

/** Begins a pass, with a full budget of admissions. */
export function refill(): void {
  acceptors.beginPass();
  budget = multiAccept;
}

/** The system has accepted a client, with the key of its address. Returns its slot, ERR_STALE, DROP_STOPPING, DROP_ADDRESS, DROP_BACKLOG or ERR_FULL. */
export function arrive(acceptor: f64, now: f64, address: f64): i32 {
  const slot = acceptors.slotOf(acceptor);
  if (slot < 0) return slot;
  const its = acceptors.at(slot);
  if (acceptors.hasEnded(its)) return ERR_STALE;
  const exempt = acceptors.isExempt(its) != 0;
  if (!exempt && stopping.isResetting()) return DROP_STOPPING;
  const at = tell(now);
  const isCounted = !exempt && addresses.counts();
  if (isCounted && addresses.isOver(address)) return DROP_ADDRESS;
  if (isCrowded(its, exempt) && !waiting.makeRoom(its, at)) return DROP_BACKLOG;
  const client = connections.open(connections.ACCEPT, 0, at);
  if (client < 0) return client;
  if (!waiting.join(client, slot, isCounted, address)) {
    connections.close(client);
    return ERR_FULL;
  }
  if (!exempt) arrived(1);
  return client;
}

/** Admits the next client, if one waits and the limits allow it. Returns its slot, or 0. */
export function admit(now: f64): i32 {
  const at = tell(now);
  let event = connections.ADMIT_EXEMPT;
  let client = waiting.next(at, true, true);
  if (client == 0) {
    event = connections.ADMIT;
    if (budget <= 0 || places() <= 0 || acceptors.waitersOf(false) == 0 || !rate.allows(at)) return 0;
    client = waiting.next(at, true, false);
    if (client == 0) return 0;
    rate.take();
    budget--;
  }
  waiting.take(client, at);
  connections.begin(client, event, at);
  return client;
}

/** The connection that must make room for a waiting client, or 0. */
export function displaced(now: f64): i32 {
  const at = tell(now);
  return isFull(at) ? displacement.find(at) : 0;
}

/** The connection that has lingered longest, if more than maxConnections linger, or 0. The host must close it. */
export function firstTooMany(): i32 {
  return connections.countOf(connections.LINGERING) > maxConnections ? queue.end(LINGERING_QUEUE, false) : 0;
}

/** What the host must do now. `watched`: the number of things it waits for that the core does not know. */
export function decide(watched: i32, running: bool): i32 {
  const couldEnter = waiting.next(load<f64>(NOW), false, false) != 0;
  const room = places();
  if (running && (crowded ? !couldEnter : couldEnter && room <= 0 && !stopping.isShut())) {
    crowded = !crowded;
    return crowded ? DECIDE_FULL : DECIDE_FREE;
  }
  // Nobody has waited too long while there is a slot: only multiAccept, or passes that did not run, kept clients waiting.
  const isHeldUp = couldEnter && room > 0 && rate.isOpen();
  if (!isHeldUp && !stopping.isBeginning() && waiting.expire())
    return stopping.isResetting() ? DECIDE_RESET : DECIDE_EXPIRED;
  return stopping.decide(watched, running);
}

/** A client has gone, or has not, as far as the host can see. Only of an admitted one can something be learned. Returns OK. */
export function found(slot: i32, isGone: bool): i32 {
  if (connections.isInside(connections.stateOf(slot))) waiting.found(slot, isGone);
  return OK;
}

/** Makes a connection linger. Returns OK, ERR_STATE or ERR_FULL. */
export function linger(slot: i32, now: f64): i32 {
  const admitted = connections.isInside(connections.stateOf(slot));
  const code = connections.linger(slot, now);
  if (code == OK && admitted) release(slot);
  return code;
}

/** Removes a connection in any state. */
export function close(slot: i32): void {
  const state = connections.stateOf(slot);
  if (state == connections.WAITING) waiting.leave(slot);
  if (connections.isInside(state)) release(slot);
  connections.close(slot);
}

/** The run has ended, and with it a graceful stop. If maxAccepts had been reached, arrivals are counted from the start again. */
export function stop(): void {
  const limit = load<f64>(ARRIVAL_LIMIT);
  if (limit > 0 && load<f64>(ARRIVED) >= limit) recount();
  stopping.stop();
}

/** Removes every connection, and with them every address, and resets all state except the limits, what the order has learned, and the seed. */
export function reset(): void {
  const used = load<i32>(CONNECTIONS, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(CONNECTIONS, slot)) close(slot);
  stopping.reset();
  budget = multiAccept;
  crowded = false;
  recount();
}

// How many clients maxConnections still has room for, regardless of this pass's budget.
function places(): i32 {
  return stopping.isShut() ? 0 : maxConnections - connections.countOf(connections.INCOMING);
}

// Whether a client waits only because no slot is free.
function isFull(now: f64): bool {
  return places() <= 0 && !stopping.isShut() && waiting.next(now, false, false) != 0;
}

// Whether an acceptor's queue has no room. Only clients that cannot be admitted at once count against the backlog.
function isCrowded(acceptor: usize, exempt: bool): bool {
  const waiters = acceptors.waitersIn(acceptor);
  if (waiters < acceptors.backlogOf(acceptor)) return false;
  return waiters >= acceptors.room(acceptor) || (!exempt && acceptors.waitersOf(false) >= places());
}

// A connection gives up its slot.
function release(slot: i32): void {
  acceptors.release(slot);
  addresses.release(slot);
}

// Restarts the count of arrivals, with the waiting clients included.
function recount(): void {
  store<f64>(ARRIVED, <f64>acceptors.waitersOf(false));
  store<f64>(ARRIVAL_LIMIT, 0);
}

// Counts arrivals, and ends accepting once the limit is reached. The limit is drawn at random with the first arrival.
function arrived(more: i32): void {
  const all = load<f64>(ARRIVED) + <f64>more;
  store<f64>(ARRIVED, all);
  const most = load<f64>(MAX_ACCEPTS);
  if (most == 0 || all == 0) return;
  if (load<f64>(ARRIVAL_LIMIT) == 0) store<f64>(ARRIVAL_LIMIT, most - Math.floor(nextRandom() * most * HALF_OF_ONE));
  if (all >= load<f64>(ARRIVAL_LIMIT) && stopping.accepts()) stopping.endArrivals();
}

// mulberry32: small, and the same on every host. Returns a whole number from 0 to 2^32 - 1.
function nextRandom(): f64 {
  random += 0x6d2b79f5;
  let t = random;
  t = (t ^ (t >> 15)) * (t | 1);
  t ^= t + (t ^ (t >> 7)) * (t | 61);
  return <f64>(t ^ (t >> 14));
}
