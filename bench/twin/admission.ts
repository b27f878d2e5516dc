// Admission: decides which client is admitted, and when.
//
// I1  Every client goes through the queue, and only `admit` lets it into the loop, in the order that order.ts decides. No limit is
//     ever exceeded.
// I2  At most multiAccept clients are admitted in one pass.
// I3  `arrived` is the number of clients admitted since maxAccepts was set, plus those that wait. Once accepting has ended it only grows.
// I4  FULL is reported when a client waits and there is no slot for it, FREE when no client waits any more. They alternate, FULL first.
// I5  Clients are admitted from the queue in every phase except the last, unless waiting clients are being reset.
// It never acts: it returns which client to admit, which to reset, and when enough have arrived (stopping.ts).

import { Code, Decision, State, Transition } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { type Clock, isLimit } from "./clock.ts";
import type { Connections } from "./connections.ts";
import type { Displacement } from "./displacement.ts";
import type { Order } from "./order.ts";
import type { Rate } from "./rate.ts";
import type { Stopping } from "./stopping.ts";

export class Admission {
  /** Clients that have arrived since maxAccepts was set. */
  arrived = 0;
  readonly #acceptors: Acceptors;
  readonly #connections: Connections;
  readonly #stopping: Stopping;
  readonly #clock: Clock;
  readonly #order: Order;
  readonly #rate: Rate;
  readonly #displacement: Displacement;
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
    stopping: Stopping,
    clock: Clock,
    order: Order,
    rate: Rate,
    displacement: Displacement,
  ) {
    this.#acceptors = acceptors;
    this.#connections = connections;
    this.#stopping = stopping;
    this.#clock = clock;
    this.#order = order;
    this.#rate = rate;
    this.#displacement = displacement;
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

  /** Begins a pass, with a full budget of admissions. */
  refill(): void {
    this.#acceptors.beginPass();
    this.#budget = this.#multiAccept;
  }

  /** The system has accepted a client. Returns its id, STALE, DROP_STOPPING, DROP_BACKLOG or FULL. */
  arrive(acceptor: number, now: number): number {
    const slot = this.#acceptors.slotOf(acceptor);
    if (slot < 0) return Code.STALE;
    if (this.#stopping.isResetting) return Code.DROP_STOPPING;
    const at = this.#clock.tell(now);
    // Only clients that cannot be admitted at once count against the backlog.
    if (this.#acceptors.isFull(slot) && this.#connections.countOf(State.WAITING) >= this.#places()) {
      if (!this.#order.makesRoom(slot, at)) return Code.DROP_BACKLOG;
    }
    const client = this.#connections.open(Transition.ACCEPT, this.#order.patience(slot), at);
    if (client < 0) return client;
    this.#acceptors.join(client, slot);
    this.#count(1);
    return this.#connections.slots.idOf(client);
  }

  /** Admits the next client, if one waits and the limits allow it. Returns its id, or 0. */
  admit(now: number): number {
    const at = this.#clock.tell(now);
    if (this.#budget <= 0 || this.#places() <= 0 || this.#acceptors.admissible === 0 || !this.#rate.allows(at))
      return 0;
    const client = this.#acceptors.next(this.#order.isNewestFirst(at));
    if (client < 0) return 0;
    this.#connections.begin(client, Transition.ADMIT, at);
    this.#rate.take();
    this.#budget--;
    return this.#connections.slots.idOf(client);
  }

  /** The connection that must make room for a waiting client, or -1. */
  displaced(now: number): number {
    const at = this.#clock.tell(now);
    if (this.#acceptors.admissible === 0 || this.#places() > 0 || this.#stopping.isShut) return -1;
    return this.#displacement.find(at);
  }

  /** Whether a waiting client is held back by multiAccept alone: there are slots for it and for all clients before it. */
  couldComeIn(slot: number): boolean {
    if (!this.#rate.isOpen) return false;
    return this.#connections.stateOf(slot) === State.WAITING && this.#acceptors.isAmong(slot, this.#places());
  }

  /** The first client in the queue that the host must reset, or -1. */
  firstEvicted(): number {
    return this.#stopping.isResetting ? this.#acceptors.queue.first - 1 : this.#acceptors.firstEvicted();
  }

  /** The connection that has lingered longest, if more than maxConnections linger, or -1. The host must close it. */
  firstTooMany(): number {
    const connections = this.#connections;
    return connections.countOf(State.LINGERING) > this.#maxConnections ? connections.lingering.first - 1 : -1;
  }

  /** What the host must do now. `watched`: the number of things it waits for that the core does not know. */
  decide(watched: number, running: boolean): number {
    const waiting = this.#acceptors.admissible;
    const isFull = waiting > 0 && this.#places() <= 0 && !this.#stopping.isShut;
    if (running && (this.#crowded ? waiting === 0 : isFull)) {
      this.#crowded = !this.#crowded;
      return this.#crowded ? Decision.FULL : Decision.FREE;
    }
    return this.#stopping.decide(watched, running);
  }

  /** Removes a connection in any state. */
  close(slot: number): void {
    if (this.#connections.stateOf(slot) === State.WAITING) {
      this.#acceptors.leave(slot);
      if (this.#stopping.accepts) this.arrived--;
    }
    this.#connections.close(slot);
  }

  /** The run has ended, and with it a graceful stop. If maxAccepts had been reached, arrivals are counted from the start again. */
  stop(): void {
    if (this.#arrivalLimit > 0 && this.arrived >= this.#arrivalLimit) this.#recount();
    this.#stopping.stop();
  }

  /** Removes every connection and resets all state except the limits and the seed. */
  reset(): void {
    const { slots } = this.#connections;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) this.close(slot);
    this.#stopping.reset();
    this.#order.reset();
    this.#budget = this.#multiAccept;
    this.#crowded = false;
    this.#recount();
  }

  #places(): number {
    return this.#stopping.isShut ? 0 : this.#maxConnections - this.#connections.countOf(State.INCOMING);
  }

  // Restarts the count of arrivals, with the waiting clients included.
  #recount(): void {
    this.arrived = this.#connections.countOf(State.WAITING);
    this.#arrivalLimit = 0;
  }

  // Counts arrivals, and ends accepting once the limit is reached. The limit is drawn at random with the first arrival.
  #count(more: number): void {
    this.arrived += more;
    const max = this.#maxAccepts;
    if (max === 0 || this.arrived === 0) return;
    if (this.#arrivalLimit === 0) this.#arrivalLimit = max - Math.floor(this.#nextRandom() * max * 0.5);
    if (this.arrived >= this.#arrivalLimit && this.#stopping.accepts) this.#stopping.endArrivals();
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
