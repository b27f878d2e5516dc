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

// The lists behind the buckets.
const DUE: i32 = ~(LEVELS * BUCKETS) << HEAD_SHIFT;
// The timers that have been started at a time the core has not been told yet.
const UNTIMED_LIST: i32 = DUE - (1 << HEAD_SHIFT);
// One that is on its way to a bucket.
const MOVING: i32 = UNTIMED_LIST - (1 << HEAD_SHIFT);
const LISTS: i32 = LEVELS * BUCKETS + 3;

// Deadlines of timers that have none.
export const STOPPED: f64 = Infinity;
const UNTIMED: f64 = -Infinity;

// In a record's first word, beside the generation: the timer is in the list of what is due.
const IS_DUE: u32 = 1 << 30;

let size: i32 = 0; // timers in buckets, or due

/** Forgets every timer. */
export function reset(): void {
  clear(LISTS);
  memory.fill(OCCUPIED, 0, LEVELS << 3);
  store<f64>(BOUND, Infinity);
  size = 0;
}

/** Starts a timer that does not run, at a time to be told. */
export function startLater(slot: i32): void {
  store<f64>(timerAt(slot), UNTIMED, DEADLINE);
  append(UNTIMED_LIST, refOf(slot));
}

/** Starts a timer that was just made, given the address of its record: as `startLater`, in a fraction of the time. */
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

/** Tells the time at which timers have been started before. */
export function time(at: f64): void {
  settle(UNTIMED_LIST, at);
}

/** Starts a timer that does not run; its turn among equals stays. */
export function insert(slot: i32, deadline: f64): void {
  const timer = timerAt(slot);
  size++;
  store<f64>(timer, deadline, DEADLINE);
  settleOne(refOf(slot));
}

/** Stops a timer; it stays alive. */
export function stop(slot: i32): void {
  const timer = timerAt(slot);
  const deadline = load<f64>(timer, DEADLINE);
  if (deadline == STOPPED) return;
  if (deadline != UNTIMED) size--;
  store<u32>(timer, load<u32>(timer) & ~IS_DUE);
  unlink(timer);
  store<f64>(timer, STOPPED, DEADLINE);
}

/** Stops a timer that runs and ends with it, given the address of its record: as `stop`, in a fraction of the time. */
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
    settle(open(level, index), NaN);
    if (level > 0) continue;
    collect(index, now);
    if (begin == target) break; // what is left in this tick lies after now
  }
  store<u64>(TICK, target);
}

/** The time before which nothing is due; Infinity when nothing ever is. */
export function bound(): f64 {
  const due = firstDue();
  if (due > 0) return load<f64>(timerAt(slotIn(due)), DEADLINE);
  if (size == 0 || load<f64>(BOUND) <= load<f64>(PASS)) store<f64>(BOUND, earliest());
  return load<f64>(BOUND);
}

// The earliest deadline. What lies in the bucket that is next in turn and belongs further on goes there now.
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

// Collects those of a bucket of one tick that are due.
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

// Puts the timers of a list into the buckets of their deadlines: those they have, or an interval from `from`. All in one place,
// for it is what making a timer costs, and calls would cost more.
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

// The list of a bucket, whose timers are to be moved from here on.
function open(level: i32, index: i32): i32 {
  const at = occupied(level);
  store<u64>(at, load<u64>(at) & ~((<u64>1) << index));
  return headOf(level * BUCKETS + index);
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
  return <u64>(<i64>min(time * TICKS_PER_MS, LAST_TICK));
}
