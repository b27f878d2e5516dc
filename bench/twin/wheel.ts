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
import { BUCKETS, DUE, HEADS, IS_DUE, LEVELS, MOVING, type TimerLists, UNTIMED_LIST } from "./lists.ts";

const DIGIT = 6;
const TICKS_PER_MS = 16;
const LAST_TICK = 2 ** 53 - 1; // 17,000 years
const WORD = 2 ** 32;

// Deadlines of timers that have none.
export const STOPPED: number = Infinity;
const UNTIMED = -Infinity;

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
  #size = 0; // timers in buckets, or due
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

  /** Starts a timer that does not run, at a time to be told. */
  startLater(slot: number): void {
    this.#lists.deadline[slot] = UNTIMED;
    this.#lists.append(UNTIMED_LIST, HEADS + slot);
  }

  /** Tells the time at which timers have been started before. */
  time(at: number): void {
    this.#settle(UNTIMED_LIST, at);
  }

  /** Starts a timer that does not run. */
  insert(slot: number, deadline: number): void {
    this.#size++;
    this.#lists.deadline[slot] = deadline;
    this.#settleOne(HEADS + slot);
  }

  /** Stops a timer; it stays alive. */
  stop(slot: number): void {
    const { deadline, flags } = this.#lists;
    const before = deadline[slot]!;
    if (before === STOPPED) return;
    if (before !== UNTIMED) this.#size--;
    flags[slot]! &= ~IS_DUE;
    this.#lists.unlink(HEADS + slot);
    deadline[slot] = STOPPED;
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
      this.#settle(this.#open(level, index), NaN);
      if (level > 0) continue;
      this.#collect(index, now);
      if (begin === target) break; // what is left in this tick lies after now
    }
    this.#move(target);
  }

  /** The time before which nothing is due; Infinity when nothing ever is. */
  bound(): number {
    const { pass } = this.#clock;
    const due = this.#lists.next[DUE]!;
    if (due >= HEADS) return this.#lists.deadline[due - HEADS]!;
    if (this.#size === 0 || this.#bound <= pass) this.#bound = this.#earliest();
    return this.#bound;
  }

  // The earliest deadline. What lies in the bucket that is next in turn and belongs further on goes there now.
  #earliest(): number {
    const { next, deadline } = this.#lists;
    for (let level = this.#lowest(); level >= 0; level = this.#lowest()) {
      const index = this.#first(level);
      const list = this.#open(level, index);
      this.#settle(list, NaN);
      let least = Infinity;
      for (let node = next[list]!; node >= HEADS; node = next[node]!) {
        if (deadline[node - HEADS]! < least) least = deadline[node - HEADS]!;
      }
      if (least < Infinity) return least;
    }
    return Infinity;
  }

  // Collects those of a bucket of one tick that are due.
  #collect(index: number, now: number): void {
    const lists = this.#lists;
    const { next, flags, deadline } = lists;
    const end = lists.previous[DUE]!;
    let last = end;
    let inOrder = true;
    for (let node = lists.detach(this.#open(0, index)); node >= HEADS;) {
      const following = next[node]!;
      if (deadline[node - HEADS]! > now) {
        this.#settleOne(node);
      } else {
        flags[node - HEADS]! |= IS_DUE;
        lists.append(DUE, node);
        if (last !== end && lists.before(node, last)) inOrder = false;
        last = node;
      }
      node = following;
    }
    if (!inOrder) lists.sortAfter(end);
  }

  #settleOne(node: number): void {
    this.#lists.append(MOVING, node);
    this.#settle(MOVING, NaN);
  }

  // Puts the timers of a list into the buckets of their deadlines: those they have, or an interval from `from`.
  #settle(list: number, from: number): void {
    const lists = this.#lists;
    const { next, interval } = lists;
    const isNew = !Number.isNaN(from);
    let node = lists.detach(list);
    while (node >= HEADS) {
      const slot = node - HEADS;
      const following = next[node]!;
      const after = interval[slot]!;
      let deadline = from + after;
      if (isNew) this.#size++;
      else deadline = this.#idle.deadlineNow(lists.deadline[slot]!, after);
      lists.deadline[slot] = deadline;
      if (deadline < this.#bound) this.#bound = deadline;
      lists.append(this.#bucketOf(deadline), node);
      node = following;
    }
  }

  // The bucket of a deadline, which is about to hold something.
  #bucketOf(deadline: number): number {
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
    return level * BUCKETS + index;
  }

  // The list of a bucket, whose timers are to be moved from here on.
  #open(level: number, index: number): number {
    this.#occupied[2 * level + (index >> 5)]! &= ~(1 << (index & 31));
    return level * BUCKETS + index;
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
