// The acceptors, and the queue of clients that wait to be admitted.
//
// I1  All acceptors share one queue, in order of arrival. Clients of a paused acceptor keep
//     their position and are skipped.
// I2  An acceptor's `waiters` is the number of its clients in the queue.
// I3  A single acceptor has at most one client admitted per pass.
// I4  A client that was evicted, by its acceptor or with it, stays in the queue, without an acceptor, until the host has reset it.
// I5  An acceptor that has ended exists as long as it has waiters. It is counted separately from the others.
// It never decides which client is admitted: admission.ts does.

import { Code, Kind } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { isDuration, isLimit } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { Queue } from "./line.ts";
import { Slots } from "./slots.ts";

const SMALLEST = 16;

export class Acceptors {
  readonly slots: Slots = new Slots(Kind.ACCEPTOR, SMALLEST);
  readonly queue: Queue;
  #listening = 0; // acceptors that are listening
  /** The number of clients in the queue whose acceptors are listening. They can be admitted as soon as the limits allow. */
  admissible = 0;
  #evicted = 0; // clients in the queue without an acceptor
  #ended = 0; // acceptors that have ended and still have waiters
  readonly #connections: Connections;
  // By slot.
  #listens = new Uint8Array(SMALLEST); // 1 while its clients may be taken from the queue
  #waitTimeout = new Float64Array(SMALLEST); // ms; 0 = never
  #backlog = new Int32Array(SMALLEST);
  #waiters = new Int32Array(SMALLEST);
  #single = new Uint8Array(SMALLEST); // 1 if at most one client is admitted per pass
  #hasEnded = new Uint8Array(SMALLEST); // 1 once no more clients arrive
  #turn = new Int32Array(SMALLEST); // the pass in which its latest client was admitted
  #pass = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.queue = new Queue(connections);
  }

  /** The number of acceptors that have not ended. */
  get count(): number {
    return this.slots.live - this.#ended;
  }

  /** Whether an acceptor keeps the loop running: one that is listening, or one that has ended and still has waiters. */
  get isBusy(): boolean {
    return this.#listening + this.#ended > 0;
  }

  /** Begins a pass. */
  beginPass(): void {
    this.#pass = (this.#pass + 1) | 0;
  }

  /** Creates an acceptor, paused. Returns its id or FULL. */
  open(): number {
    const slot = this.slots.take();
    if (slot < 0) return Code.FULL;
    if (slot >= this.#listens.length) this.#grow();
    this.#listens[slot] = 0;
    this.#waitTimeout[slot] = 60000;
    this.#backlog[slot] = 511;
    this.#waiters[slot] = 0;
    this.#single[slot] = 0;
    this.#hasEnded[slot] = 0;
    this.#turn[slot] = this.#pass - 1;
    return this.slots.idOf(slot);
  }

  /** Sets how many clients may wait, for how many ms, and whether at most one is admitted per pass. Returns OK, STALE, LIMIT or TIME. */
  setLimits(id: number, backlog: number, timeout: number, single: boolean): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    if (!isLimit(backlog)) return Code.LIMIT;
    if (!isDuration(timeout)) return Code.TIME;
    this.#backlog[slot] = backlog;
    this.#waitTimeout[slot] = timeout;
    this.#single[slot] = single ? 1 : 0;
    return Code.OK;
  }

  /** Pauses or resumes an acceptor. Returns OK or STALE. */
  listen(id: number, on: boolean): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    const listens = on ? 1 : 0;
    const more = listens - this.#listens[slot]!;
    this.#listening += more;
    this.admissible += more * this.#waiters[slot]!;
    this.#listens[slot] = listens;
    return Code.OK;
  }

  /** Ends an acceptor: no more clients arrive, and those in the queue can still be admitted. Returns OK or STALE. */
  end(id: number): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    if (this.#hasEnded[slot] !== 0) return Code.OK;
    this.#hasEnded[slot] = 1;
    this.#ended++;
    if (this.#waiters[slot] === 0) this.#remove(slot);
    return Code.OK;
  }

  /** Closes an acceptor. Its clients in the queue are evicted (I4). Returns OK or STALE. */
  close(id: number): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    const { acceptor, following } = this.#connections;
    for (let at = this.queue.first; at !== 0; at = following[at - 1]!) {
      if (acceptor[at - 1] === slot + 1) acceptor[at - 1] = 0;
    }
    this.#evicted += this.#waiters[slot]!;
    this.#remove(slot);
    return Code.OK;
  }

  /** The slot that an id names, or -1. An acceptor that has ended is stale, too. */
  slotOf(id: number): number {
    const slot = this.slots.find(id);
    return slot < 0 || this.#hasEnded[slot] !== 0 ? -1 : slot;
  }

  /** Whether the queue has no room for another client of an acceptor. */
  isFull(slot: number): boolean {
    return this.#waiters[slot]! >= this.#backlog[slot]!;
  }

  /** Whether no client of an acceptor may wait. */
  hasNoQueue(slot: number): boolean {
    return this.#backlog[slot] === 0;
  }

  /** Evicts the oldest waiting client of an acceptor, which must have one. */
  giveUpOldest(slot: number): void {
    const { acceptor, following } = this.#connections;
    let at = this.queue.first;
    while (acceptor[at - 1] !== slot + 1) at = following[at - 1]!;
    this.#detach(at - 1);
    this.#evicted++;
  }

  /** How long a client of an acceptor may wait, in milliseconds; 0 = unlimited. */
  waitTimeout(slot: number): number {
    return this.#waitTimeout[slot]!;
  }

  /** Appends a client to the queue. */
  join(client: number, slot: number): void {
    this.#connections.acceptor[client] = slot + 1;
    this.#waiters[slot]!++;
    this.admissible += this.#listens[slot]!;
    this.queue.join(client);
  }

  /** Removes a client from the queue. */
  leave(client: number): void {
    this.queue.leave(client);
    if (this.#connections.acceptor[client] === 0) this.#evicted--;
    else this.#detach(client);
  }

  // Removes a client from its acceptor.
  #detach(client: number): void {
    const { acceptor } = this.#connections;
    const slot = acceptor[client]! - 1;
    acceptor[client] = 0;
    this.admissible -= this.#listens[slot]!;
    if (--this.#waiters[slot]! === 0 && this.#hasEnded[slot] !== 0) this.#remove(slot);
  }

  /** The oldest client in the queue whose acceptor is listening, or -1. */
  oldest(): number {
    const { following } = this.#connections;
    for (let at = this.queue.first; at !== 0; at = following[at - 1]!) if (this.#isTaken(at - 1)) return at - 1;
    return -1;
  }

  /** Removes the oldest, or the newest, client that may be admitted now from the queue. Returns its slot, or -1. */
  next(newest: boolean): number {
    const { acceptor, following, previous } = this.#connections;
    const others = newest ? previous : following;
    for (let at = newest ? this.queue.last : this.queue.first; at !== 0; at = others[at - 1]!) {
      const slot = acceptor[at - 1]! - 1;
      if (slot < 0 || this.#listens[slot] === 0) continue;
      if (this.#single[slot] !== 0 && this.#turn[slot] === this.#pass) continue;
      this.#turn[slot] = this.#pass;
      this.leave(at - 1);
      return at - 1;
    }
    return -1;
  }

  /** Whether a client is among the first `places` clients in the queue whose acceptors are listening. */
  isAmong(client: number, places: number): boolean {
    if (!this.#isTaken(client)) return false;
    const { following } = this.#connections;
    let left = places;
    for (let at = this.queue.first; left > 0; at = following[at - 1]!) {
      if (at - 1 === client) return true;
      if (this.#isTaken(at - 1)) left--;
    }
    return false;
  }

  /** The first client in the queue without an acceptor, or -1. */
  firstEvicted(): number {
    if (this.#evicted === 0) return -1;
    const { acceptor, following } = this.#connections;
    for (let at = this.queue.first; at !== 0; at = following[at - 1]!) if (acceptor[at - 1] === 0) return at - 1;
    return -1;
  }

  /** Removes every acceptor. The queue must be empty. */
  reset(): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) slots.give(slot);
    this.#listening = 0;
    this.admissible = 0;
    this.#ended = 0;
    this.#evicted = 0;
  }

  // Whether the acceptor of a client in the queue is listening.
  #isTaken(client: number): boolean {
    const slot = this.#connections.acceptor[client]! - 1;
    return slot >= 0 && this.#listens[slot] !== 0;
  }

  #remove(slot: number): void {
    this.#listening -= this.#listens[slot]!;
    this.admissible -= this.#listens[slot]! * this.#waiters[slot]!;
    this.#ended -= this.#hasEnded[slot]!;
    this.slots.give(slot);
  }

  #grow(): void {
    const { capacity } = this.slots;
    this.#listens = longer(this.#listens, capacity);
    this.#waitTimeout = longer(this.#waitTimeout, capacity);
    this.#backlog = longer(this.#backlog, capacity);
    this.#waiters = longer(this.#waiters, capacity);
    this.#single = longer(this.#single, capacity);
    this.#hasEnded = longer(this.#hasEnded, capacity);
    this.#turn = longer(this.#turn, capacity);
  }
}
