// The graceful stop, and the check whether the loop has anything left to wait for.
//
// I1  Phases advance in one direction: ADMITTING → FINISHING → DRAINING → FINISHED; only `stop` goes back.
// I2  Each graceful stop returns FINISH once, when it begins, CLOSING once, when accepting ends, and STOP once: when no client
//     waits and no connection or acceptor is left, or after all of them were closed by force.
// I3  A graceful stop that is under way can only be made to end sooner.
// I4  The drain has exactly one timer while it waits for the end of its delay or of its timeout, and otherwise none.
// It never acts: `decide` returns what the host must do now.

import { Code, Decision, Phase, State } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { Alarm, type Alarms } from "./alarms.ts";
import { type Clock, isDuration } from "./clock.ts";
import type { Connections } from "./connections.ts";
import type { Timers } from "./timers.ts";

// Whether a graceful stop still waits for connections to end by themselves.
const PATIENT = 0;
const HURRIED = 1; // the remaining connections must be closed
const CLOSED = 2; // they have been closed; those that a `close` callback opens afterwards do not delay the stop

export class Stopping {
  /** The phase of the graceful stop. */
  phase: number = Phase.ADMITTING;
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #timers: Timers;
  readonly #alarms: Alarms;
  readonly #clock: Clock;
  #finishIsDue = false;
  #closingIsDue = false;
  #resets = false; // waiting clients are reset once accepting has ended
  #patience: number = PATIENT;
  #drainTimeout = 0; // ms between the end of accepting and closing the remaining connections; 0 = never

  constructor(acceptors: Acceptors, connections: Connections, timers: Timers, alarms: Alarms, clock: Clock) {
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#timers = timers;
    this.#alarms = alarms;
    this.#clock = clock;
  }

  /** Whether accepting has not ended. */
  get accepts(): boolean {
    return this.phase <= Phase.FINISHING;
  }

  /** Whether waiting clients are reset. */
  get isResetting(): boolean {
    return this.#resets && this.phase >= Phase.DRAINING;
  }

  /** Whether the host has not been told yet that a graceful stop has begun, or that accepting has ended. */
  get isBeginning(): boolean {
    return this.#finishIsDue || this.#closingIsDue;
  }

  /** Whether no client is admitted any more, unless its acceptor is exempt. */
  get isShut(): boolean {
    return this.phase === Phase.FINISHED || this.isResetting;
  }

  /** Begins a graceful stop: accepting ends after `delay` ms (0 = at once), and the rest is closed `timeout` ms later (0 = never).
   * With `reset`, clients that still wait when accepting ends are reset. A second call can only make the first one end sooner.
   * Returns OK or TIME. */
  drain(delay: number, timeout: number, now: number, reset: boolean): number {
    const at = this.#clock.tell(now);
    if (!isDuration(delay) || !isDuration(timeout)) return Code.TIME;
    if (this.phase === Phase.FINISHED) return Code.OK;
    this.#resets ||= reset;
    if (this.phase === Phase.DRAINING) {
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

  /** Ends accepting because maxAccepts has been reached. */
  endArrivals(): void {
    if (this.phase === Phase.ADMITTING) this.#finishIsDue = true;
    this.#endAccepting();
  }

  /** Cuts a graceful stop short, or ends it at its timeout: the rest is closed. Returns OK, or STATE if none is under way. */
  hurry(): number {
    if (this.phase !== Phase.FINISHING && this.phase !== Phase.DRAINING) return Code.STATE;
    if (this.phase === Phase.FINISHING) this.#endAccepting();
    this.#endDrainTimer();
    this.#patience = HURRIED;
    this.#resets = true;
    return Code.OK;
  }

  /** The drain's timer has expired: the delay or the timeout is over. */
  drainTimerPassed(): void {
    if (this.phase === Phase.FINISHING) this.#endAccepting();
    else this.hurry();
  }

  /** The run has ended, and with it any graceful stop. Waiting clients stay in the queue. */
  stop(): void {
    if (this.phase === Phase.FINISHING) this.#closingIsDue = true;
    this.#endDrainTimer();
    this.phase = Phase.ADMITTING;
    this.#patience = PATIENT;
    this.#resets = false;
    this.#drainTimeout = 0;
  }

  /** As `stop`, and drops all pending decisions. */
  reset(): void {
    this.stop();
    this.#finishIsDue = false;
    this.#closingIsDue = false;
  }

  /** What the host must do now. `watched`: the number of things it waits for that the core does not know. Never STOP if not `running`. */
  decide(watched: number, running: boolean): number {
    if (this.#finishIsDue) {
      this.#finishIsDue = false;
      return Decision.FINISH;
    }
    if (this.#closingIsDue) {
      this.#closingIsDue = false;
      return Decision.CLOSING;
    }
    const acceptors = this.#acceptors;
    const connections = this.#connections;
    const { live } = connections.slots;
    // Exempt acceptors and their clients do not delay a stop, and streams of no loop do not either.
    const others = connections.countOf(State.LOOSE) + connections.countOf(State.EXEMPT) + acceptors.waitersOf(true);
    const left = live - others + acceptors.count - acceptors.exempt;
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
    // Waiting clients are covered by the count of their acceptors.
    const idle =
      watched <= 0 &&
      this.phase !== Phase.FINISHING &&
      this.#timers.count === 0 &&
      !acceptors.isBusy &&
      live === connections.countOf(State.WAITING);
    return idle ? Decision.STOP : Decision.NOTHING;
  }

  // Ends accepting. The timeout, after which the rest is closed, starts now.
  #endAccepting(): void {
    this.#endDrainTimer();
    this.phase = Phase.DRAINING;
    this.#closingIsDue = true;
    if (this.#drainTimeout > 0) this.#setDrainTimer(this.#drainTimeout);
  }

  // Whether a deadline is earlier than that of the drain's timer.
  #isSooner(deadline: number): boolean {
    return deadline < this.#alarms.deadline(Alarm.DRAIN);
  }

  // Sets the drain's timer; false if the table has no room for it.
  #setDrainTimer(after: number): boolean {
    return this.#alarms.set(Alarm.DRAIN, this.#clock.now + after);
  }

  #endDrainTimer(): void {
    this.#alarms.clear(Alarm.DRAIN);
  }
}
