// The graceful stop, and when the loop has nothing to wait for any more.
//
// I1  Phases go one way: ADMITTING → FINISHING → DRAINING → FINISHED; only `stop` goes back.
// I2  Each graceful stop emits FINISH once, when it begins, CLOSING once, when accepting ends, and STOP once: when nobody waits and
//     no connection and no acceptor is left, or all have been closed that were.
// I3  One that is under way can only be hastened.
// I4  The drain has a timer while it waits for the end of its delay or of its timeout, and one only.
// It never acts: `decide` says what the host must do now.

import { Code, Decision, Phase, State } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { type Clock, isDuration } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { DRAIN } from "./idle.ts";
import type { Timers } from "./timers.ts";

// Whether a graceful stop still waits for connections to end by themselves.
const PATIENT = 0;
const HURRIED = 1; // those that are left are to be closed
const CLOSED = 2; // they have been; those that came after it, from whoever heard of it, hold up nothing

export class Stopping {
  /** The phase of shutting down. */
  phase: number = Phase.ADMITTING;
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #timers: Timers;
  readonly #clock: Clock;
  #finishIsDue = false;
  #closingIsDue = false;
  #resetIsDue = false;
  #resets = false; // once accepting has ended, nobody waits any more
  #patience: number = PATIENT;
  #drainTimer = 0; // timer slot + 1
  #drainTimeout = 0; // ms between the end of accepting and closing what is left; 0 = never

  constructor(acceptors: Acceptors, connections: Connections, timers: Timers, clock: Clock) {
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#timers = timers;
    this.#clock = clock;
  }

  /** Whether clients are still accepted. */
  get accepts(): boolean {
    return this.phase <= Phase.FINISHING;
  }

  /** Whether nobody waits any more. */
  get isResetting(): boolean {
    return this.#resets && this.phase >= Phase.DRAINING;
  }

  /** Whether nobody is let in any more. */
  get isShut(): boolean {
    return this.phase === Phase.FINISHED || this.isResetting;
  }

  /** Begins a graceful stop: goes on accepting for `delay`, closes what is left `timeout` later; 0 = at once, never.
   * With `reset`, clients that wait by then are reset. One that is under way can only be hastened. Gives OK or TIME. */
  drain(delay: number, timeout: number, now: number, reset: boolean): number {
    const at = this.#clock.tell(now);
    if (!isDuration(delay) || !isDuration(timeout)) return Code.TIME;
    if (this.phase === Phase.FINISHED) return Code.OK;
    this.#resets ||= reset;
    if (this.phase === Phase.DRAINING) {
      this.#resetIsDue ||= reset;
      if (timeout > 0 && this.#patience === PATIENT && this.#isSooner(at + timeout)) this.#setDrainTimer(timeout);
      return Code.OK;
    }
    if (this.phase === Phase.ADMITTING) this.#finishIsDue = true;
    const promised = this.#drainTimeout;
    if (timeout > 0 && (promised === 0 || timeout < promised)) this.#drainTimeout = timeout;
    if (delay === 0) {
      this.#endAccepting();
    } else if (this.#isSooner(at + delay)) {
      this.phase = Phase.FINISHING;
      if (!this.#setDrainTimer(delay)) this.#endAccepting();
    }
    return Code.OK;
  }

  /** Ends accepting, as enough clients have arrived. */
  endArrivals(): void {
    if (this.phase === Phase.ADMITTING) this.#finishIsDue = true;
    this.#endAccepting();
  }

  /** Cuts a graceful stop short, or answers for its timer: what is left is to be closed. Gives OK, or STATE when none is under way. */
  hurry(): number {
    if (this.phase !== Phase.FINISHING && this.phase !== Phase.DRAINING) return Code.STATE;
    if (this.phase === Phase.FINISHING) this.#endAccepting();
    this.#endDrainTimer();
    this.#patience = HURRIED;
    this.#resets = true;
    return Code.OK;
  }

  /** The drain's timer has passed: the delay is over, or the timeout. */
  drainTimerPassed(): void {
    if (this.phase === Phase.FINISHING) this.#endAccepting();
    else this.hurry();
  }

  /** The run has ended, and with it a graceful stop. clients that wait stay in the line. */
  stop(): void {
    if (this.phase === Phase.FINISHING) this.#closingIsDue = true;
    this.#endDrainTimer();
    this.phase = Phase.ADMITTING;
    this.#patience = PATIENT;
    this.#resets = false;
    this.#resetIsDue = false;
    this.#drainTimeout = 0;
  }

  /** Forgets everything. */
  reset(): void {
    this.stop();
    this.#finishIsDue = false;
    this.#closingIsDue = false;
  }

  /** What the host must do now. `watched`: how much else it waits for. A loop that does not run is never told to stop. */
  decide(watched: number, running: boolean): number {
    if (this.#finishIsDue) {
      this.#finishIsDue = false;
      return Decision.FINISH;
    }
    if (this.#closingIsDue) {
      this.#closingIsDue = false;
      return Decision.CLOSING;
    }
    const connections = this.#connections;
    const waiting = connections.countOf(State.WAITING);
    if (this.#resetIsDue) {
      this.#resetIsDue = false;
      if (waiting > 0) return Decision.RESET;
    }
    const open =
      connections.countOf(State.CONNECTING) +
      connections.countOf(State.INCOMING) +
      connections.countOf(State.OUTGOING) +
      connections.countOf(State.LINGERING);
    const left = open + waiting + this.#acceptors.count;
    if (this.#patience === HURRIED) {
      this.#patience = CLOSED;
      if (left > 0) return Decision.CLOSE;
    }
    if (!running) return Decision.NOTHING;
    if (this.phase === Phase.DRAINING) {
      if (left > 0 && this.#patience === PATIENT) return Decision.NOTHING;
      this.#endDrainTimer();
      this.#patience = PATIENT;
      this.phase = Phase.FINISHED;
      return Decision.STOP;
    }
    // The clients in the line need no count of their own: they have an acceptor.
    const idle =
      watched <= 0 &&
      this.phase !== Phase.FINISHING &&
      this.#timers.count === 0 &&
      !this.#acceptors.isBusy &&
      open + connections.countOf(State.LOOSE) === 0;
    return idle ? Decision.STOP : Decision.NOTHING;
  }

  // Accepting ends; what is left is closed when the timeout has passed from now.
  #endAccepting(): void {
    this.#endDrainTimer();
    this.phase = Phase.DRAINING;
    this.#closingIsDue = true;
    this.#resetIsDue = this.#resets;
    if (this.#drainTimeout > 0) this.#setDrainTimer(this.#drainTimeout);
  }

  // Whether a deadline comes before the one there is.
  #isSooner(deadline: number): boolean {
    return this.#drainTimer === 0 || deadline < this.#timers.deadlineOf(this.#drainTimer - 1);
  }

  // Sets the drain's timer; false when there is no room for it.
  #setDrainTimer(after: number): boolean {
    if (this.#drainTimer === 0) {
      const timer = this.#timers.createOwned(DRAIN);
      if (timer < 0) return false;
      this.#drainTimer = timer + 1;
    }
    this.#timers.schedule(this.#drainTimer - 1, this.#clock.now + after);
    return true;
  }

  #endDrainTimer(): void {
    if (this.#drainTimer !== 0) this.#timers.removeOwned(this.#drainTimer - 1);
    this.#drainTimer = 0;
  }
}
