// Admission: decides which client is admitted, and when.
//
// I1  Every client goes through the queue, and only `admit` lets it into the loop, in the order that order.ts decides. No limit is ever exceeded.
// I2  At most multiAccept clients are admitted in one pass.
// I3  ARRIVED is the number of clients admitted since maxAccepts was set, plus those that wait. Once accepting has ended it only grows.
// I4  FULL is reported when a client waits and there is no slot for it, FREE when no client waits any more. They alternate, FULL first.
// I5  Clients are admitted from the queue in every phase except the last, unless waiting clients are being reset.
// It never acts: it returns which client to admit, which to reset, and when enough have arrived (stopping.ts).

import {
  ARRIVAL_LIMIT,
  ARRIVED,
  CONNECTIONS,
  DROP_BACKLOG,
  DROP_STOPPING,
  ERR_LIMIT,
  LINGERING_QUEUE,
  MAX_ACCEPTS,
  OK,
  USED,
  WAITING_QUEUE,
  isLimit,
  tell,
} from "./memory";
import * as acceptors from "./acceptors";
import * as connections from "./connections";
import * as displacement from "./displacement";
import * as queue from "./line";
import * as order from "./order";
import * as rate from "./rate";
import { inUse } from "./slots";
import * as stopping from "./stopping";

const HALF_OF_ONE: f64 = 1.0 / 8589934592; // 2^-33: scales a random number below 2^32 to one below 0.5

let maxConnections: i32 = 1000;
// Results of `decide`, in addition to those about stopping.
export const DECIDE_FULL: i32 = 6; // clients wait, and there is no free slot
export const DECIDE_FREE: i32 = 7; // no client waits any more

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

/** Begins a pass, with a full budget of admissions. */
export function refill(): void {
  acceptors.beginPass();
  budget = multiAccept;
}

/** The system has accepted a client. Returns its id, ERR_STALE, DROP_STOPPING, DROP_BACKLOG or ERR_FULL. */
export function arrive(acceptor: f64, now: f64): f64 {
  const slot = acceptors.slotOf(acceptor);
  if (slot < 0) return <f64>slot;
  if (stopping.isResetting()) return <f64>DROP_STOPPING;
  const at = tell(now);
  // Only clients that cannot be admitted at once count against the backlog.
  if (acceptors.isFull(slot) && connections.countOf(connections.WAITING) >= places()) {
    if (!order.makesRoom(slot, at)) return <f64>DROP_BACKLOG;
  }
  const client = connections.open(connections.ACCEPT, order.patience(slot), at);
  if (client < 0) return <f64>client;
  acceptors.join(client, slot);
  arrived(1);
  return connections.connectionId(client);
}

/** Admits the next client, if one waits and the limits allow it. Returns its id, or 0. */
export function admit(now: f64): f64 {
  const at = tell(now);
  if (budget <= 0 || places() <= 0 || acceptors.admissibleClients() == 0 || !rate.allows(at)) return 0;
  const client = acceptors.next(order.isNewestFirst(at));
  if (client < 0) return 0;
  connections.begin(client, connections.ADMIT, at);
  rate.take();
  budget--;
  return connections.connectionId(client);
}

/** The connection that must make room for a waiting client, or -1. */
export function displaced(now: f64): i32 {
  const at = tell(now);
  if (acceptors.admissibleClients() == 0 || places() > 0 || stopping.isShut()) return -1;
  return displacement.find(at);
}

/** Whether a waiting client is held back by multiAccept alone: there are slots for it and for all clients before it. */
export function couldComeIn(slot: i32, state: i32): bool {
  return state == connections.WAITING && rate.isOpen() && acceptors.isAmong(slot, places());
}

/** The first client in the queue that the host must reset, or -1. */
export function firstEvicted(): i32 {
  return stopping.isResetting() ? queue.first(WAITING_QUEUE) - 1 : acceptors.firstEvicted();
}

/** The connection that has lingered longest, if more than maxConnections linger, or -1. The host must close it. */
export function firstTooMany(): i32 {
  return connections.countOf(connections.LINGERING) > maxConnections ? queue.first(LINGERING_QUEUE) - 1 : -1;
}

/** What the host must do now. `watched`: the number of things it waits for that the core does not know. */
export function decide(watched: i32, running: bool): i32 {
  if (running) {
    const waiting = acceptors.admissibleClients();
    if (crowded ? waiting == 0 : waiting > 0 && places() <= 0 && !stopping.isShut()) {
      crowded = !crowded;
      return crowded ? DECIDE_FULL : DECIDE_FREE;
    }
  }
  return stopping.decide(watched, running);
}

/** Removes a connection in any state. */
export function close(slot: i32): void {
  if (connections.stateOf(slot) == connections.WAITING) {
    acceptors.leave(slot);
    if (stopping.accepts()) count(-1);
  }
  connections.close(slot);
}

/** The run has ended, and with it a graceful stop. If maxAccepts had been reached, arrivals are counted from the start again. */
export function stop(): void {
  const limit = load<f64>(ARRIVAL_LIMIT);
  if (limit > 0 && load<f64>(ARRIVED) >= limit) recount();
  stopping.stop();
}

/** Removes every connection and resets all state except the limits and the seed. */
export function reset(): void {
  const used = load<i32>(CONNECTIONS, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(CONNECTIONS, slot)) close(slot);
  stopping.reset();
  order.reset();
  budget = multiAccept;
  crowded = false;
  recount();
}

// How many clients maxConnections still has room for, regardless of this pass's budget.
function places(): i32 {
  return stopping.isShut() ? 0 : maxConnections - connections.countOf(connections.INCOMING);
}

// Restarts the count of arrivals, with the waiting clients included.
function recount(): void {
  store<f64>(ARRIVED, <f64>connections.countOf(connections.WAITING));
  store<f64>(ARRIVAL_LIMIT, 0);
}

// Adds to the number of arrivals. Returns the sum.
function count(more: i32): f64 {
  const all = load<f64>(ARRIVED) + <f64>more;
  store<f64>(ARRIVED, all);
  return all;
}

// Counts arrivals, and ends accepting once the limit is reached. The limit is drawn at random with the first arrival.
function arrived(more: i32): void {
  const all = count(more);
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
