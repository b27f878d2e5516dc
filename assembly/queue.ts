// Queues of slots: of connections that wait, were evicted, or linger, in that order of time; and of addresses, in the order of their turns.
//
// A queue is two words: its first slot, and its last; 0 if it is empty. The records link its slots, by two words each.
// I1  A slot is in at most one queue by each pair of links. If it is in none, the words mean something else.
// I2  Joining and leaving take constant time.
// It never decides which slot joins or leaves.

import { record } from "./slots";

const LAST: usize = 4; // in a queue
const FOLLOWING: usize = 4; // in a pair of links; the first word is the connection before

/** The slot at an end of a queue, or 0. */
export function end(queue: usize, isLast: bool): i32 {
  return load<i32>(queue + (isLast ? LAST : 0));
}

/** The slot behind another, or before it if `backwards`; or 0. `links`: the offset of their links in the records. */
export function neighbour(table: usize, slot: i32, links: usize, backwards: bool): i32 {
  return load<i32>(record(table, slot) + links + (backwards ? 0 : FOLLOWING));
}

/** Appends a slot to a queue. */
export function join(queue: usize, table: usize, slot: i32, links: usize): void {
  const at = record(table, slot) + links;
  const last = load<i32>(queue, LAST);
  store<i32>(at, last);
  store<i32>(at, 0, FOLLOWING);
  store<i32>(last == 0 ? queue : record(table, last) + links + FOLLOWING, slot);
  store<i32>(queue, slot, LAST);
}

/** Removes a slot from a queue. */
export function leave(queue: usize, table: usize, slot: i32, links: usize): void {
  const at = record(table, slot) + links;
  const before = load<i32>(at);
  const after = load<i32>(at, FOLLOWING);
  store<i32>(before == 0 ? queue : record(table, before) + links + FOLLOWING, after);
  store<i32>(after == 0 ? queue + LAST : record(table, after) + links, before);
}
