// Admission: decides which client is admitted, and when.
//
// I1  Every client goes through a queue, and only `admit` lets it into the loop, in the order that waiting.ts decides. No limit is
//     ever exceeded.
// I2  At most multiAccept clients are admitted in one pass.
// I3  `arrived` is the number of clients admitted since maxAccepts was set, plus those that wait. Once accepting has ended it only grows.
// I4  FULL is reported when a client waits and there is no slot for it, FREE when no such client waits any more. They alternate, FULL first.
// I5  Clients are admitted from the queue in every phase except the last, unless waiting clients are being reset.
// I6  Clients of exempt acceptors count against none of these limits, and are admitted until the loop stops.
// It never acts: it returns which client to admit, which to reset, and when enough have arrived (stopping.ts).

import { Code, Decision, State, Transition } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import type { Alarms } from "./alarms.ts";
import { type Clock, isDuration, isLimit } from "./clock.ts";
import { type Connections, isInside } from "./connections.ts";
import { Displacement } from "./displacement.ts";
import type { Rate } from "./rate.ts";
import type { Stopping } from "./stopping.ts";
import type { Waiting } from "./waiting.ts";

export class Admission {
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #stopping: Stopping;
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #displacement: Displacement;
  readonly #waiting: Waiting;
  #maxConnections = 1000;
  #maxAccepts = 0;
  #arrivalLimit = 0; // maxAccepts after the cut; 0 until drawn
  #multiAccept = 50;
  #budget = 50; // admissions left in this pass
  #random = 0;
  #crowded = false; // FULL was reported, and FREE not yet

  constructor(
    acceptors: Acceptors,
    connections: Connections,
    alarms: Alarms,
    stopping: Stopping,
    clock: Clock,
    rate: Rate,
    waiting: Waiting,
  ) {
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#stopping = stopping;
    this.#clock = clock;
    this.#rate = rate;
    this.#displacement = new Displacement(connections, alarms);
    this.#waiting = waiting;
  }

  /** Seeds the only random decision, the cut of maxAccepts. */
  seed(value: number): void {
    this.#random = value | 0;
  }

  /** Sets the limits. A new maxAccepts starts counting now, with the waiting clients included. Returns OK, or LIMIT with nothing changed. */
  setLimits(maxConnections: number, maxAccepts: number, atOnce: number): number {
    if (!isLimit(maxConnections) || !isLimit(maxAccepts) || !isLimit(atOnce) || atOnce < 1) return Code.LIMIT;
    this.#maxConnections = maxConnections;
    this.#budget = Math.max(0, this.#budget + atOnce - this.#multiAccept); // admissions already made in this pass still count
    this.#multiAccept = atOnce;
    if (maxAccepts !== this.#maxAccepts) {
      this.#maxAccepts = maxAccepts;
      this.#recount();
      this.#count(0);
    }
    return Code.OK;
  }

  /** Sets the order of the queue, and who may be overtaken or must make room. Returns OK, or TIME or LIMIT with nothing changed. */
  setPolicy(
    adaptive: boolean,
    targetWait: number,
    takeTurns: boolean,
    addressLimit: number,
    displaceIdle: number,
  ): number {
    if (!isDuration(targetWait) || !isDuration(displaceIdle)) return Code.TIME;
    if (!isLimit(addressLimit)) return Code.LIMIT;
    this.#waiting.order.set(adaptive, targetWait);
    this.#waiting.addresses.set(takeTurns, addressLimit);
    this.#displacement.set(displaceIdle);
    this.#waiting.lookAgain();
    return Code.OK;
  }

  /** Begins a pass, with a full budget of admissions. */
  refill(): void {
    this.#acceptors.beginPass();
    this.#budget = this.#multiAccept;
  }

  /** The system has accepted a client, with the key of its address. Returns its slot, STALE, DROP_STOPPING, DROP_ADDRESS, DROP_BACKLOG or FULL. */
  arrive(acceptor: number, now: number, address: number): number {
    const slot = this.#acceptors.slots.find(acceptor);
    if (slot < 0 || this.#acceptors.hasEnded(slot)) return Code.STALE;
    const exempt = this.#acceptors.isExempt(slot);
    if (!exempt && this.#stopping.isResetting) return Code.DROP_STOPPING;
    const at = this.#clock.tell(now);
    const waiting = this.#waiting;
    const isCounted = !exempt && waiting.addresses.counts;
    if (isCounted && waiting.addresses.isOver(address)) return Code.DROP_ADDRESS;
    if (this.#isCrowded(slot, exempt) && !waiting.makeRoom(slot, at)) return Code.DROP_BACKLOG;
    const client = this.#connections.open(Transition.ACCEPT, 0, at);
    if (client < 0) return client;
    if (!waiting.join(client, slot, isCounted, address)) {
      this.#connections.close(client);
      return Code.FULL;
    }
    if (!exempt) this.#count(1);
    return client;
  }

  /** Admits the next client, if one waits and the limits allow it. Returns its slot, or 0. */
  admit(now: number): number {
    const at = this.#clock.tell(now);
    const waiting = this.#waiting;
    let event: number = Transition.ADMIT_EXEMPT;
    let client = waiting.next(at, true, true);
    if (client === 0) {
      event = Transition.ADMIT;
      if (this.#budget <= 0 || this.#places() <= 0) return 0;
      if (this.#acceptors.waitersOf(false) === 0 || !this.#rate.allows(at)) return 0;
      client = waiting.next(at, true, false);
      if (client === 0) return 0;
      this.#rate.take();
      this.#budget--;
    }
    waiting.take(client, at);
    this.#connections.begin(client, event, at);
    return client;
  }

  /** The connection that must make room for a waiting client, or 0. */
  displaced(now: number): number {
    const at = this.#clock.tell(now);
    const isFull = this.#places() <= 0 && !this.#stopping.isShut && this.#waiting.next(at, false, false) !== 0;
    return isFull ? this.#displacement.find(at) : 0;
  }

  /** The connection that has lingered longest, if more than maxConnections linger, or 0. The host must close it. */
  firstTooMany(): number {
    const connections = this.#connections;
    return connections.countOf(State.LINGERING) > this.#maxConnections ? connections.lingering.end(false) : 0;
  }

  /** What the host must do now. `watched`: the number of things it waits for that the core does not know. */
  decide(watched: number, running: boolean): number {
    const couldEnter = this.#waiting.next(this.#clock.now, false, false) !== 0;
    const room = this.#places();
    if (running && (this.#crowded ? !couldEnter : couldEnter && room <= 0 && !this.#stopping.isShut)) {
      this.#crowded = !this.#crowded;
      return this.#crowded ? Decision.FULL : Decision.FREE;
    }
    // Nobody has waited too long while there is a slot: only multiAccept, or passes that did not run, kept clients waiting.
    const isHeldUp = couldEnter && room > 0 && this.#rate.isOpen;
    if (!isHeldUp && !this.#stopping.isBeginning && this.#waiting.expire())
      return this.#stopping.isResetting ? Decision.RESET : Decision.EXPIRED;
    return this.#stopping.decide(watched, running);
  }

  /** An admitted client has gone, or has not, as far as the host can see. Returns OK or STATE. */
  found(slot: number, isGone: boolean): number {
    if (isInside(this.#connections.stateOf(slot))) this.#waiting.found(slot, isGone);
    return Code.OK;
  }

  /** Makes a connection linger. Returns OK, STATE or FULL. */
  linger(slot: number, now: number): number {
    const admitted = isInside(this.#connections.stateOf(slot));
    const code = this.#connections.linger(slot, now);
    if (code === Code.OK && admitted) this.#release(slot);
    return code;
  }

  /** Removes a connection in any state. */
  close(slot: number): void {
    const state = this.#connections.stateOf(slot);
    if (state === State.WAITING) this.#waiting.leave(slot);
    if (isInside(state)) this.#release(slot);
    this.#connections.close(slot);
  }

  /** The run has ended, and with it a graceful stop. If maxAccepts had been reached, arrivals are counted from the start again. */
  stop(): void {
    if (this.#arrivalLimit > 0 && this.#waiting.arrived >= this.#arrivalLimit) this.#recount();
    this.#stopping.stop();
  }

  /** Removes every connection, and with them every address, and resets all state except the limits, what the order has learned, and the seed. */
  reset(): void {
    const { slots } = this.#connections;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) this.close(slot);
    this.#stopping.reset();
    this.#budget = this.#multiAccept;
    this.#crowded = false;
    this.#recount();
  }

  #places(): number {
    return this.#stopping.isShut ? 0 : this.#maxConnections - this.#connections.countOf(State.INCOMING);
  }

  // Whether an acceptor's queue has no room. Only clients that cannot be admitted at once count against the backlog.
  #isCrowded(slot: number, exempt: boolean): boolean {
    const acceptors = this.#acceptors;
    const waiters = acceptors.waitersIn(slot);
    if (waiters < acceptors.backlogOf(slot)) return false;
    return waiters >= acceptors.room(slot) || (!exempt && acceptors.waitersOf(false) >= this.#places());
  }

  // A connection gives up its slot.
  #release(slot: number): void {
    this.#acceptors.release(slot);
    this.#waiting.addresses.release(slot);
  }

  // Restarts the count of arrivals, with the waiting clients included.
  #recount(): void {
    this.#waiting.arrived = this.#acceptors.waitersOf(false);
    this.#arrivalLimit = 0;
  }

  // Counts arrivals, and ends accepting once the limit is reached. The limit is drawn at random with the first arrival.
  #count(more: number): void {
    const waiting = this.#waiting;
    waiting.arrived += more;
    const max = this.#maxAccepts;
    if (max === 0 || waiting.arrived === 0) return;
    if (this.#arrivalLimit === 0) this.#arrivalLimit = max - Math.floor(this.#nextRandom() * max * 0.5);
    if (waiting.arrived >= this.#arrivalLimit && this.#stopping.accepts) this.#stopping.endArrivals();
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
