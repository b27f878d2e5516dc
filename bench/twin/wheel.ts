// The timing wheel: which timers are due, and in which order.
//
// Nine levels of 64 buckets. A timer's tick is its deadline in 1/16 ms; its level is that of the highest of the nine
// 6-bit digits in which its tick differs from the wheel's; its bucket is that digit. When the wheel reaches a bucket,
// its timers move to lower levels, and from the lowest level into the list of due timers, in order.
// I1  No bucket lies before the wheel's tick, and all timers of a level are due before those of a higher one.
// I2  A timer is in a bucket no later than its deadline. If it is restarted to a later deadline, it stays there, and moves
//     when the wheel reaches the bucket: so a restart is a single store, and no timer comes up too late.
// I3  Due timers are collected only in `turn`: a timer started afterwards waits for the next one.
// I4  The bound is never later than the deadline of any timer in a bucket.
// A tick has up to 53 bits, so it is a number, whose digits are computed from its two 32-bit words.

import type { Clock } from "./clock.ts";
import type { Idle } from "./idle.ts";
import { BUCKETS, DUE, HEADS, IS_DUE, LEVELS, MOVING, type TimerLists, UNTIMED_LIST } from "./lists.ts";

const DIGIT = 6;
const TICKS_PER_MS = 16;
const LAST_TICK = 2 ** 53 - 1; // 17,000 years
const WORD = 2 ** 32;

// Deadlines of timers that are stopped, or whose start time is not set yet.
export const STOPPED: number = Infinity;
const UNTIMED = -Infinity;

// The number of ticks in a bucket of each level.
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
  // For each level, 64 bits in two words: the buckets that may hold timers.
  readonly #occupied = new Int32Array(2 * LEVELS);

  constructor(lists: TimerLists, idle: Idle, clock: Clock) {
    this.#lists = lists;
    this.#idle = idle;
    this.#clock = clock;
  }

  /** Empties the wheel. */
  reset(): void {
    this.#lists.clear();
    this.#occupied.fill(0);
    this.#bound = Infinity;
    this.#size = 0;
  }

  /** Starts a stopped timer whose start time will be set by the next `time(at)`. */
  startLater(slot: number): void {
    this.#lists.deadline[slot] = UNTIMED;
    this.#lists.append(UNTIMED_LIST, HEADS + slot);
  }

  /** Sets the start time of all timers that have none yet. */
  time(at: number): void {
    this.#settle(UNTIMED_LIST, at);
  }

  /** Starts a stopped timer. */
  insert(slot: number, deadline: number): void {
    this.#size++;
    this.#lists.deadline[slot] = deadline;
    this.#settleOne(HEADS + slot);
  }

  /** Stops a timer; its slot stays in use. */
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

  /** Advances the wheel to `now`, and appends the timers that have become due to the list of due timers. */
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
      if (begin === target) break; // the timers left in this tick are due after now
    }
    this.#move(target);
  }

  /** A time before which nothing is due; Infinity if nothing is scheduled. */
  bound(): number {
    const { pass } = this.#clock;
    const due = this.#lists.next[DUE]!;
    if (due >= HEADS) return this.#lists.deadline[due - HEADS]!;
    if (this.#size === 0 || this.#bound <= pass) this.#bound = this.#earliest();
    return this.#bound;
  }

  // The earliest deadline. Timers in the next bucket that were restarted to a later one are moved there now.
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

  // Collects the due timers of a bucket of the lowest level.
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

  // Moves the timers of a list to the buckets of their deadlines: the current ones or, unless `from` is NaN, an interval after `from`.
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

  // The bucket of a deadline. Marks it as occupied.
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

  // The list of a bucket whose timers the caller is about to move. Marks the bucket as empty.
  #open(level: number, index: number): number {
    this.#occupied[2 * level + (index >> 5)]! &= ~(1 << (index & 31));
    return level * BUCKETS + index;
  }

  // The lowest level with a bucket that may hold timers, or -1.
  #lowest(): number {
    const occupied = this.#occupied;
    for (let level = 0; level < LEVELS; level++) {
      if ((occupied[2 * level]! | occupied[2 * level + 1]!) !== 0) return level;
    }
    return -1;
  }

  // The next bucket of a level.
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

// A time in ticks, with a fraction. It lies in the tick that is this number rounded down.
function ticksTo(time: number): number {
  const ticks = time * TICKS_PER_MS;
  return ticks < LAST_TICK ? ticks : LAST_TICK;
}
