// The records of timers, a column for each of their fields; and the doubly linked lists through them: the buckets of the
// wheel, due timers, and timers without a start time.
//
// A node is the head of a list, below HEADS, or a timer: HEADS + its slot. So both are reached in the same way. A list is a
// ring through its head.
// I1  A timer is in at most one list.
// I2  `append` keeps order; `sortAfter` is stable.
// The columns are replaced when the table grows: a reference to one is invalid after a `take`.

import { Kind } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { Slots } from "./slots.ts";

export const LEVELS = 9;
export const BUCKETS = 64; // on each level

// The lists after those of the buckets.
export const DUE: number = LEVELS * BUCKETS;
/** The list of timers whose start time has not been set yet. */
export const UNTIMED_LIST: number = DUE + 1;
/** A timer on its way to a bucket. */
export const MOVING: number = DUE + 2;
export const HEADS: number = DUE + 3;

const SMALLEST = 256;
const NONE = 0; // ends a chain: the head of a bucket, which is not a timer

// Flags.
export const IS_RECURRING = 1; // the timer restarts when it fires
export const IS_DUE = 2; // the timer is in the list of due timers

export class TimerLists {
  readonly slots: Slots = new Slots(Kind.TIMER, SMALLEST);
  // By slot.
  deadline: Float64Array = new Float64Array(SMALLEST);
  interval: Float64Array = new Float64Array(SMALLEST);
  order: Int32Array = new Int32Array(SMALLEST); // sequence number of its start, which orders timers with equal deadlines
  flags: Uint8Array = new Uint8Array(SMALLEST);
  // By node.
  next: Int32Array = new Int32Array(HEADS + SMALLEST);
  previous: Int32Array = new Int32Array(HEADS + SMALLEST);
  // Sorted chains of 1, 2, 4 … timers, used by `sortAfter`.
  readonly #chains = new Int32Array(23);

  constructor() {
    this.clear();
  }

  /** Empties every list. */
  clear(): void {
    for (let head = 0; head < HEADS; head++) this.#join(head, head);
  }

  /** Takes a slot, growing if necessary; -1 if that is impossible. */
  take(): number {
    const slot = this.slots.take();
    if (slot >= this.deadline.length) this.#grow();
    return slot;
  }

  /** Appends a timer that is in no list. */
  append(head: number, node: number): void {
    const { next, previous } = this;
    const last = previous[head]!;
    next[node] = head;
    previous[node] = last;
    previous[head] = node;
    next[last] = node;
  }

  /** Takes a timer out of its list. */
  unlink(node: number): void {
    this.#join(this.previous[node]!, this.next[node]!);
  }

  /** Empties a list and returns its first timer. The timers stay linked to each other; a node that is not a timer ends the chain. */
  detach(head: number): number {
    const first = this.next[head]!;
    this.#join(head, head);
    return first;
  }

  /** Whether a timer comes before another: an earlier deadline, or the same and started earlier. */
  before(node: number, other: number): boolean {
    const { deadline, order } = this;
    const one = deadline[node - HEADS]!;
    const two = deadline[other - HEADS]!;
    return one < two || (one === two && ((order[node - HEADS]! - order[other - HEADS]!) | 0) < 0);
  }

  /** Sorts a list from behind a node to its end: a merge sort that needs no extra memory. */
  sortAfter(node: number): void {
    const { next } = this;
    const chains = this.#chains.fill(NONE);
    let rest = next[node]!;
    while (rest >= HEADS) {
      let sorted = rest;
      rest = next[rest]!;
      next[sorted] = NONE;
      let length = 0;
      for (; chains[length] !== NONE; length++) {
        sorted = this.#merge(chains[length]!, sorted);
        chains[length] = NONE;
      }
      chains[length] = sorted;
    }
    let all = NONE;
    for (let length = 0; length < chains.length; length++) all = this.#merge(chains[length]!, all);
    let last = node;
    while (all !== NONE) {
      const following = next[all]!;
      this.#join(last, all);
      last = all;
      all = following;
    }
    this.#join(last, rest);
  }

  // Merges two chains that end with NONE. If two timers are equal, that of the first chain comes first.
  #merge(one: number, two: number): number {
    if (one === NONE) return two;
    if (two === NONE) return one;
    const { next } = this;
    const isSecond = this.before(two, one);
    const first = isSecond ? two : one;
    if (isSecond) two = next[two]!;
    else one = next[one]!;
    let last = first;
    while (one !== NONE && two !== NONE) {
      if (this.before(two, one)) {
        next[last] = two;
        last = two;
        two = next[two]!;
      } else {
        next[last] = one;
        last = one;
        one = next[one]!;
      }
    }
    next[last] = one === NONE ? two : one;
    return first;
  }

  #join(one: number, two: number): void {
    this.next[one] = two;
    this.previous[two] = one;
  }

  #grow(): void {
    const { capacity } = this.slots;
    this.deadline = longer(this.deadline, capacity);
    this.interval = longer(this.interval, capacity);
    this.order = longer(this.order, capacity);
    this.flags = longer(this.flags, capacity);
    this.next = longer(this.next, HEADS + capacity);
    this.previous = longer(this.previous, HEADS + capacity);
  }
}
