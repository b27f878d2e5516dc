// The acceptors, and the one line in which clients wait to be admitted.
//
// I1  The line is first come, first served over all acceptors; those of a paused acceptor keep
//     their place and are passed over.
// I2  An acceptor's `waiters` is the number of its clients in the line.
// I3  Of an acceptor that is single, at most one client is let in in one pass.
// I4  A client whose acceptor is gone stays in the line, without an acceptor, until the host has reset it.
// It never decides who is admitted: that is the gate's business (admission.ts).

import { Code, Kind } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { isDuration, isLimit } from "./clock.ts";
import type { Connections } from "./connections.ts";
import { Slots } from "./slots.ts";

const SMALLEST = 16;

export class Acceptors {
  readonly slots: Slots = new Slots(Kind.ACCEPTOR, SMALLEST);
  /** Acceptors that take clients. */
  listening = 0;
  readonly #connections: Connections;
  // By slot.
  #listens = new Uint8Array(SMALLEST); // 1 while clients are taken from the line
  #waitTimeout = new Float64Array(SMALLEST); // ms; 0 = never
  #backlog = new Int32Array(SMALLEST);
  #waiters = new Int32Array(SMALLEST);
  #single = new Uint8Array(SMALLEST); // 1 where one client a pass is let in
  #turn = new Int32Array(SMALLEST); // the pass in which the latest was
  // The line: connection slot + 1.
  #head = 0;
  #tail = 0;
  #pass = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Begins a pass. */
  beginPass(): void {
    this.#pass = (this.#pass + 1) | 0;
  }

  /** Makes an acceptor that is paused. Gives its id or FULL. */
  open(): number {
    const slot = this.slots.take();
    if (slot < 0) return Code.FULL;
    if (slot >= this.#listens.length) this.#grow();
    this.#listens[slot] = 0;
    this.#waitTimeout[slot] = 60000;
    this.#backlog[slot] = 511;
    this.#waiters[slot] = 0;
    this.#single[slot] = 0;
    this.#turn[slot] = this.#pass - 1;
    return this.slots.idOf(slot);
  }

  /** Sets how many clients may wait, how long, and whether one a pass is let in. Gives OK, STALE, LIMIT or TIME. */
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

  /** Pauses an acceptor, or goes on with it. Gives OK or STALE. */
  listen(id: number, on: boolean): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    const listens = on ? 1 : 0;
    this.listening += listens - this.#listens[slot]!;
    this.#listens[slot] = listens;
    return Code.OK;
  }

  /** Ends an acceptor. Its clients in the line are evicted (I4). Gives OK or STALE. */
  close(id: number): number {
    const slot = this.slots.find(id);
    if (slot < 0) return Code.STALE;
    const { acceptor, following } = this.#connections;
    for (let at = this.#head; at !== 0; at = following[at - 1]!) {
      if (acceptor[at - 1] === slot + 1) acceptor[at - 1] = 0;
    }
    this.listening -= this.#listens[slot]!;
    this.slots.give(slot);
    return Code.OK;
  }

  /** Whether as many clients of an acceptor wait as may. */
  isFull(slot: number): boolean {
    return this.#waiters[slot]! >= this.#backlog[slot]!;
  }

  /** How long a client of an acceptor may wait, in milliseconds; 0 = for ever. */
  waitTimeout(slot: number): number {
    return this.#waitTimeout[slot]!;
  }

  /** Puts a client at the end of the line. */
  join(client: number, slot: number): void {
    const { acceptor, previous, following } = this.#connections;
    acceptor[client] = slot + 1;
    previous[client] = this.#tail;
    following[client] = 0;
    if (this.#tail === 0) this.#head = client + 1;
    else following[this.#tail - 1] = client + 1;
    this.#tail = client + 1;
    this.#waiters[slot]!++;
  }

  /** Takes a client out of the line. */
  leave(client: number): void {
    const { acceptor, previous, following } = this.#connections;
    const before = previous[client]!;
    const after = following[client]!;
    if (before === 0) this.#head = after;
    else following[before - 1] = after;
    if (after === 0) this.#tail = before;
    else previous[after - 1] = before;
    const slot = acceptor[client]! - 1;
    if (slot >= 0) this.#waiters[slot]!--;
    acceptor[client] = 0;
  }

  /** Takes out of the line the first client that may come in now; its slot, or -1. */
  next(): number {
    const { acceptor, following } = this.#connections;
    for (let at = this.#head; at !== 0; at = following[at - 1]!) {
      const slot = acceptor[at - 1]! - 1;
      if (slot < 0 || this.#listens[slot] === 0) continue;
      if (this.#single[slot] !== 0 && this.#turn[slot] === this.#pass) continue;
      this.#turn[slot] = this.#pass;
      this.leave(at - 1);
      return at - 1;
    }
    return -1;
  }

  /** The first in the line whose acceptor is gone, or -1. */
  firstEvicted(): number {
    const { acceptor, following } = this.#connections;
    for (let at = this.#head; at !== 0; at = following[at - 1]!) if (acceptor[at - 1] === 0) return at - 1;
    return -1;
  }

  /** Ends every acceptor and empties the line. */
  reset(): void {
    const { slots } = this;
    for (let slot = 0; slot < slots.used; slot++) if (slots.inUse(slot)) slots.give(slot);
    this.#head = 0;
    this.#tail = 0;
    this.listening = 0;
  }

  #grow(): void {
    const { capacity } = this.slots;
    this.#listens = longer(this.#listens, capacity);
    this.#waitTimeout = longer(this.#waitTimeout, capacity);
    this.#backlog = longer(this.#backlog, capacity);
    this.#waiters = longer(this.#waiters, capacity);
    this.#single = longer(this.#single, capacity);
    this.#turn = longer(this.#turn, capacity);
  }
}
