// Generational slots: the ids of timers, connections and acceptors.
//
// An id is a whole number below 2^53: kind (2 bits) · generation (29 bits) · slot (22 bits).
// I1  A slot's first word is its generation; its top bit is set while the slot is in use.
// I2  Freeing a slot moves it to the next generation at once, so no id ever names two things.
// I3  A slot whose generations are used up is never handed out again.
// I4  The second word of a free slot links the free list; of one in use, it is the table's own.
// It never looks into a record beyond these two words.

import {
  ACCEPTORS,
  BASE,
  CAPACITY,
  CONNECTIONS,
  FREE,
  KIND,
  LIVE,
  STRIDE,
  TIMERS,
  USED,
  growAcceptors,
  growConnections,
  growTimers,
} from "./memory";

const SLOT_BITS: u64 = 22;
const GENERATION_BITS: u64 = 29;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
const GENERATION_MASK: u32 = (1 << 29) - 1;
const IN_USE: u32 = 1 << 31;
const LINK: usize = 4;

/** The address of a slot's record. Valid until the next `take`. */
export function record(table: usize, slot: i32): usize {
  return <usize>load<u32>(table, BASE) + <usize>slot * <usize>load<i32>(table, STRIDE);
}

/** The id that names a slot now. */
export function idOf(table: usize, slot: i32): f64 {
  const generation = <u64>(load<u32>(record(table, slot)) & GENERATION_MASK);
  const kind = <u64>load<i32>(table, KIND);
  return <f64>((((kind << GENERATION_BITS) | generation) << SLOT_BITS) | <u64>slot);
}

/** The slot an id names, or -1 when the id is of another kind, unknown, spent, or no id at all. */
export function find(table: usize, id: f64): i32 {
  const bits = <u64>id;
  if (<f64>bits != id) return -1;
  if (bits >> (SLOT_BITS + GENERATION_BITS) != <u64>load<i32>(table, KIND)) return -1;
  const slot = <i32>(bits & SLOT_MASK);
  if (slot >= load<i32>(table, USED)) return -1;
  const generation = <u32>(bits >> SLOT_BITS) & GENERATION_MASK;
  return load<u32>(record(table, slot)) == (generation | IN_USE) ? slot : -1;
}

/** Whether a slot is in use. */
export function inUse(table: usize, slot: i32): bool {
  return (load<u32>(record(table, slot)) & IN_USE) != 0;
}

/** Takes a slot into use, growing the table when it must; -1 when it cannot. Addresses got before are void. */
export function take(table: usize): i32 {
  let slot = load<i32>(table, FREE) - 1;
  if (slot >= 0) {
    store<i32>(table, load<i32>(record(table, slot), LINK), FREE);
  } else {
    slot = load<i32>(table, USED);
    if (slot == load<i32>(table, CAPACITY) && !grow(table)) return -1;
    store<i32>(table, slot + 1, USED);
  }
  const at = record(table, slot);
  store<u32>(at, load<u32>(at) | IN_USE);
  store<i32>(table, load<i32>(table, LIVE) + 1, LIVE);
  return slot;
}

/** Gives a slot back. Its ids are spent from here on. */
export function give(table: usize, slot: i32): void {
  const at = record(table, slot);
  const generation = (load<u32>(at) & GENERATION_MASK) + 1;
  store<u32>(at, generation);
  store<i32>(table, load<i32>(table, LIVE) - 1, LIVE);
  if (generation > GENERATION_MASK) return; // I3
  store<i32>(at, load<i32>(table, FREE), LINK);
  store<i32>(table, slot + 1, FREE);
}

function grow(table: usize): bool {
  if (table == TIMERS) return growTimers();
  if (table == CONNECTIONS) return growConnections();
  if (table == ACCEPTORS) return growAcceptors();
  return false;
}
