// The timing wheel: which timers are due, and in which order.
//
// Nine levels of 64 buckets. A timer's tick is its deadline in 1/16 ms; its level is that of the highest of the nine
// 6-bit digits in which its tick differs from the wheel's; its bucket is that digit. When the wheel reaches a bucket,
// its timers move to lower levels, and from the lowest level into the list of due timers, in order.
// I1  No bucket lies before the wheel's tick, and all timers of a level are due before those of a higher one.
// I2  A timer is in a bucket no later than its deadline. If it is restarted to a later deadline, it stays there, and moves
//     when the wheel reaches the bucket: so a restart is a single store, and no timer comes up too late.
// I3  Due timers are collected only in `turn`: a timer started afterwards waits for the next one.
// I4  BOUND is never later than the deadline of any timer in a bucket.
// It does not know the owners of timers, except to find idle deadlines, which move (idle.ts).

import { BASE, BOUND, BUCKETS, LEVELS, OCCUPIED, PASS, TICK, TIMERS } from "./memory";
import { INTERVAL, deadlineNow } from "./idle";
import { DEADLINE, HEAD_SHIFT, LINKS, NEXT, PREV } from "./lists";
import {
  append,
  before,
  clear,
  detach,
  headOf,
  next,
  previous,
  refOf,
  slotIn,
  sortAfter,
  timerAt,
  unlink,
} from "./lists";

const DIGIT = 6;
const TICKS_PER_MS: f64 = 16;
const LAST_TICK: f64 = 9007199254740991; // 17,000 years

// The lists after those of the buckets.
const DUE: i32 = ~(LEVELS * BUCKETS) << HEAD_SHIFT;
// Timers whose start time has not been set yet.
const UNTIMED_LIST: i32 = DUE - (1 << HEAD_SHIFT);
// A timer on its way to a bucket.
const MOVING: i32 = UNTIMED_LIST - (1 << HEAD_SHIFT);
const LISTS: i32 = LEVELS * BUCKETS + 3;

// Deadlines of timers that are stopped, or whose start time is not set yet.
export const STOPPED: f64 = Infinity;
const UNTIMED: f64 = -Infinity;

// In a record's first word, beside the generation: the timer is in the list of due timers.
const IS_DUE: u32 = 1 << 30;

let size: i32 = 0; // timers in buckets, or due

/** Empties the wheel. */
export function reset(): void {
  clear(LISTS);
  memory.fill(OCCUPIED, 0, LEVELS << 3);
  store<f64>(BOUND, Infinity);
  size = 0;
}

/** Starts a stopped timer whose start time will be set by the next `time(at)`. */
export function startLater(slot: i32): void {
  store<f64>(timerAt(slot), UNTIMED, DEADLINE);
  append(UNTIMED_LIST, refOf(slot));
}

/** Fast path of `startLater` for a new timer, given the address of its record. */
export function startNew(timer: usize): void {
  const base = <usize>load<u32>(TIMERS, BASE);
  store<f64>(timer, UNTIMED, DEADLINE);
  const ref = <i32>(timer - base + LINKS);
  const head = base + UNTIMED_LIST;
  const last = load<i32>(head, PREV);
  store<i32>(timer, UNTIMED_LIST, LINKS + NEXT);
  store<i32>(timer, last, LINKS + PREV);
  store<i32>(head, ref, PREV);
  store<i32>(base + last, ref, NEXT);
}

/** Sets the start time of all timers that have none yet. */
export function time(at: f64): void {
  settle(UNTIMED_LIST, at);
}

/** Starts a stopped timer. Keeps its sequence number, so ties still fire in their original order. */
export function insert(slot: i32, deadline: f64): void {
  const timer = timerAt(slot);
  size++;
  store<f64>(timer, deadline, DEADLINE);
  settleOne(refOf(slot));
}

/** Stops a timer; its slot stays in use. */
export function stop(slot: i32): void {
  const timer = timerAt(slot);
  const deadline = load<f64>(timer, DEADLINE);
  if (deadline == STOPPED) return;
  if (deadline != UNTIMED) size--;
  store<u32>(timer, load<u32>(timer) & ~IS_DUE);
  unlink(timer);
  store<f64>(timer, STOPPED, DEADLINE);
}

/** Fast path of `stop` for a running timer that is about to be freed, given the address of its record. */
export function stopForGood(timer: usize): void {
  if (load<f64>(timer, DEADLINE) != UNTIMED) size--;
  const base = <usize>load<u32>(TIMERS, BASE);
  const following = load<i32>(timer, LINKS + NEXT);
  const last = load<i32>(timer, LINKS + PREV);
  store<i32>(base + last, following, NEXT);
  store<i32>(base + following, last, PREV);
}

/** Whether a timer is due in this pass. */
export function isDue(slot: i32): bool {
  return (load<u32>(timerAt(slot)) & IS_DUE) != 0;
}

/** The ref of the first due timer; negative if there is none. */
export function firstDue(): i32 {
  return next(DUE);
}

/** Advances the wheel to `now`, and appends the timers that have become due to the list of due timers. */
export function turn(now: f64): void {
  const target = tickOf(now);
  for (let level = lowest(); level >= 0; level = lowest()) {
    const index = first(level);
    const begin = start(level, index);
    if (begin > target) break;
    store<u64>(TICK, begin);
    settle(open(level, index), NaN);
    if (level > 0) continue;
    collect(index, now);
    if (begin == target) break; // the timers left in this tick are due after now
  }
  store<u64>(TICK, target);
}

/** A time before which no timer is due; Infinity if no timer is running. */
export function bound(): f64 {
  const due = firstDue();
  if (due > 0) return load<f64>(timerAt(slotIn(due)), DEADLINE);
  if (size == 0 || load<f64>(BOUND) <= load<f64>(PASS)) store<f64>(BOUND, earliest());
  return load<f64>(BOUND);
}

// The earliest deadline. Timers in the next bucket that were restarted to a later one are moved there now.
function earliest(): f64 {
  for (let level = lowest(); level >= 0; level = lowest()) {
    const index = first(level);
    const list = open(level, index);
    settle(list, NaN);
    let least: f64 = Infinity;
    for (let ref = next(list); ref > 0; ref = next(ref)) {
      least = min(least, load<f64>(timerAt(slotIn(ref)), DEADLINE));
    }
    if (least < Infinity) return least;
  }
  return Infinity;
}

// Collects the due timers of a bucket of the lowest level.
function collect(index: i32, now: f64): void {
  const end = previous(DUE);
  let last = end;
  let inOrder = true;
  for (let ref = detach(open(0, index)); ref > 0;) {
    const following = next(ref);
    const timer = timerAt(slotIn(ref));
    if (load<f64>(timer, DEADLINE) > now) {
      settleOne(ref);
    } else {
      store<u32>(timer, load<u32>(timer) | IS_DUE);
      append(DUE, ref);
      if (last != end && before(ref, last)) inOrder = false;
      last = ref;
    }
    ref = following;
  }
  if (!inOrder) sortAfter(end);
}

function settleOne(ref: i32): void {
  append(MOVING, ref);
  settle(MOVING, NaN);
}

// Moves the timers of a list to the buckets of their deadlines: the current ones or, unless `from` is NaN, an interval after
// `from`. All in one function, because it is most of the cost of creating a timer, and calls would add to it.
function settle(list: i32, from: f64): void {
  let ref = detach(list);
  const base = <usize>load<u32>(TIMERS, BASE);
  const now = load<u64>(TICK);
  const isNew = from == from;
  while (ref > 0) {
    const timer = base + ref - LINKS;
    const interval = load<f64>(timer, INTERVAL);
    let deadline = from + interval;
    if (isNew) size++;
    else deadline = interval < 0 ? deadlineNow(timer) : load<f64>(timer, DEADLINE);
    store<f64>(timer, deadline, DEADLINE);
    if (deadline < load<f64>(BOUND)) store<f64>(BOUND, deadline);
    const tick = max(tickOf(deadline), now);
    const level = <i32>(((63 - <u32>clz((tick ^ now) | 1)) * 43) >> 8); // a division by 6
    const index = <i32>(tick >> (level * DIGIT)) & (BUCKETS - 1);
    const at = occupied(level);
    store<u64>(at, load<u64>(at) | ((<u64>1) << index));
    const list = headOf(level * BUCKETS + index);
    const head = base + list;
    const last = load<i32>(head, PREV);
    const following = load<i32>(timer, LINKS + NEXT);
    store<i32>(timer, list, LINKS + NEXT);
    store<i32>(timer, last, LINKS + PREV);
    store<i32>(head, ref, PREV);
    store<i32>(base + last, ref, NEXT);
    ref = following;
  }
}

// The list of a bucket whose timers the caller is about to move. Marks the bucket as empty.
function open(level: i32, index: i32): i32 {
  const at = occupied(level);
  store<u64>(at, load<u64>(at) & ~((<u64>1) << index));
  return headOf(level * BUCKETS + index);
}

// The lowest level with a bucket that may hold timers, or -1.
function lowest(): i32 {
  for (let level = 0; level < LEVELS; level++) if (load<u64>(occupied(level)) != 0) return level;
  return -1;
}

// The next bucket of a level.
function first(level: i32): i32 {
  return <i32>ctz(load<u64>(occupied(level)));
}

// The first tick of a bucket.
function start(level: i32, index: i32): u64 {
  const shift = level * DIGIT;
  return ((load<u64>(TICK) >> (shift + DIGIT)) << (shift + DIGIT)) | ((<u64>index) << shift);
}

function occupied(level: i32): usize {
  return OCCUPIED + ((<usize>level) << 3);
}

function tickOf(time: f64): u64 {
  return <u64>(<i64>min(time * TICKS_PER_MS, LAST_TICK));
}
