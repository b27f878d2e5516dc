// The graceful stop, and the check whether the loop has anything left to wait for.
//
// I1  Phases advance in one direction: ADMITTING → FINISHING → DRAINING → FINISHED; only `stop` goes back.
// I2  Each graceful stop returns FINISH once, when it begins, CLOSING once, when accepting ends, and STOP once: when no client
//     waits and no connection or acceptor is left, or after all of them were closed by force.
// I3  A graceful stop that is under way can only be made to end sooner.
// I4  The drain has exactly one timer while it waits for the end of its delay or of its timeout, and otherwise none.
// It never acts: `decide` returns what the host must do now.

import { CONNECTIONS, ERR_STATE, ERR_TIME, LIVE, NOW, OK, isDuration, tell } from "./memory";
import * as acceptors from "./acceptors";
import * as alarms from "./alarms";
import * as connections from "./connections";
import { userTimers } from "./timers";

// Phases.
export const ADMITTING: i32 = 0;
export const FINISHING: i32 = 1; // a graceful stop has begun, and accepting goes on until its delay is over
export const DRAINING: i32 = 2; // accepting has ended; waiting clients are still admitted
export const FINISHED: i32 = 3; // `decide` has returned STOP

// Results of `decide`.
export const DECIDE_NOTHING: i32 = 0;
export const DECIDE_FINISH: i32 = 1; // emit `finish`
export const DECIDE_STOP: i32 = 2; // stop the loop
export const DECIDE_CLOSE: i32 = 3; // close all remaining connections
export const DECIDE_CLOSING: i32 = 4; // stop accepting

// Pending decisions, one bit each, in the order in which they are returned.
const FINISH: i32 = 1 << 0;
const CLOSING: i32 = 1 << 1;
const CLOSE: i32 = 1 << 2;
const DECISIONS: usize = memory.data<u8>([1, 4, 3]);

// Once accepting has ended, waiting clients are reset.
const RESETS: i32 = 1;
// And the remaining connections are closed. Those that a `close` callback opens afterwards do not delay the stop.
const HURRIED: i32 = 2;

let phase: i32 = ADMITTING;
let pending: i32 = 0; // of the above
let haste: i32 = 0; // 0, RESETS or HURRIED
let closesAfter: f64 = 0; // ms between the end of accepting and closing the remaining connections; 0 = never

/** The phase of the graceful stop. */
export function phaseOf(): i32 {
  return phase;
}

/** Whether accepting has not ended. */
export function accepts(): bool {
  return phase <= FINISHING;
}

/** Whether waiting clients are reset. */
export function isResetting(): bool {
  return haste != 0 && phase >= DRAINING;
}

/** Whether the host has not been told yet that a graceful stop has begun, or that accepting has ended. */
export function isBeginning(): bool {
  return (pending & (FINISH | CLOSING)) != 0;
}

/** Whether no client is admitted any more, unless its acceptor is exempt. */
export function isShut(): bool {
  return phase == FINISHED || isResetting();
}

/** Begins a graceful stop: accepting ends after `delay` ms (0 = at once), and the rest is closed `timeout` ms later (0 = never).
 * With `reset`, clients that still wait when accepting ends are reset. A second call can only make the first one end sooner.
 * Returns OK or ERR_TIME. */
export function drain(delay: f64, timeout: f64, now: f64, reset: bool): i32 {
  const at = tell(now);
  if (!isDuration(delay) || !isDuration(timeout)) return ERR_TIME;
  if (phase == FINISHED) return OK;
  if (reset) haste = max(haste, RESETS);
  if (phase == DRAINING) {
    if (timeout > 0 && haste < HURRIED && isSooner(at + timeout)) setTimer(timeout);
    return OK;
  }
  if (phase == ADMITTING) pending |= FINISH;
  if (timeout > 0 && (closesAfter == 0 || timeout < closesAfter)) closesAfter = timeout;
  if (delay == 0) endAccepting();
  else if (isSooner(at + delay)) {
    phase = FINISHING;
    if (!setTimer(delay)) endAccepting();
  }
  return OK;
}

/** Ends accepting because maxAccepts has been reached. */
export function endArrivals(): void {
  if (phase == ADMITTING) pending |= FINISH;
  endAccepting();
}

/** Cuts a graceful stop short, or ends it at its timeout: the rest is closed. Returns OK, or ERR_STATE if none is under way. */
export function hurry(): i32 {
  if (phase != FINISHING && phase != DRAINING) return ERR_STATE;
  if (phase == FINISHING) endAccepting();
  alarms.clear(alarms.DRAIN);
  pending |= CLOSE;
  haste = HURRIED;
  return OK;
}

/** The drain's timer has expired: the delay or the timeout is over. */
export function drainTimerPassed(): void {
  if (phase == FINISHING) endAccepting();
  else hurry();
}

/** The run has ended, and with it any graceful stop. Waiting clients stay in the queue. */
export function stop(): void {
  if (phase == FINISHING) pending |= CLOSING;
  alarms.clear(alarms.DRAIN);
  phase = ADMITTING;
  pending &= FINISH | CLOSING;
  haste = 0;
  closesAfter = 0;
}

/** As `stop`, and drops all pending decisions. */
export function reset(): void {
  stop();
  pending = 0;
}

/** What the host must do now. `watched`: the number of things it waits for that the core does not know. Never STOP if not `running`. */
export function decide(watched: i32, running: bool): i32 {
  const live = load<i32>(CONNECTIONS, LIVE);
  // Exempt acceptors and their clients do not delay a stop, and streams of no loop do not either.
  const others =
    connections.countOf(connections.LOOSE) + connections.countOf(connections.EXEMPT) + acceptors.waitersOf(true);
  const left = live - others + acceptors.acceptors() - acceptors.exemptAcceptors();
  while (pending != 0) {
    const decision = ctz(pending);
    pending &= pending - 1;
    // Skip CLOSE if nothing is left to close.
    if (decision < 2 || left > 0) return <i32>load<u8>(DECISIONS + decision);
  }
  if (!running) return DECIDE_NOTHING;
  if (phase == DRAINING) {
    if (left > 0 && haste < HURRIED) return DECIDE_NOTHING;
    alarms.clear(alarms.DRAIN);
    phase = FINISHED;
    return DECIDE_STOP;
  }
  // Waiting clients are covered by the count of their acceptors.
  const idle =
    watched <= 0 &&
    phase != FINISHING &&
    userTimers() == 0 &&
    acceptors.busyAcceptors() == 0 &&
    live == connections.countOf(connections.WAITING);
  return idle ? DECIDE_STOP : DECIDE_NOTHING;
}

// Ends accepting. The timeout, after which the rest is closed, starts now.
function endAccepting(): void {
  alarms.clear(alarms.DRAIN);
  phase = DRAINING;
  pending |= CLOSING;
  if (closesAfter > 0) setTimer(closesAfter);
}

// Whether a deadline is earlier than that of the drain's timer.
function isSooner(deadline: f64): bool {
  return deadline < alarms.deadline(alarms.DRAIN);
}

// Sets the drain's timer; false if the table has no room for it.
function setTimer(after: f64): bool {
  return alarms.set(alarms.DRAIN, load<f64>(NOW) + after);
}
