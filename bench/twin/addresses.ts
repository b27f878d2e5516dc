// The addresses of clients: how many connections each has open, and the turns of those with waiting clients.
//
// The host passes an address as a key: a number, or NaN, which equals no other, for none.
// I1  There is a record for a key exactly as long as it has clients that wait or are inside, and were counted when they arrived.
// I2  An address is in the queue of turns exactly as long as it has waiting clients.
// I3  Between two turns of an address in that queue that may have one more inside, every other has at most one.
// It never decides which client of an address is admitted: waiting.ts does.

import { longer } from "./arrays.ts";
import type { Connections } from "./connections.ts";
import { Links, Queue } from "./queue.ts";
import { Slots } from "./slots.ts";

const SMALLEST = 16;

export class Addresses {
  /** Whether addresses take turns. */
  isFair = false;
  #most = 0; // connections of one address that may be open; 0 = unlimited
  readonly #connections: Connections;
  readonly #slots = new Slots(0, SMALLEST, 1);
  readonly #index = new Map<number, number>(); // by key, except NaN
  readonly #links = new Links(SMALLEST);
  readonly #turns = new Queue(this.#links);
  // By slot.
  #key = new Float64Array(SMALLEST);
  #inside = new Int32Array(SMALLEST);
  #waiters = new Int32Array(SMALLEST);
  readonly #queues: Queue[] = [];

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Sets whether addresses take turns, and how many connections of one may be open (0 = unlimited). */
  set(takeTurns: boolean, limit: number): void {
    this.isFair = takeTurns;
    this.#most = limit;
  }

  /** Whether clients are counted by their addresses. */
  get counts(): boolean {
    return this.isFair || this.#most > 0;
  }

  /** Whether no further client of a key may wait. */
  isOver(key: number): boolean {
    const slot = this.#find(key);
    return slot !== 0 && this.#most !== 0 && this.#inside[slot]! + this.#waiters[slot]! >= this.#most * 2;
  }

  /** Whether an address may have no further connection inside. `slot` is 0 for a client that is not counted. */
  isFull(slot: number): boolean {
    return slot !== 0 && this.#most !== 0 && this.#inside[slot]! >= this.#most;
  }

  /** The address whose turn it is, or 0. */
  first(): number {
    return this.#turns.end(false);
  }

  /** The address whose turn is after that of another, or 0. */
  after(slot: number): number {
    return this.#links.neighbour(slot, false);
  }

  /** The queue of an address. */
  queueOf(slot: number): Queue {
    return this.#queues[slot]!;
  }

  /** The oldest client of the address with the most waiting clients, of several that whose turn comes first; or 0. */
  oldestOfLargest(): number {
    let oldest = 0;
    let waiters = 0;
    for (let slot = this.first(); slot !== 0; slot = this.after(slot)) {
      if (this.#waiters[slot]! <= waiters) continue;
      waiters = this.#waiters[slot]!;
      oldest = this.queueOf(slot).end(false);
    }
    return oldest;
  }

  /** Appends a client to the queue of its key. Returns false, with nothing changed, if there is no room for the key. */
  join(client: number, key: number): boolean {
    let slot = this.#find(key);
    if (slot === 0) {
      slot = this.#add(key);
      if (slot < 0) return false;
    }
    this.#connections.address[client] = slot;
    this.queueOf(slot).join(client);
    if (this.#waiters[slot] === 0) this.#turns.join(slot);
    this.#waiters[slot]!++;
    return true;
  }

  /** Removes a waiting client from the queue of its address. If it was admitted, it counts as inside, and others have their turn. */
  leave(client: number, isAdmitted: boolean): void {
    const { address } = this.#connections;
    const slot = address[client]!;
    if (slot === 0) return;
    this.queueOf(slot).leave(client);
    const hasMore = --this.#waiters[slot]! > 0;
    if (isAdmitted) this.#inside[slot]!++;
    else address[client] = 0;
    if (isAdmitted || !hasMore) this.#turns.leave(slot);
    if (isAdmitted && hasMore) this.#turns.join(slot);
    this.#forget(slot);
  }

  /** A connection gives up its slot. */
  release(connection: number): void {
    const slot = this.#connections.address[connection]!;
    if (slot === 0) return;
    this.#inside[slot]!--;
    this.#forget(slot);
  }

  #find(key: number): number {
    return this.#index.get(key) ?? 0;
  }

  #add(key: number): number {
    const slot = this.#slots.take();
    if (slot < 0) return -1;
    if (slot >= this.#key.length) this.#grow();
    if (!Number.isNaN(key)) this.#index.set(key, slot);
    this.#key[slot] = key;
    this.#inside[slot] = 0;
    this.#waiters[slot] = 0;
    this.#queues[slot] ??= new Queue(this.#connections.addressLinks);
    return slot;
  }

  // Removes an address that has no clients.
  #forget(slot: number): void {
    if (this.#inside[slot]! + this.#waiters[slot]! > 0) return;
    this.#index.delete(this.#key[slot]!);
    this.#slots.give(slot);
  }

  #grow(): void {
    const { capacity } = this.#slots;
    this.#links.grow(capacity);
    this.#key = longer(this.#key, capacity);
    this.#inside = longer(this.#inside, capacity);
    this.#waiters = longer(this.#waiters, capacity);
  }
}
