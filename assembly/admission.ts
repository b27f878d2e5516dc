// Admission: who is let in, and when the loop shuts down.
//
// I1  Every client waits in the line; `admit` is the only way out of it into the loop. So the order is first come, first
//     served, and no limit is ever overrun.
// I2  At most multiAccept clients are admitted in one pass.
// I3  Phases go one way: ADMITTING → LINGERING → DRAINING → FINISHED; only `drain` from FINISHED and `reset` go back.
// I4  Each drain emits FINISH once, and STOP once: when no connection is left, in or out, or all have been closed that were.
// It never acts: `decide` says what the host must do now.

import {
  ACCEPTED,
  ACCEPT_LIMIT,
  DRAIN_TIMEOUT,
  DROP_BACKLOG,
  ERR_LIMIT,
  ERR_STALE,
  ERR_STATE,
  ERR_TIME,
  MAX_ACCEPTS,
  MAX_CONNECTIONS,
  NOW,
  OK,
  isDuration,
  isLimit,
  tell,
} from "./memory";
import * as acceptors from "./acceptors";
import * as connections from "./connections";
import { DRAIN } from "./idle";
import { createOwned, deadlineOf, removeOwned, schedule, userTimers } from "./timers";

// Phases.
export const ADMITTING: i32 = 0;
export const LINGERING: i32 = 1; // draining has been asked for, and goes on admitting for a while
export const DRAINING: i32 = 2; // the gate is shut for good
export const FINISHED: i32 = 3;

// What `decide` answers.
export const DECIDE_NOTHING: i32 = 0;
export const DECIDE_FINISH: i32 = 1; // emit `finish`
export const DECIDE_STOP: i32 = 2; // stop the loop
export const DECIDE_CLOSE: i32 = 3; // close every connection that is left

// Whether a drain still waits for connections to end by themselves.
const PATIENT: i32 = 0;
const CLOSING: i32 = 1; // those that are left are to be closed
const CLOSED: i32 = 2; // they have been; those that came after it, from whoever heard of it, hold up nothing

let phase: i32 = ADMITTING;
let multiAccept: i32 = 50;
let budget: i32 = 50; // admissions left in this pass
let finishIsDue: bool = false;
let patience: i32 = PATIENT;
let drainTimer: i32 = 0; // timer slot + 1
let random: u32 = 0;

/** Seeds the one random decision, the cut of maxAccepts. */
export function seed(value: u32): void {
  random = value;
}

/** Sets the limits. A new maxAccepts counts from here. Gives OK or ERR_LIMIT, and then nothing has changed. */
export function setLimits(maxConnections: f64, maxAccepts: f64, atOnce: f64): i32 {
  if (!isLimit(maxConnections) || !isLimit(maxAccepts) || !isLimit(atOnce) || atOnce < 1) return ERR_LIMIT;
  store<f64>(MAX_CONNECTIONS, maxConnections);
  if (maxAccepts != load<f64>(MAX_ACCEPTS)) {
    store<f64>(MAX_ACCEPTS, maxAccepts);
    store<f64>(ACCEPT_LIMIT, 0);
    store<f64>(ACCEPTED, 0);
  }
  budget = max(0, budget + <i32>atOnce - multiAccept); // what this pass has used stays used
  multiAccept = <i32>atOnce;
  return OK;
}

/** Begins a pass: as many may be admitted again. */
export function refill(): void {
  acceptors.beginPass();
  budget = multiAccept;
}

/** A client has been accepted by the system. Gives its id, ERR_STALE, DROP_BACKLOG or ERR_FULL. */
export function arrive(acceptor: f64, now: f64): f64 {
  const slot = acceptors.slotOf(acceptor);
  if (slot < 0) return <f64>slot;
  // A seat in the line is wanted only by those for whom there is no place inside.
  if (acceptors.isFull(slot) && <f64>connections.countOf(connections.WAITING) >= places()) return <f64>DROP_BACKLOG;
  const client = connections.open(connections.ACCEPT, acceptors.waitTimeout(slot), now);
  if (client < 0) return <f64>client;
  acceptors.join(client, slot);
  return connections.connectionId(client);
}

/** Lets the next client in, if one waits and the gate is open. Gives its id, or 0. */
export function admit(now: f64): f64 {
  const at = tell(now);
  if (budget <= 0 || places() <= 0) return 0;
  const client = acceptors.next();
  if (client < 0) return 0;
  connections.apply(client, connections.ADMIT);
  connections.setTimeout(client, 0, at);
  budget--;
  const accepted = load<f64>(ACCEPTED) + 1;
  store<f64>(ACCEPTED, accepted);
  const max = load<f64>(MAX_ACCEPTS);
  if (max > 0) {
    if (load<f64>(ACCEPT_LIMIT) == 0) store<f64>(ACCEPT_LIMIT, max - Math.floor(nextRandom() * max * 0.5));
    if (accepted >= load<f64>(ACCEPT_LIMIT) && phase != DRAINING) {
      finishIsDue = finishIsDue || phase == ADMITTING;
      shut(0);
    }
  }
  return connections.connectionId(client);
}

/** Ends a connection in any state. Gives OK or ERR_STALE. */
export function close(id: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return slot;
  if (connections.stateOf(slot) == connections.WAITING) acceptors.leave(slot);
  connections.close(slot);
  return OK;
}

/** Begins a graceful stop: goes on admitting for `delay`, closes what is left `timeout` later; 0 = at once, never.
 * One that is under way can only be hastened. Gives OK or ERR_TIME. */
export function drain(delay: f64, timeout: f64, now: f64): i32 {
  tell(now);
  if (!isDuration(delay) || !isDuration(timeout)) return ERR_TIME;
  if (phase == LINGERING || phase == DRAINING) {
    if (delay == 0) shut(timeout);
    return OK;
  }
  finishIsDue = true;
  if (delay > 0 && phase == ADMITTING && setDrainTimer(delay)) {
    phase = LINGERING;
    store<f64>(DRAIN_TIMEOUT, timeout);
  } else {
    shut(timeout);
  }
  return OK;
}

/** Cuts a graceful stop short, or answers for its timer: what is left is to be closed. Gives OK, or ERR_STATE when none is under way. */
export function hurry(): i32 {
  if (phase != LINGERING && phase != DRAINING) return ERR_STATE;
  endDrainTimer();
  phase = DRAINING;
  patience = CLOSING;
  return OK;
}

/** The drain's timer has passed: the delay is over, or the timeout. */
export function drainTimerPassed(): void {
  if (phase == LINGERING) shut(0);
  else hurry();
}

/** What the host must do now. `watched`: how much else it waits for. A loop that does not run is never told to stop. */
export function decide(watched: i32, running: bool): i32 {
  if (finishIsDue) {
    finishIsDue = false;
    return DECIDE_FINISH;
  }
  const open =
    connections.countOf(connections.CONNECTING) +
    connections.countOf(connections.INCOMING) +
    connections.countOf(connections.OUTGOING);
  if (patience == CLOSING) {
    patience = CLOSED;
    if (open > 0) return DECIDE_CLOSE;
  }
  if (!running) return DECIDE_NOTHING;
  if (phase == DRAINING) {
    if (open > 0 && patience == PATIENT) return DECIDE_NOTHING;
    endDrainTimer();
    patience = PATIENT;
    phase = FINISHED;
    return DECIDE_STOP;
  }
  // The clients in the line need no count of their own: they have an acceptor.
  const idle =
    watched <= 0 &&
    phase != LINGERING &&
    userTimers() == 0 &&
    acceptors.listeningAcceptors() == 0 &&
    open + connections.countOf(connections.LOOSE) == 0;
  return idle ? DECIDE_STOP : DECIDE_NOTHING;
}

/** The phase of shutting down. */
export function phaseOf(): i32 {
  return phase;
}

/** Forgets everything but the limits and the seed. */
export function reset(): void {
  phase = ADMITTING;
  budget = multiAccept;
  finishIsDue = false;
  patience = PATIENT;
  endDrainTimer();
  store<f64>(ACCEPTED, 0);
  store<f64>(ACCEPT_LIMIT, 0);
}

// How many may be admitted still, whatever the pass allows.
function places(): f64 {
  if (phase > LINGERING) return 0;
  const inside = <f64>connections.countOf(connections.INCOMING);
  const places = load<f64>(MAX_CONNECTIONS) - inside;
  const limit = load<f64>(ACCEPT_LIMIT);
  return limit > 0 ? min(places, limit - load<f64>(ACCEPTED)) : places;
}

// What is left is closed `timeout` ms from now, 0 for never. What was promised sooner stands.
function shut(timeout: f64): void {
  let wait = timeout > 0 ? timeout : Infinity;
  if (phase == LINGERING) {
    const promised = load<f64>(DRAIN_TIMEOUT);
    if (promised > 0) wait = min(wait, promised);
  } else if (phase == DRAINING && drainTimer != 0 && deadlineOf(drainTimer - 1) <= load<f64>(NOW) + wait) {
    return;
  }
  endDrainTimer();
  phase = DRAINING;
  if (wait < Infinity) setDrainTimer(wait);
}

function setDrainTimer(after: f64): bool {
  const timer = createOwned(DRAIN);
  if (timer < 0) return false;
  drainTimer = timer + 1;
  schedule(timer, load<f64>(NOW) + after);
  return true;
}

function endDrainTimer(): void {
  if (drainTimer != 0) removeOwned(drainTimer - 1);
  drainTimer = 0;
}

// mulberry32: small, and the same on every host.
function nextRandom(): f64 {
  random += 0x6d2b79f5;
  let t = random;
  t = (t ^ (t >> 15)) * (t | 1);
  t ^= t + (t ^ (t >> 7)) * (t | 61);
  return <f64>(t ^ (t >> 14)) / 4294967296;
}
