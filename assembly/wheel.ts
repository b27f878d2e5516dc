// The timing wheel: what is due, and in which order.
//
// Nine levels of 64 buckets. A timer's tick is its deadline in 1/16 ms; its level is that of the highest of the nine
// 6-bit digits in which its tick differs from the wheel's; its bucket is that digit. As the wheel turns, a bucket whose
// turn has come is dealt out to lower levels, and from the lowest into the list of what is due, in order.
// I1  Nothing lies in a bucket before the wheel's tick, and everything on a level lies before all on a higher one.
// I2  A timer lies in a bucket no later than its deadline. One restarted to a later deadline stays, and is looked at when
//     its bucket has its turn: so a restart is one store, and nothing surfaces too late.
// I3  What is due is collected when the wheel turns, and only then: what is started afterwards waits for the next turn.
// I4  BOUND is never later than the deadline of anything in a bucket.
// It never knows whose a timer is, but for the deadlines of the idle, which move (idle.ts).

import { BOUND, BUCKETS, LEVELS, OCCUPIED, PASS, TICK } from "./memory";
import { deadlineNow } from "./idle";
import { DEADLINE, append, before, clear, detach, headOf, next, previous, refOf, slotIn, sortAfter } from "./lists";
import { timerAt, unlink } from "./lists";

const DIGIT = 6;
const TICKS_PER_MS: f64 = 16;
const LAST_TICK: f64 = 9007199254740991; // 17,000 years

// The lists behind the buckets.
const DUE: i32 = headOf(LEVELS * BUCKETS);
/** The list of the timers that have been started at a time the core has not been told yet. */
export const UNTIMED_LIST: i32 = headOf(LEVELS * BUCKETS + 1);

// In a record's first word, beside the generation: the timer is in the list of what is due.
const IS_DUE: u32 = 1 << 30;

let size: i32 = 0; // timers in buckets

/** Forgets every timer. */
export function reset(): void {
  clear(LEVELS * BUCKETS + 2);
  memory.fill(OCCUPIED, 0, LEVELS << 3);
  store<f64>(BOUND, Infinity);
  size = 0;
}

/** Puts a timer that is in no list where its deadline belongs. */
export function insert(slot: i32, deadline: f64): void {
  store<f64>(timerAt(slot), deadline, DEADLINE);
  size++;
  place(refOf(slot), deadline);
  if (deadline < load<f64>(BOUND)) store<f64>(BOUND, deadline);
}

/** Takes a timer out of its bucket or the list of what is due. */
export function withdraw(slot: i32): void {
  const timer = timerAt(slot);
  const word = load<u32>(timer);
  if ((word & IS_DUE) != 0) store<u32>(timer, word & ~IS_DUE);
  else size--;
  unlink(refOf(slot));
}

/** Whether a timer is due in this pass. */
export function isDue(slot: i32): bool {
  return (load<u32>(timerAt(slot)) & IS_DUE) != 0;
}

/** The ref of the first timer that is due; below zero where none is. */
export function firstDue(): i32 {
  return next(DUE);
}

/** Turns the wheel to `now`, and collects what is due: behind what was due and has not been answered for. */
export function turn(now: f64): void {
  const target = tickOf(now);
  for (let level = lowest(); level >= 0; level = lowest()) {
    const index = first(level);
    const begin = start(level, index);
    if (begin > target) break;
    store<u64>(TICK, begin);
    const ref = empty(level, index);
    if (level > 0) {
      deal(ref);
    } else {
      collect(ref, now);
      if (begin == target) break; // what is left in this tick lies after now
    }
  }
  store<u64>(TICK, target);
}

/** The time before which nothing is due; Infinity when nothing ever is. */
export function bound(): f64 {
  const due = firstDue();
  if (due > 0) return load<f64>(timerAt(slotIn(due)), DEADLINE);
  if (size == 0) store<f64>(BOUND, Infinity);
  else if (load<f64>(BOUND) <= load<f64>(PASS)) store<f64>(BOUND, earliest());
  return load<f64>(BOUND);
}

// The earliest deadline. What lies in the bucket that is next in turn and belongs further on goes there now.
function earliest(): f64 {
  for (let level = lowest(); level >= 0; level = lowest()) {
    const index = first(level);
    const end = start(level, index) + ((<u64>1) << (level * DIGIT));
    let least: f64 = Infinity;
    for (let ref = empty(level, index); ref > 0;) {
      const following = next(ref);
      const deadline = refresh(ref);
      place(ref, deadline);
      if (tickOf(deadline) < end) least = min(least, deadline);
      ref = following;
    }
    if (least < Infinity) return least;
  }
  return Infinity;
}

// Puts the timers of a bucket that was emptied where they belong.
function deal(ref: i32): void {
  while (ref > 0) {
    const following = next(ref);
    place(ref, refresh(ref));
    ref = following;
  }
}

// Collects those of a bucket of one tick that are due. The others, later in it or restarted, go where they belong.
function collect(ref: i32, now: f64): void {
  const tick = load<u64>(TICK);
  const end = previous(DUE);
  let last = end;
  let inOrder = true;
  while (ref > 0) {
    const following = next(ref);
    const deadline = refresh(ref);
    if (deadline > now || tickOf(deadline) > tick) {
      place(ref, deadline);
    } else {
      const timer = timerAt(slotIn(ref));
      store<u32>(timer, load<u32>(timer) | IS_DUE);
      size--;
      append(DUE, ref);
      if (last != end && before(ref, last)) inOrder = false;
      last = ref;
    }
    ref = following;
  }
  if (!inOrder) sortAfter(end);
}

// A timer's deadline, brought up to date where it is one that moves.
function refresh(ref: i32): f64 {
  const timer = timerAt(slotIn(ref));
  const deadline = deadlineNow(timer);
  store<f64>(timer, deadline, DEADLINE);
  return deadline;
}

function place(ref: i32, deadline: f64): void {
  const now = load<u64>(TICK);
  const tick = max(tickOf(deadline), now);
  const level = <i32>(((63 - <u32>clz((tick ^ now) | 1)) * 43) >> 8); // a division by 6
  const index = <i32>(tick >> (level * DIGIT)) & (BUCKETS - 1);
  const at = occupied(level);
  store<u64>(at, load<u64>(at) | ((<u64>1) << index));
  append(headOf(level * BUCKETS + index), ref);
}

function empty(level: i32, index: i32): i32 {
  const at = occupied(level);
  store<u64>(at, load<u64>(at) & ~((<u64>1) << index));
  return detach(headOf(level * BUCKETS + index));
}

// The lowest level on which a bucket may hold something, or -1.
function lowest(): i32 {
  for (let level = 0; level < LEVELS; level++) if (load<u64>(occupied(level)) != 0) return level;
  return -1;
}

// The bucket of a level that is next in turn.
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
  const tick = time * TICKS_PER_MS;
  return tick < LAST_TICK ? <u64>(<i64>tick) : <u64>LAST_TICK;
}
