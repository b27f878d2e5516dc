// Admission: who is let in, and when the loop shuts down.
//
// I1  Every client waits in the line; `admit` is the only way out of it into the loop, and `#gateIsOpen` the only question
//     it asks. So the order is first come, first served, and no limit is ever overrun.
// I2  At most multiAccept clients are admitted in one pass.
// I3  Phases go one way: ADMITTING → LINGERING → DRAINING → FINISHED; only `drain` from FINISHED and `reset` go back.
// I4  Each drain emits FINISH once, and STOP once: when no connection is left, in or out, or all have been closed that were.
// It never acts: `decide` says what the host must do now.

import { Code, Decision, Phase, State, Transition } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { type Clock, isDuration, isLimit } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { DRAIN } from "./idle.ts";
import type { Timers } from "./timers.ts";

// Whether a drain still waits for connections to end by themselves.
const PATIENT = 0;
const CLOSING = 1; // those that are left are to be closed
const CLOSED = 2; // they have been; those that came after it, from whoever heard of it, hold up nothing

export class Admission {
  /** The phase of shutting down. */
  phase: number = Phase.ADMITTING;
  /** Clients admitted since maxAccepts was set. */
  accepted = 0;
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #timers: Timers;
  readonly #clock: Clock;
  #maxConnections = 1000;
  #maxAccepts = 0;
  #acceptLimit = 0; // maxAccepts after the cut; 0 until drawn
  #multiAccept = 50;
  #budget = 50; // admissions left in this pass
  #finishIsDue = false;
  #patience: number = PATIENT;
  #drainTimer = 0; // timer slot + 1
  #drainTimeout = 0; // ms between closing the gate and closing what is left; 0 = never
  #random = 0;

  constructor(acceptors: Acceptors, connections: Connections, timers: Timers, clock: Clock) {
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#timers = timers;
    this.#clock = clock;
  }

  /** Seeds the one random decision, the cut of maxAccepts. */
  seed(value: number): void {
    this.#random = value | 0;
  }

  /** Sets the limits. A new maxAccepts counts from here. Gives OK or LIMIT, and then nothing has changed. */
  setLimits(maxConnections: number, maxAccepts: number, atOnce: number): number {
    if (!isLimit(maxConnections) || !isLimit(maxAccepts) || !isLimit(atOnce) || atOnce < 1) return Code.LIMIT;
    this.#maxConnections = maxConnections;
    if (maxAccepts !== this.#maxAccepts) {
      this.#maxAccepts = maxAccepts;
      this.#acceptLimit = 0;
      this.accepted = 0;
    }
    this.#budget = Math.max(0, this.#budget + atOnce - this.#multiAccept); // what this pass has used stays used
    this.#multiAccept = atOnce;
    return Code.OK;
  }

  /** Begins a pass: as many may be admitted again. */
  refill(): void {
    this.#acceptors.beginPass();
    this.#budget = this.#multiAccept;
  }

  /** A client has been accepted by the system. Gives its id, STALE, DROP_BACKLOG or FULL. */
  arrive(acceptor: number, now: number): number {
    const slot = this.#acceptors.slots.find(acceptor);
    if (slot < 0) return Code.STALE;
    // A seat in the line is wanted only by those for whom there is no place inside.
    if (this.#acceptors.isFull(slot) && this.#connections.countOf(State.WAITING) >= this.#places()) {
      return Code.DROP_BACKLOG;
    }
    const client = this.#connections.open(Transition.ACCEPT, this.#acceptors.waitTimeout(slot), now);
    if (client < 0) return client;
    this.#acceptors.join(client, slot);
    return this.#connections.slots.idOf(client);
  }

  /** Lets the next client in, if one waits and the gate is open. Gives its id, or 0. */
  admit(now: number): number {
    const at = this.#clock.tell(now);
    if (!this.#gateIsOpen()) return 0;
    const client = this.#acceptors.next();
    if (client < 0) return 0;
    this.#connections.apply(client, Transition.ADMIT);
    this.#connections.setTimeout(client, 0, at);
    this.#budget--;
    this.accepted++;
    const max = this.#maxAccepts;
    if (max > 0) {
      if (this.#acceptLimit === 0) this.#acceptLimit = max - Math.floor(this.#nextRandom() * max * 0.5);
      if (this.accepted >= this.#acceptLimit && this.phase !== Phase.DRAINING) {
        this.#finishIsDue ||= this.phase === Phase.ADMITTING;
        this.#shut(0);
      }
    }
    return this.#connections.slots.idOf(client);
  }

  /** Ends a connection in any state. Gives OK or STALE. */
  close(id: number): number {
    const slot = this.#connections.slots.find(id);
    if (slot < 0) return Code.STALE;
    if (this.#connections.stateOf(slot) === State.WAITING) this.#acceptors.leave(slot);
    this.#connections.close(slot);
    return Code.OK;
  }

  /** Begins a graceful stop: goes on admitting for `delay`, closes what is left `timeout` later; 0 = at once, never.
   * One that is under way can only be hastened. Gives OK or TIME. */
  drain(delay: number, timeout: number, now: number): number {
    this.#clock.tell(now);
    if (!isDuration(delay) || !isDuration(timeout)) return Code.TIME;
    if (this.phase === Phase.LINGERING || this.phase === Phase.DRAINING) {
      if (delay === 0) this.#shut(timeout);
      return Code.OK;
    }
    this.#finishIsDue = true;
    if (delay > 0 && this.phase === Phase.ADMITTING && this.#setDrainTimer(delay)) {
      this.phase = Phase.LINGERING;
      this.#drainTimeout = timeout;
    } else {
      this.#shut(timeout);
    }
    return Code.OK;
  }

  /** Cuts a graceful stop short, or answers for its timer: what is left is to be closed. Gives OK, or STATE when none is under way. */
  hurry(): number {
    if (this.phase !== Phase.LINGERING && this.phase !== Phase.DRAINING) return Code.STATE;
    this.#endDrainTimer();
    this.phase = Phase.DRAINING;
    this.#patience = CLOSING;
    return Code.OK;
  }

  /** The drain's timer has passed: the delay is over, or the timeout. */
  drainTimerPassed(): void {
    if (this.phase === Phase.LINGERING) this.#shut(0);
    else this.hurry();
  }

  /** What the host must do now. `watched`: how much else it waits for. A loop that does not run is never told to stop. */
  decide(watched: number, running: boolean): number {
    if (this.#finishIsDue) {
      this.#finishIsDue = false;
      return Decision.FINISH;
    }
    const connections = this.#connections;
    const open =
      connections.countOf(State.CONNECTING) + connections.countOf(State.INCOMING) + connections.countOf(State.OUTGOING);
    if (this.#patience === CLOSING) {
      this.#patience = CLOSED;
      if (open > 0) return Decision.CLOSE;
    }
    if (!running) return Decision.NOTHING;
    if (this.phase === Phase.DRAINING) {
      if (open > 0 && this.#patience === PATIENT) return Decision.NOTHING;
      this.#endDrainTimer();
      this.#patience = PATIENT;
      this.phase = Phase.FINISHED;
      return Decision.STOP;
    }
    // The clients in the line need no count of their own: they have an acceptor.
    const idle =
      watched <= 0 &&
      this.phase !== Phase.LINGERING &&
      this.#timers.count === 0 &&
      this.#acceptors.listening === 0 &&
      open + connections.countOf(State.LOOSE) === 0;
    return idle ? Decision.STOP : Decision.NOTHING;
  }

  /** Forgets everything but the limits and the seed. */
  reset(): void {
    this.phase = Phase.ADMITTING;
    this.#budget = this.#multiAccept;
    this.#finishIsDue = false;
    this.#patience = PATIENT;
    this.#endDrainTimer();
    this.accepted = 0;
    this.#acceptLimit = 0;
  }

  #gateIsOpen(): boolean {
    return this.phase <= Phase.LINGERING && this.#budget > 0 && this.#places() > 0;
  }

  #places(): number {
    if (this.phase > Phase.LINGERING) return 0;
    const places = this.#maxConnections - this.#connections.countOf(State.INCOMING);
    return this.#acceptLimit > 0 ? Math.min(places, this.#acceptLimit - this.accepted) : places;
  }

  // What is left is closed `timeout` ms from now, 0 for never. What was promised sooner stands.
  #shut(timeout: number): void {
    let wait = timeout > 0 ? timeout : Infinity;
    if (this.phase === Phase.LINGERING) {
      if (this.#drainTimeout > 0) wait = Math.min(wait, this.#drainTimeout);
    } else if (
      this.phase === Phase.DRAINING &&
      this.#drainTimer !== 0 &&
      this.#timers.deadlineOf(this.#drainTimer - 1) <= this.#clock.now + wait
    ) {
      return;
    }
    this.#endDrainTimer();
    this.phase = Phase.DRAINING;
    if (wait < Infinity) this.#setDrainTimer(wait);
  }

  #setDrainTimer(after: number): boolean {
    const timer = this.#timers.createOwned(DRAIN);
    if (timer < 0) return false;
    this.#drainTimer = timer + 1;
    this.#timers.schedule(timer, this.#clock.now + after);
    return true;
  }

  #endDrainTimer(): void {
    if (this.#drainTimer !== 0) this.#timers.removeOwned(this.#drainTimer - 1);
    this.#drainTimer = 0;
  }

  // mulberry32: small, and the same on every host.
  #nextRandom(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = this.#random;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
