// The timing wheel: what is due, and in which order.
//
// Nine levels of 64 buckets. A timer's tick is its deadline in 1/16 ms; its level is that of the highest of the nine
// 6-bit digits in which its tick differs from the wheel's; its bucket is that digit. As the wheel turns, a bucket whose
// turn has come is dealt out to lower levels, and from the lowest into the list of what is due, in order.
// I1  Nothing lies in a bucket before the wheel's tick, and everything on a level lies before all on a higher one.
// I2  A timer lies in a bucket no later than its deadline. One restarted to a later deadline stays, and is looked at when
//     its bucket has its turn: so a restart is one store, and nothing surfaces too late.
// I3  What is due is collected when the wheel turns, and only then: what is started afterwards waits for the next turn.
// I4  The bound is never later than the deadline of anything in a bucket.
// A tick has up to 53 bits: it is a number, and its digits are got from its two words of 32 bits.

import type { Clock } from "./clock.ts";
import type { Idle } from "./idle.ts";
import { BUCKETS, DUE, HEADS, IS_DUE, LEVELS, type TimerLists } from "./lists.ts";

const DIGIT = 6;
const TICKS_PER_MS = 16;
const LAST_TICK = 2 ** 53 - 1; // 17,000 years
const WORD = 2 ** 32;

// How many ticks a bucket of each level has.
const UNITS = Float64Array.from({ length: LEVELS + 1 }, (_, level) => BUCKETS ** level);

export class Wheel {
  readonly #lists: TimerLists;
  readonly #idle: Idle;
  readonly #clock: Clock;
  #tick = 0;
  // The words of the tick.
  #low = 0;
  #high = 0;
  #size = 0; // timers in buckets
  #bound = Infinity;
  // For each level 64 bits in two words: the buckets that may hold something.
  readonly #occupied = new Int32Array(2 * LEVELS);

  constructor(lists: TimerLists, idle: Idle, clock: Clock) {
    this.#lists = lists;
    this.#idle = idle;
    this.#clock = clock;
  }

  /** Forgets every timer. */
  reset(): void {
    this.#lists.clear();
    this.#occupied.fill(0);
    this.#bound = Infinity;
    this.#size = 0;
  }

  /** Puts a timer that is in no list where its deadline belongs. */
  insert(slot: number, deadline: number): void {
    this.#lists.deadline[slot] = deadline;
    this.#size++;
    this.#place(HEADS + slot, deadline);
    if (deadline < this.#bound) this.#bound = deadline;
  }

  /** Takes a timer out of its bucket or the list of what is due. */
  withdraw(slot: number): void {
    const { flags } = this.#lists;
    if ((flags[slot]! & IS_DUE) !== 0) flags[slot]! &= ~IS_DUE;
    else this.#size--;
    this.#lists.unlink(HEADS + slot);
  }

  /** Whether a timer is due in this pass. */
  isDue(slot: number): boolean {
    return (this.#lists.flags[slot]! & IS_DUE) !== 0;
  }

  /** Turns the wheel to `now`, and collects what is due: behind what was due and has not been answered for. */
  turn(now: number): void {
    const target = Math.floor(ticksTo(now));
    for (let level = this.#lowest(); level >= 0; level = this.#lowest()) {
      const index = this.#first(level);
      const begin = this.#start(level, index);
      if (begin > target) break;
      this.#move(begin);
      const node = this.#empty(level, index);
      if (level > 0) {
        this.#deal(node);
      } else {
        this.#collect(node, now);
        if (begin === target) break; // what is left in this tick lies after now
      }
    }
    this.#move(target);
  }

  /** The time before which nothing is due; Infinity when nothing ever is. */
  bound(): number {
    const { next, deadline } = this.#lists;
    const due = next[DUE]!;
    if (due >= HEADS) return deadline[due - HEADS]!;
    if (this.#size === 0) this.#bound = Infinity;
    else if (this.#bound <= this.#clock.pass) this.#bound = this.#earliest();
    return this.#bound;
  }

  // The earliest deadline. What lies in the bucket that is next in turn and belongs further on goes there now.
  #earliest(): number {
    const { next } = this.#lists;
    for (let level = this.#lowest(); level >= 0; level = this.#lowest()) {
      const index = this.#first(level);
      const end = this.#start(level, index) + UNITS[level]!;
      let least = Infinity;
      for (let node = this.#empty(level, index); node >= HEADS;) {
        const following = next[node]!;
        const deadline = this.#refresh(node);
        this.#place(node, deadline);
        if (ticksTo(deadline) < end && deadline < least) least = deadline;
        node = following;
      }
      if (least < Infinity) return least;
    }
    return Infinity;
  }

  // Puts the timers of a bucket that was emptied where they belong.
  #deal(node: number): void {
    const { next } = this.#lists;
    while (node >= HEADS) {
      const following = next[node]!;
      this.#place(node, this.#refresh(node));
      node = following;
    }
  }

  // Collects those of a bucket of one tick that are due. The others, later in it or restarted, go where they belong.
  #collect(node: number, now: number): void {
    const lists = this.#lists;
    const { next, flags } = lists;
    const end = lists.previous[DUE]!;
    const nextTick = this.#tick + 1;
    let last = end;
    let inOrder = true;
    while (node >= HEADS) {
      const following = next[node]!;
      const deadline = this.#refresh(node);
      if (deadline > now || ticksTo(deadline) >= nextTick) {
        this.#place(node, deadline);
      } else {
        flags[node - HEADS]! |= IS_DUE;
        this.#size--;
        lists.append(DUE, node);
        if (last !== end && lists.before(node, last)) inOrder = false;
        last = node;
      }
      node = following;
    }
    if (!inOrder) lists.sortAfter(end);
  }

  // A timer's deadline, brought up to date where it is one that moves.
  #refresh(node: number): number {
    const slot = node - HEADS;
    const { deadline, interval } = this.#lists;
    return (deadline[slot] = this.#idle.deadlineNow(deadline[slot]!, interval[slot]!));
  }

  #place(node: number, deadline: number): void {
    const tick = ticksTo(deadline);
    let low = this.#low;
    let high = this.#high;
    let bit = 0; // the highest in which the tick differs from the wheel's
    if (tick > this.#tick) {
      low = tick | 0;
      high = (tick / WORD) | 0;
      const differing = high ^ this.#high;
      bit = differing === 0 ? 31 - Math.clz32((low ^ this.#low) | 1) : 63 - Math.clz32(differing);
    }
    const level = (bit * 43) >> 8; // a division by 6
    const shift = level * DIGIT;
    let digit = low >>> shift;
    if (level > 5) digit = high >>> (shift - 32);
    else if (level === 5) digit = (low >>> 30) | (high << 2);
    const index = digit & (BUCKETS - 1);
    this.#occupied[2 * level + (index >> 5)]! |= 1 << (index & 31);
    this.#lists.append(level * BUCKETS + index, node);
  }

  #empty(level: number, index: number): number {
    this.#occupied[2 * level + (index >> 5)]! &= ~(1 << (index & 31));
    return this.#lists.detach(level * BUCKETS + index);
  }

  // The lowest level on which a bucket may hold something, or -1.
  #lowest(): number {
    const occupied = this.#occupied;
    for (let level = 0; level < LEVELS; level++) {
      if ((occupied[2 * level]! | occupied[2 * level + 1]!) !== 0) return level;
    }
    return -1;
  }

  // The bucket of a level that is next in turn.
  #first(level: number): number {
    const low = this.#occupied[2 * level]!;
    if (low !== 0) return 31 - Math.clz32(low & -low);
    const high = this.#occupied[2 * level + 1]!;
    return 63 - Math.clz32(high & -high);
  }

  // The first tick of a bucket.
  #start(level: number, index: number): number {
    const round = UNITS[level + 1]!;
    return Math.floor(this.#tick / round) * round + index * UNITS[level]!;
  }

  #move(tick: number): void {
    this.#tick = tick;
    this.#low = tick | 0;
    this.#high = (tick / WORD) | 0;
  }
}

// A time in ticks, with a fraction: it lies in the tick below.
function ticksTo(time: number): number {
  const ticks = time * TICKS_PER_MS;
  return ticks < LAST_TICK ? ticks : LAST_TICK;
}
