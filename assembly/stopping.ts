// The graceful stop, and when the loop has nothing to wait for any more.
//
// I1  Phases go one way: ADMITTING → FINISHING → DRAINING → FINISHED; only `stop` goes back.
// I2  Each graceful stop emits FINISH once, when it begins, CLOSING once, when accepting ends, and STOP once: when nobody waits and
//     no connection and no acceptor is left, or all have been closed that were.
// I3  One that is under way can only be hastened.
// I4  The drain has a timer while it waits for the end of its delay or of its timeout, and one only.
// It never acts: `decide` says what the host must do now.

import { DRAIN_TIMEOUT, ERR_STATE, ERR_TIME, NOW, OK, isDuration, tell } from "./memory";
import * as acceptors from "./acceptors";
import * as connections from "./connections";
import { DRAIN } from "./idle";
import { createOwned, deadlineOf, removeOwned, schedule, userTimers } from "./timers";

// Phases.
export const ADMITTING: i32 = 0;
export const FINISHING: i32 = 1; // a graceful stop has been asked for, and goes on accepting for a while
export const DRAINING: i32 = 2; // accepting has ended; the line is still served
export const FINISHED: i32 = 3; // the host has been told to stop

// What `decide` answers.
export const DECIDE_NOTHING: i32 = 0;
export const DECIDE_FINISH: i32 = 1; // emit `finish`
export const DECIDE_STOP: i32 = 2; // stop the loop
export const DECIDE_CLOSE: i32 = 3; // close all that is left
export const DECIDE_CLOSING: i32 = 4; // stop accepting
export const DECIDE_RESET: i32 = 5; // reset those who wait

// Whether a graceful stop still waits for connections to end by themselves.
const PATIENT: i32 = 0;
const HURRIED: i32 = 1; // those that are left are to be closed
const CLOSED: i32 = 2; // they have been; those that came after it, from whoever heard of it, hold up nothing

let phase: i32 = ADMITTING;
let finishIsDue: bool = false;
let closingIsDue: bool = false;
let resetIsDue: bool = false;
let resets: bool = false; // once accepting has ended, nobody waits any more
let patience: i32 = PATIENT;
let drainTimer: i32 = 0; // timer slot + 1

/** The phase of shutting down. */
export function phaseOf(): i32 {
  return phase;
}

/** Whether clients are still accepted. */
export function accepts(): bool {
  return phase <= FINISHING;
}

/** Whether nobody waits any more. */
export function isResetting(): bool {
  return resets && phase >= DRAINING;
}

/** Whether nobody is let in any more. */
export function isShut(): bool {
  return phase == FINISHED || isResetting();
}

/** Begins a graceful stop: goes on accepting for `delay`, closes what is left `timeout` later; 0 = at once, never.
 * With `reset`, those who wait by then are reset. One that is under way can only be hastened. Gives OK or ERR_TIME. */
export function drain(delay: f64, timeout: f64, now: f64, reset: bool): i32 {
  const at = tell(now);
  if (!isDuration(delay) || !isDuration(timeout)) return ERR_TIME;
  if (phase == FINISHED) return OK;
  resets = resets || reset;
  if (phase == DRAINING) {
    resetIsDue = resetIsDue || reset;
    if (timeout > 0 && patience == PATIENT && isSooner(at + timeout)) setDrainTimer(timeout);
    return OK;
  }
  const promised = load<f64>(DRAIN_TIMEOUT);
  if (phase == ADMITTING) finishIsDue = true;
  if (timeout > 0 && (promised == 0 || timeout < promised)) store<f64>(DRAIN_TIMEOUT, timeout);
  if (delay == 0) endAccepting();
  else if (isSooner(at + delay)) {
    phase = FINISHING;
    if (!setDrainTimer(delay)) endAccepting();
  }
  return OK;
}

/** Ends accepting, as enough clients have arrived. */
export function endArrivals(): void {
  if (phase == ADMITTING) finishIsDue = true;
  endAccepting();
}

/** Cuts a graceful stop short, or answers for its timer: what is left is to be closed. Gives OK, or ERR_STATE when none is under way. */
export function hurry(): i32 {
  if (phase != FINISHING && phase != DRAINING) return ERR_STATE;
  if (phase == FINISHING) endAccepting();
  endDrainTimer();
  patience = HURRIED;
  resets = true;
  return OK;
}

/** The drain's timer has passed: the delay is over, or the timeout. */
export function drainTimerPassed(): void {
  if (phase == FINISHING) endAccepting();
  else hurry();
}

/** The run has ended, and with it a graceful stop. Those who wait stay in the line. */
export function stop(): void {
  if (phase == FINISHING) closingIsDue = true;
  endDrainTimer();
  phase = ADMITTING;
  patience = PATIENT;
  resets = false;
  resetIsDue = false;
  store<f64>(DRAIN_TIMEOUT, 0);
}

/** Forgets everything. */
export function reset(): void {
  stop();
  finishIsDue = false;
  closingIsDue = false;
}

/** What the host must do now. `watched`: how much else it waits for. A loop that does not run is never told to stop. */
export function decide(watched: i32, running: bool): i32 {
  if (finishIsDue) {
    finishIsDue = false;
    return DECIDE_FINISH;
  }
  if (closingIsDue) {
    closingIsDue = false;
    return DECIDE_CLOSING;
  }
  const waiting = connections.countOf(connections.WAITING);
  if (resetIsDue) {
    resetIsDue = false;
    if (waiting > 0) return DECIDE_RESET;
  }
  const open =
    connections.countOf(connections.CONNECTING) +
    connections.countOf(connections.INCOMING) +
    connections.countOf(connections.OUTGOING) +
    connections.countOf(connections.LINGERING);
  const left = open + waiting + acceptors.acceptors();
  if (patience == HURRIED) {
    patience = CLOSED;
    if (left > 0) return DECIDE_CLOSE;
  }
  if (!running) return DECIDE_NOTHING;
  if (phase == DRAINING) {
    if (left > 0 && patience == PATIENT) return DECIDE_NOTHING;
    endDrainTimer();
    patience = PATIENT;
    phase = FINISHED;
    return DECIDE_STOP;
  }
  // The clients in the line need no count of their own: they have an acceptor.
  const idle =
    watched <= 0 &&
    phase != FINISHING &&
    userTimers() == 0 &&
    acceptors.busyAcceptors() == 0 &&
    open + connections.countOf(connections.LOOSE) == 0;
  return idle ? DECIDE_STOP : DECIDE_NOTHING;
}

// Accepting ends; what is left is closed when the timeout has passed from now.
function endAccepting(): void {
  endDrainTimer();
  phase = DRAINING;
  closingIsDue = true;
  resetIsDue = resets;
  const timeout = load<f64>(DRAIN_TIMEOUT);
  if (timeout > 0) setDrainTimer(timeout);
}

// Whether a deadline comes before the one there is.
function isSooner(deadline: f64): bool {
  return drainTimer == 0 || deadline < deadlineOf(drainTimer - 1);
}

// Sets the drain's timer; false when there is no room for it.
function setDrainTimer(after: f64): bool {
  if (drainTimer == 0) {
    const timer = createOwned(DRAIN);
    if (timer < 0) return false;
    drainTimer = timer + 1;
  }
  schedule(drainTimer - 1, load<f64>(NOW) + after);
  return true;
}

function endDrainTimer(): void {
  if (drainTimer != 0) removeOwned(drainTimer - 1);
  drainTimer = 0;
}
