// Queues of slots: of connections that wait, were evicted, or linger, in that order of time; and of addresses, in the order of their turns.
//
// I1  A slot is in at most one queue of each pair of columns that links slots.
// I2  Joining and leaving take constant time.

import { longer } from "./arrays.ts";

/** The columns that link the slots of a table. Each holds another slot, or 0. */
export class Links {
  before: Int32Array;
  following: Int32Array;

  constructor(capacity: number) {
    this.before = new Int32Array(capacity);
    this.following = new Int32Array(capacity);
  }

  grow(capacity: number): void {
    this.before = longer(this.before, capacity);
    this.following = longer(this.following, capacity);
  }

  /** The slot behind another, or before it if `backwards`; or 0. */
  neighbour(slot: number, backwards: boolean): number {
    return (backwards ? this.before : this.following)[slot]!;
  }
}

export class Queue {
  readonly #links: Links;
  #first = 0;
  #last = 0;

  constructor(links: Links) {
    this.#links = links;
  }

  /** The slot at an end, or 0. */
  end(isLast: boolean): number {
    return isLast ? this.#last : this.#first;
  }

  /** Appends a slot. */
  join(slot: number): void {
    const { before, following } = this.#links;
    before[slot] = this.#last;
    following[slot] = 0;
    if (this.#last === 0) this.#first = slot;
    else following[this.#last] = slot;
    this.#last = slot;
  }

  /** Removes a slot. */
  leave(slot: number): void {
    const { before, following } = this.#links;
    const ahead = before[slot]!;
    const behind = following[slot]!;
    if (ahead === 0) this.#first = behind;
    else following[ahead] = behind;
    if (behind === 0) this.#last = ahead;
    else before[behind] = ahead;
  }
}
