// The graceful stop, and when the loop has nothing to wait for any more.
//
// I1  Phases go one way: ADMITTING → FINISHING → DRAINING → FINISHED; only `stop` goes back.
// I2  Each graceful stop emits FINISH once, when it begins, CLOSING once, when accepting ends, and STOP once: when nobody waits and
//     no connection and no acceptor is left, or all have been closed that were.
// I3  One that is under way can only be hastened.
// I4  The drain has a timer while it waits for the end of its delay or of its timeout, and one only.
// It never acts: `decide` says what the host must do now.

import { CONNECTIONS, ERR_STATE, ERR_TIME, LIVE, NOW, OK, isDuration, tell } from "./memory";
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
export const DECIDE_RESET: i32 = 5; // reset clients that wait

// Decisions yet to be given, a bit each, in the order in which they are given.
const FINISH: i32 = 1 << 0;
const CLOSING: i32 = 1 << 1;
const RESET: i32 = 1 << 2;
const CLOSE: i32 = 1 << 3;
const DECISIONS: usize = memory.data<u8>([1, 4, 5, 3]);

// Once accepting has ended, nobody waits any more.
const RESETS: i32 = 1;
// And what is left is closed; what comes after that, from whoever heard of it, holds up nothing.
const HURRIED: i32 = 2;

let phase: i32 = ADMITTING;
let pending: i32 = 0; // of the above
let haste: i32 = 0; // RESETS, HURRIED, or nothing
let drainTimer: i32 = 0; // timer slot + 1
let closesAfter: f64 = 0; // ms between the end of accepting and closing what is left; 0 = never

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
  return haste != 0 && phase >= DRAINING;
}

/** Whether nobody is let in any more. */
export function isShut(): bool {
  return phase == FINISHED || isResetting();
}

/** Begins a graceful stop: goes on accepting for `delay`, closes what is left `timeout` later; 0 = at once, never.
 * With `reset`, clients that wait by then are reset. One that is under way can only be hastened. Gives OK or ERR_TIME. */
export function drain(delay: f64, timeout: f64, now: f64, reset: bool): i32 {
  const at = tell(now);
  if (!isDuration(delay) || !isDuration(timeout)) return ERR_TIME;
  if (phase == FINISHED) return OK;
  if (reset) haste = max(haste, RESETS);
  if (phase == DRAINING) {
    if (reset) pending |= RESET;
    if (timeout > 0 && haste < HURRIED && isSooner(at + timeout)) setDrainTimer(timeout);
    return OK;
  }
  if (phase == ADMITTING) pending |= FINISH;
  if (timeout > 0 && (closesAfter == 0 || timeout < closesAfter)) closesAfter = timeout;
  if (delay == 0) endAccepting();
  else if (isSooner(at + delay)) {
    phase = FINISHING;
    if (!setDrainTimer(delay)) endAccepting();
  }
  return OK;
}

/** Ends accepting, as enough clients have arrived. */
export function endArrivals(): void {
  if (phase == ADMITTING) pending |= FINISH;
  endAccepting();
}

/** Cuts a graceful stop short, or answers for its timer: what is left is to be closed. Gives OK, or ERR_STATE when none is under way. */
export function hurry(): i32 {
  if (phase != FINISHING && phase != DRAINING) return ERR_STATE;
  if (phase == FINISHING) endAccepting();
  endDrainTimer();
  pending |= CLOSE;
  haste = HURRIED;
  return OK;
}

/** The drain's timer has passed: the delay is over, or the timeout. */
export function drainTimerPassed(): void {
  if (phase == FINISHING) endAccepting();
  else hurry();
}

/** The run has ended, and with it a graceful stop. clients that wait stay in the line. */
export function stop(): void {
  if (phase == FINISHING) pending |= CLOSING;
  endDrainTimer();
  phase = ADMITTING;
  pending &= FINISH | CLOSING;
  haste = 0;
  closesAfter = 0;
}

/** Forgets everything. */
export function reset(): void {
  stop();
  pending = 0;
}

/** What the host must do now. `watched`: how much else it waits for. A loop that does not run is never told to stop. */
export function decide(watched: i32, running: bool): i32 {
  const waiting = connections.countOf(connections.WAITING);
  const loose = connections.countOf(connections.LOOSE);
  const open = load<i32>(CONNECTIONS, LIVE) - waiting;
  const left = open - loose + waiting + acceptors.acceptors();
  while (pending != 0) {
    const decision = ctz(pending);
    pending &= pending - 1;
    // Without anybody to reset, or anything to close, there is no need to say so.
    if (decision < 2 || (decision == 2 ? waiting : left) > 0) return <i32>load<u8>(DECISIONS + decision);
  }
  if (!running) return DECIDE_NOTHING;
  if (phase == DRAINING) {
    if (left > 0 && haste < HURRIED) return DECIDE_NOTHING;
    endDrainTimer();
    phase = FINISHED;
    return DECIDE_STOP;
  }
  // The clients in the line need no count of their own: they have an acceptor.
  const idle = watched <= 0 && phase != FINISHING && userTimers() == 0 && acceptors.busyAcceptors() == 0 && open == 0;
  return idle ? DECIDE_STOP : DECIDE_NOTHING;
}

// Accepting ends; what is left is closed when the timeout has passed from now.
function endAccepting(): void {
  endDrainTimer();
  phase = DRAINING;
  pending |= haste != 0 ? CLOSING | RESET : CLOSING;
  if (closesAfter > 0) setDrainTimer(closesAfter);
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
