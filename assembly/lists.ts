// Doubly linked lists of timers, through their records: the buckets of the wheel, due timers, and timers without a start time.
//
// A ref is the offset of links from the base of the table: positive for records, negative for the heads of lists. So both are
// reached in the same way, and refs stay valid when the table moves. A list is a ring through its head.
// I1  A timer is in at most one list. In a free record, NEXT links the free list of its table (slots.ts).
// I2  `append` keeps the order; `sortAfter` is stable.
// It does not know what a list is used for.

import { BASE, TIMER_SHIFT, TIMERS } from "./memory";

// Offsets relative to the links of a record or head.
export const NEXT: usize = 0; // i32
export const PREV: usize = 4; // i32

// A timer's record.
export const LINKS: usize = 4;
export const ORDER: usize = 12; // u32: sequence number of its start, which orders timers with equal deadlines
export const DEADLINE: usize = 16; // f64

export const HEAD_SHIFT = 3;

// Sorted chains of 1, 2, 4 … timers, used by `sortAfter`.
const CHAINS = 23;
const chains: usize = memory.data(CHAINS * 4, 4);
// The head of the chain that `merge` builds.
const merged: usize = memory.data(4, 4);

/** The address of a timer's record. Valid until the next `take`. */
export function timerAt(slot: i32): usize {
  return <usize>load<u32>(TIMERS, BASE) + ((<usize>slot) << TIMER_SHIFT);
}

/** The ref of a timer: positive. */
export function refOf(slot: i32): i32 {
  return (slot << (<i32>TIMER_SHIFT)) | <i32>LINKS;
}

/** The slot of a timer's ref. */
export function slotIn(ref: i32): i32 {
  return ref >> <i32>TIMER_SHIFT;
}

/** The ref of a list: negative. */
export function headOf(list: i32): i32 {
  return ~list << HEAD_SHIFT;
}

/** Empties the first `count` lists. */
export function clear(count: i32): void {
  for (let list = 0; list < count; list++) join(headOf(list), headOf(list));
}

/** The next ref in a list; negative at its end. */
export function next(ref: i32): i32 {
  return load<i32>(links(ref), NEXT);
}

/** The previous ref in a list; negative at its beginning. */
export function previous(ref: i32): i32 {
  return load<i32>(links(ref), PREV);
}

/** Appends a timer that is in no list. */
export function append(head: i32, ref: i32): void {
  const last = load<i32>(links(head), PREV);
  const at = links(ref);
  store<i32>(at, head, NEXT);
  store<i32>(at, last, PREV);
  store<i32>(links(head), ref, PREV);
  store<i32>(links(last), ref, NEXT);
}

/** Removes a timer from its list, given the address of its record. */
export function unlink(timer: usize): void {
  const following = load<i32>(timer, LINKS + NEXT);
  const last = load<i32>(timer, LINKS + PREV);
  store<i32>(links(last), following, NEXT);
  store<i32>(links(following), last, PREV);
}

/** Empties a list and returns the ref of its first timer. The timers stay linked to each other; a negative ref ends the chain. */
export function detach(head: i32): i32 {
  const first = next(head);
  join(head, head);
  return first;
}

/** Whether a timer comes before another: an earlier deadline, or the same and started earlier. */
export function before(ref: i32, other: i32): bool {
  const one = timerAt(slotIn(ref));
  const two = timerAt(slotIn(other));
  const deadline = load<f64>(one, DEADLINE);
  const than = load<f64>(two, DEADLINE);
  return deadline < than || (deadline == than && <i32>(load<u32>(one, ORDER) - load<u32>(two, ORDER)) < 0);
}

/** Sorts a list from behind a ref to its end: a merge sort that needs no extra memory. */
export function sortAfter(ref: i32): void {
  memory.fill(chains, 0, CHAINS * 4);
  let rest = next(ref);
  while (rest > 0) {
    let sorted = rest;
    rest = next(rest);
    store<i32>(links(sorted), 0, NEXT);
    let at = chains;
    for (let other = load<i32>(at); other != 0; other = load<i32>((at += 4))) {
      sorted = merge(other, sorted);
      store<i32>(at, 0);
    }
    store<i32>(at, sorted);
  }
  let all = 0;
  for (let at = chains; at < chains + CHAINS * 4; at += 4) all = merge(load<i32>(at), all);
  while (all != 0) {
    const following = next(all);
    join(ref, all);
    ref = all;
    all = following;
  }
  join(ref, rest);
}

// Merges two chains that end with 0. If two timers are equal, that of the first chain comes first.
function merge(one: i32, two: i32): i32 {
  let last = merged;
  while (one != 0 && two != 0) {
    let least = one;
    if (before(two, one)) {
      least = two;
      two = next(two);
    } else {
      one = next(one);
    }
    store<i32>(last, least, NEXT);
    last = links(least);
  }
  store<i32>(last, one != 0 ? one : two, NEXT);
  return load<i32>(merged, NEXT);
}

function join(one: i32, two: i32): void {
  store<i32>(links(one), two, NEXT);
  store<i32>(links(two), one, PREV);
}

function links(ref: i32): usize {
  return <usize>load<u32>(TIMERS, BASE) + ref;
}
