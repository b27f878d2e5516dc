// Generational slots: the ids of timers, connections and acceptors.
//
// An id is a whole number below 2^53: kind (2 bits) · generation (29 bits) · slot (22 bits).
// I1  `ids` holds the id of each slot while it is valid; otherwise the negative of its next id, or of one that is hidden. 0: never used.
// I2  Freeing a slot moves it to the next generation at once, so an id is never reused.
// I3  A slot whose generations are used up is never handed out again.
// The arrays are replaced when the table grows: a reference to one is invalid after a `take`.

import { LARGEST, longer } from "./arrays.ts";

const SLOT_MASK = LARGEST - 1;
const GENERATION = 2 ** 22; // what one generation adds to an id
const KIND = 2 ** 51;

export class Slots {
  /** The number of slots before the table grows. */
  capacity: number;
  /** Indexed by slot (I1). */
  ids: Float64Array;
  /** Slots ever used. */
  used: number;
  /** Slots in use. */
  live = 0;
  #free: Int32Array; // a stack
  #spare = 0; // its height
  readonly #first: number; // the id of generation 0 in slot 0

  /** `first`: the first slot that is used. */
  constructor(kind: number, capacity: number, first: number = 0) {
    this.capacity = capacity;
    this.used = first;
    this.ids = new Float64Array(capacity);
    this.#free = new Int32Array(capacity);
    this.#first = kind * KIND;
  }

  /** The id that names a slot now. */
  idOf(slot: number): number {
    return this.ids[slot]!;
  }

  /** The slot that an id names, or -1 if the id is of another kind, unknown, spent, or not an id at all. */
  find(id: number): number {
    const slot = id & SLOT_MASK;
    return id > 0 && slot < this.used && this.ids[slot] === id ? slot : -1;
  }

  /** Makes the id of a slot in use invalid. */
  hide(slot: number): void {
    this.ids[slot] = -this.ids[slot]!;
  }

  /** Whether an id names a slot. */
  inUse(slot: number): boolean {
    return this.ids[slot]! > 0;
  }

  /** Takes a slot, growing if necessary; -1 if that is impossible. */
  take(): number {
    let slot: number;
    if (this.#spare > 0) {
      slot = this.#free[--this.#spare]!;
      this.ids[slot] = -this.ids[slot]!;
    } else {
      slot = this.used;
      if (slot === this.capacity && !this.#grow()) return -1;
      this.used = slot + 1;
      this.ids[slot] = this.#first + slot;
    }
    this.live++;
    return slot;
  }

  /** Frees a slot. Its id is spent. */
  give(slot: number): void {
    this.spend(slot);
    this.recycle(slot);
  }

  /** Spends the id of a slot, which is not free yet. */
  spend(slot: number): void {
    this.ids[slot] = -(Math.abs(this.ids[slot]!) + GENERATION);
    this.live--;
  }

  /** Frees a slot whose id is spent. */
  recycle(slot: number): void {
    if (-this.ids[slot]! < this.#first + KIND) this.#free[this.#spare++] = slot; // I3
  }

  #grow(): boolean {
    if (this.capacity >= LARGEST) return false;
    this.capacity *= 2;
    this.ids = longer(this.ids, this.capacity);
    this.#free = longer(this.#free, this.capacity);
    return true;
  }
}
