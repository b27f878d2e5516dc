// Admission: who is let in.
//
// I1  Every client waits in the line; `admit` is the only way out of it into the loop. So the order is first come, first
//     served, and no limit is ever overrun.
// I2  At most multiAccept clients are admitted in one pass.
// I3  ARRIVED is how many were admitted since maxAccepts was set, and how many wait; after the end of accepting it only grows.
// I4  FULL is said when a client waits and there is no slot for it, FREE when no such client waits any more: in turn, FULL first.
// I5  The line is served in every phase but the last, unless those in it are reset.
// It never acts: it says who comes in, who is to be reset, and when enough have arrived (stopping.ts).

import {
  ARRIVAL_LIMIT,
  ARRIVED,
  CONNECTIONS,
  DROP_BACKLOG,
  DROP_STOPPING,
  ERR_LIMIT,
  LINGERING_LINE,
  MAX_ACCEPTS,
  OK,
  USED,
  WAITING_LINE,
  isLimit,
  tell,
} from "./memory";
import * as acceptors from "./acceptors";
import * as connections from "./connections";
import * as line from "./line";
import { inUse } from "./slots";
import * as stopping from "./stopping";

const HALF_OF_ONE: f64 = 1.0 / 8589934592; // where 2^32 is one

let maxConnections: i32 = 1000;
// What `decide` answers, beside the decisions about stopping.
export const DECIDE_FULL: i32 = 6; // clients wait, and there is no slot for them
export const DECIDE_FREE: i32 = 7; // none of them waits any more

let multiAccept: i32 = 50;
let budget: i32 = 50; // admissions left in this pass
let crowded: bool = false; // FULL was said, and FREE was not
let random: u32 = 0;

/** Seeds the one random decision, the cut of maxAccepts. */
export function seed(value: u32): void {
  random = value;
}

/** Sets the limits. A new maxAccepts counts from here, with clients that wait. Gives OK or ERR_LIMIT, and then nothing has changed. */
export function setLimits(inside: f64, maxAccepts: f64, atOnce: f64): i32 {
  if (!isLimit(inside) || !isLimit(maxAccepts) || !isLimit(atOnce) || <i32>atOnce < 1) return ERR_LIMIT;
  maxConnections = <i32>inside;
  budget = max(0, budget + <i32>atOnce - multiAccept); // what this pass has used stays used
  multiAccept = <i32>atOnce;
  if (maxAccepts != load<f64>(MAX_ACCEPTS)) {
    store<f64>(MAX_ACCEPTS, maxAccepts);
    recount();
    arrived(0);
  }
  return OK;
}

/** Begins a pass: as many may be admitted again. */
export function refill(): void {
  acceptors.beginPass();
  budget = multiAccept;
}

/** A client has been accepted by the system. Gives its id, ERR_STALE, DROP_STOPPING, DROP_BACKLOG or ERR_FULL. */
export function arrive(acceptor: f64, now: f64): f64 {
  const slot = acceptors.slotOf(acceptor);
  if (slot < 0) return <f64>slot;
  if (stopping.isResetting()) return <f64>DROP_STOPPING;
  // A seat in the line is wanted only by those for whom there is no place inside.
  if (acceptors.isFull(slot) && connections.countOf(connections.WAITING) >= places()) return <f64>DROP_BACKLOG;
  const client = connections.open(connections.ACCEPT, acceptors.waitTimeout(slot), now);
  if (client < 0) return <f64>client;
  acceptors.join(client, slot);
  arrived(1);
  return connections.connectionId(client);
}

/** Lets the next client in, if one waits and there is a place for it. Gives its id, or 0. */
export function admit(now: f64): f64 {
  const at = tell(now);
  if (budget <= 0 || places() <= 0) return 0;
  const client = acceptors.next();
  if (client < 0) return 0;
  connections.begin(client, connections.ADMIT, at);
  budget--;
  return connections.connectionId(client);
}

/** Whether a connection waits and only multiAccept keeps it out: there is a place for it, and for those before it. */
export function couldComeIn(slot: i32, state: i32): bool {
  return state == connections.WAITING && acceptors.isAmong(slot, places());
}

/** The first in the line that is to be reset, or -1. */
export function firstEvicted(): i32 {
  return stopping.isResetting() ? line.first(WAITING_LINE) - 1 : acceptors.firstEvicted();
}

/** The connection that is to end as too many linger, or -1. */
export function firstTooMany(): i32 {
  return connections.countOf(connections.LINGERING) > maxConnections ? line.first(LINGERING_LINE) - 1 : -1;
}

/** What the host must do now. `watched`: how much else it waits for. */
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

/** Ends a connection in any state. */
export function close(slot: i32): void {
  if (connections.stateOf(slot) == connections.WAITING) {
    acceptors.leave(slot);
    if (stopping.accepts()) count(-1);
  }
  connections.close(slot);
}

/** The run has ended, and with it a graceful stop. When enough had arrived, they are counted again. */
export function stop(): void {
  const limit = load<f64>(ARRIVAL_LIMIT);
  if (limit > 0 && load<f64>(ARRIVED) >= limit) recount();
  stopping.stop();
}

/** Ends every connection, and forgets everything but the limits and the seed. */
export function reset(): void {
  const used = load<i32>(CONNECTIONS, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(CONNECTIONS, slot)) close(slot);
  stopping.reset();
  budget = multiAccept;
  crowded = false;
  recount();
}

// How many may be admitted still, whatever the pass allows.
function places(): i32 {
  return stopping.isShut() ? 0 : maxConnections - connections.countOf(connections.INCOMING);
}

// Counts arrivals from here on, with clients that wait.
function recount(): void {
  store<f64>(ARRIVED, <f64>connections.countOf(connections.WAITING));
  store<f64>(ARRIVAL_LIMIT, 0);
}

// So many more have arrived. Gives how many that are.
function count(more: i32): f64 {
  const all = load<f64>(ARRIVED) + <f64>more;
  store<f64>(ARRIVED, all);
  return all;
}

// Counts further arrivals. When the limit is reached, accepting ends. The limit is cut at random with the first.
function arrived(more: i32): void {
  const all = count(more);
  const most = load<f64>(MAX_ACCEPTS);
  if (most == 0 || all == 0) return;
  if (load<f64>(ARRIVAL_LIMIT) == 0) store<f64>(ARRIVAL_LIMIT, most - Math.floor(nextRandom() * most * HALF_OF_ONE));
  if (all >= load<f64>(ARRIVAL_LIMIT) && stopping.accepts()) stopping.endArrivals();
}

// mulberry32: small, and the same on every host. From 0, less than 2^32.
function nextRandom(): f64 {
  random += 0x6d2b79f5;
  let t = random;
  t = (t ^ (t >> 15)) * (t | 1);
  t ^= t + (t ^ (t >> 7)) * (t | 61);
  return <f64>(t ^ (t >> 14));
}
