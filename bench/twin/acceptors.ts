// The acceptors: what each allows its clients, and how many it has.
//
// I1  `#waiters` is the number of its clients in its queue, `#inside` that of its clients that were admitted and still have their slots.
// I2  A single acceptor has at most one client admitted per pass.
// I3  An acceptor that has ended exists as long as it has waiters. It is counted separately from the others.
// I4  The id of a closed one, or one that has ended and has no waiters, is spent. Its slot is kept as long as it has clients inside.
// It never decides which client is admitted: waiting.ts and admission.ts do.

import { Code, Kind } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { isDuration, isLimit } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { Queue } from "./queue.ts";
import { Slots } from "./slots.ts";

const SMALLEST = 16;
const UNLIMITED = 2 ** 31 - 1;

export class Acceptors {
  readonly slots: Slots = new Slots(Kind.ACCEPTOR, SMALLEST, 1);
  #listening = 0; // acceptors that are listening
  #ended = 0; // acceptors that have ended and still have waiters
  /** The number of exempt acceptors that have not ended. */
  exempt = 0;
  #pass = 1; // 0 is no pass
  readonly #waiting = new Int32Array(2); // clients in the queues of acceptors that are not exempt, and of those that are
  readonly #connections: Connections;
  // By slot.
  #listens = new Uint8Array(SMALLEST); // 1 while its clients may be taken from the queue
  #waitTimeout = new Float64Array(SMALLEST); // ms; Infinity = unlimited
  #backlog = new Int32Array(SMALLEST);
  #waiters = new Int32Array(SMALLEST);
  #single = new Uint8Array(SMALLEST); // 1 if at most one client is admitted per pass
  #hasEnded = new Uint8Array(SMALLEST); // 1 once no more clients arrive
  #isExempt = new Uint8Array(SMALLEST); // 1 if its clients do not count against the limits of the loop
  #turn = new Int32Array(SMALLEST); // the pass in which its latest client was admitted
  #inside = new Int32Array(SMALLEST);
  #most = new Int32Array(SMALLEST); // how many may be inside
  readonly #queues: Queue[] = [];

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** The number of acceptors that have not ended. */
  get count(): number {
    return this.slots.live - this.#ended;
  }

  /** Whether an acceptor keeps the loop running: one that is listening, or one that has ended and still has waiters. */
  get isBusy(): boolean {
    return this.#listening + this.#ended > 0;
  }

  /** The number of clients in the queues of acceptors that are exempt, or that are not. */
  waitersOf(isExempt: boolean): number {
    return this.#waiting[isExempt ? 1 : 0]!;
  }

  /** Begins a pass. */
  beginPass(): void {
    this.#pass = (this.#pass + 1) | 0;
  }

  /** Creates an acceptor, paused. `isExempt`: its clients do not count against the loop's limits. Returns its id or FULL. */
  open(isExempt: boolean): number {
    const slot = this.slots.take();
    if (slot < 0) return Code.FULL;
    if (slot >= this.#listens.length) this.#grow();
    this.#listens[slot] = 0;
    this.#waitTimeout[slot] = 60000;
    this.#backlog[slot] = 511;
    this.#waiters[slot] = 0;
    this.#single[slot] = 0;
    this.#hasEnded[slot] = 0;
    this.#isExempt[slot] = isExempt ? 1 : 0;
    this.#turn[slot] = 0;
    this.#inside[slot] = 0;
    this.#most[slot] = UNLIMITED;
    this.#queues[slot] ??= new Queue(this.#connections.links);
    this.exempt += this.#isExempt[slot];
    return this.slots.idOf(slot);
  }

  /** Sets how many clients may wait, for how many ms, whether at most one is admitted per pass, and how many may be inside. Returns OK, STALE, LIMIT or TIME. */
  setLimits(id: number, backlog: number, timeout: number, single: boolean, most: number): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    if (!isLimit(backlog) || !isLimit(most)) return Code.LIMIT;
    if (!isDuration(timeout)) return Code.TIME;
    this.#backlog[slot] = backlog;
    this.#waitTimeout[slot] = timeout === 0 ? Infinity : timeout;
    this.#single[slot] = single ? 1 : 0;
    this.#most[slot] = most;
    return Code.OK;
  }

  /** Pauses or resumes an acceptor. Returns OK or STALE. */
  listen(id: number, on: boolean): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    const listens = on ? 1 : 0;
    this.#listening += listens - this.#listens[slot]!;
    this.#listens[slot] = listens;
    return Code.OK;
  }

  /** Ends an acceptor: no more clients arrive, and those in the queue can still be admitted. Returns OK or STALE. */
  end(id: number): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    if (this.hasEnded(slot)) return Code.OK;
    this.exempt -= this.#isExempt[slot]!;
    this.#hasEnded[slot] = 1;
    this.#ended++;
    if (this.#waiters[slot] === 0) this.#remove(slot);
    return Code.OK;
  }

  /** Whether an acceptor has ended. */
  hasEnded(slot: number): boolean {
    return this.#hasEnded[slot] !== 0;
  }

  /** The number of clients in an acceptor's queue; 0 for a slot that is not in use. */
  waitersIn(slot: number): number {
    return this.#waiters[slot]!;
  }

  /** How many clients of an acceptor may wait. */
  backlogOf(slot: number): number {
    return this.#backlog[slot]!;
  }

  /** How many more clients of an acceptor its own limit admits. */
  room(slot: number): number {
    return this.#most[slot]! - this.#inside[slot]!;
  }

  /** Whether the clients of an acceptor do not count against the loop's limits. */
  isExempt(slot: number): boolean {
    return this.#isExempt[slot] !== 0;
  }

  /** Whether an acceptor lets its clients in. `inTurn`: and had none in this pass if it is single. */
  isOpen(slot: number, inTurn: boolean): boolean {
    if (this.#listens[slot] === 0 || this.room(slot) <= 0) return false;
    return !inTurn || this.#single[slot] === 0 || this.#turn[slot] !== this.#pass;
  }

  /** How long a client of an acceptor may wait, in milliseconds. */
  waitTimeout(slot: number): number {
    return this.#waitTimeout[slot]!;
  }

  /** A client joins the end of the queue. */
  join(slot: number, client: number): void {
    this.#queues[slot]!.join(client);
    this.#count(slot, 1);
  }

  /** A client leaves the queue, and comes in if it `isAdmitted`. */
  leave(slot: number, client: number, isAdmitted: boolean): void {
    this.#queues[slot]!.leave(client);
    if (isAdmitted) {
      this.#inside[slot]!++;
      this.#turn[slot] = this.#pass;
    }
    this.#count(slot, -1);
    if (this.#waiters[slot] === 0 && this.hasEnded(slot)) this.#remove(slot);
  }

  /** The oldest client in an acceptor's queue, or the newest if `isLast`; or 0. */
  outermost(slot: number, isLast: boolean): number {
    return this.#queues[slot]!.end(isLast);
  }

  /** An admitted connection gives up its slot. */
  release(connection: number): void {
    const slot = this.#connections.acceptor[connection]!;
    if (--this.#inside[slot]! === 0 && !this.slots.inUse(slot)) this.slots.recycle(slot);
  }

  /** Removes every acceptor. The queues must be empty. */
  reset(): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) slots.give(slot);
    this.#listening = 0;
    this.#ended = 0;
    this.exempt = 0;
  }

  #count(slot: number, more: number): void {
    this.#waiters[slot]! += more;
    this.#waiting[this.#isExempt[slot]!]! += more;
  }

  // Spends the id of an acceptor that has ended and has no waiters.
  #remove(slot: number): void {
    this.#listening -= this.#listens[slot]!;
    this.#ended--;
    this.slots.spend(slot);
    if (this.#inside[slot] === 0) this.slots.recycle(slot);
  }

  #grow(): void {
    const { capacity } = this.slots;
    this.#listens = longer(this.#listens, capacity);
    this.#waitTimeout = longer(this.#waitTimeout, capacity);
    this.#backlog = longer(this.#backlog, capacity);
    this.#waiters = longer(this.#waiters, capacity);
    this.#single = longer(this.#single, capacity);
    this.#hasEnded = longer(this.#hasEnded, capacity);
    this.#isExempt = longer(this.#isExempt, capacity);
    this.#turn = longer(this.#turn, capacity);
    this.#inside = longer(this.#inside, capacity);
    this.#most = longer(this.#most, capacity);
  }
}
