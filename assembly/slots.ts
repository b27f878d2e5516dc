// Generational slots: the ids of timers, connections and acceptors.
//
// An id is a whole number below 2^53: kind (2 bits) · generation (29 bits) · slot (22 bits). The kinds of timers and
// connections have the upper bit set, so that their ids are at least 2^52, where every f64 is an integer.
// I1  A slot's first word holds its generation. Its top bit is set while an id names the slot; the two bits below are free for the table.
// I2  Freeing a slot moves it to the next generation at once, so an id is never reused.
// I3  A slot whose generations are used up is never handed out again.
// I4  The second word of a free slot links the free list; in a slot in use, it belongs to the table.
// It never reads a record beyond these two words.
// The functions marked as fast paths are only for timers. Most have a single caller, so that the compiler inlines them: not every
// engine inlines calls within WebAssembly.

import { BASE, CAPACITY, ERR_STALE, FREE, KIND, LIVE, TIMERS, TIMER_SHIFT, USED, grow, recordShift } from "./memory";

export const SLOT_BITS: i64 = 22;
const GENERATION_BITS: i64 = 29;
export const SLOT_MASK: i32 = (1 << 22) - 1;
export const GENERATION_MASK: u32 = (1 << 29) - 1;
export const IN_USE: u32 = 1 << 31;
export const NAMED: u32 = IN_USE | GENERATION_MASK;
const LINK: usize = 4;

// The ids of timers lie from 2^52 to 2^52 + 2^51, where the upper bits of an f64 are these, and the lower ones those of the id.
export const TIMER_BITS: u64 = 0x433 << 1;

/** The address of a slot's record. Valid until the next `take`. */
export function record(table: usize, slot: i32): usize {
  return <usize>load<u32>(table, BASE) + ((<usize>slot) << recordShift(table));
}

// Fast path of `record` for a timer.
function timerRecord(slot: i32): usize {
  return <usize>load<u32>(TIMERS, BASE) + ((<usize>slot) << TIMER_SHIFT);
}

/** The id that names a slot now. */
export function idOf(table: usize, slot: i32): f64 {
  const generation = <i64>(load<u32>(record(table, slot)) & GENERATION_MASK);
  const kind = <i64>load<i32>(table, KIND);
  return <f64>((((kind << GENERATION_BITS) | generation) << SLOT_BITS) | <i64>slot);
}

/** Fast path of `idOf` for a timer, given the address of its record. */
export function timerId(slot: i32, timer: usize): f64 {
  const generation = <u64>(load<u32>(timer) & GENERATION_MASK);
  return reinterpret<f64>((TIMER_BITS << 51) | (generation << (<u64>SLOT_BITS)) | <u64>slot);
}

/** The slot that an id names, or ERR_STALE if the id is of another kind, unknown, spent, or not an id at all. */
export function find(table: usize, id: f64): i32 {
  const bits = <i64>id; // signed: half the cost of unsigned, and all ids are below 2^53
  if (<f64>bits != id) return ERR_STALE;
  if (bits >> (SLOT_BITS + GENERATION_BITS) != <i64>load<i32>(table, KIND)) return ERR_STALE;
  const slot = <i32>bits & SLOT_MASK;
  if (slot >= load<i32>(table, USED)) return ERR_STALE;
  const generation = <u32>(bits >> SLOT_BITS) & GENERATION_MASK;
  return (load<u32>(record(table, slot)) & NAMED) == (generation | IN_USE) ? slot : ERR_STALE;
}

/** Fast path of `find` for a timer. */
export function findTimer(id: f64): i32 {
  const bits = reinterpret<u64>(id);
  if (bits >> 51 != TIMER_BITS) return ERR_STALE;
  const slot = <i32>bits & SLOT_MASK;
  if (slot >= load<i32>(TIMERS, USED)) return ERR_STALE;
  const generation = <u32>(bits >> <u64>SLOT_BITS) & GENERATION_MASK;
  return (load<u32>(timerRecord(slot)) & NAMED) == (generation | IN_USE) ? slot : ERR_STALE;
}

/** Whether an id names a slot. */
export function inUse(table: usize, slot: i32): bool {
  return (load<u32>(record(table, slot)) & IN_USE) != 0;
}

/** Takes a slot that no id names yet, growing the table if necessary; -1 if that is impossible. Invalidates the addresses of records. */
export function take(table: usize): i32 {
  if (load<i32>(table, FREE) == 0 && !makeFree(table)) return -1;
  const slot = load<i32>(table, FREE) - 1;
  store<i32>(table, load<i32>(record(table, slot), LINK), FREE);
  store<i32>(table, load<i32>(table, LIVE) + 1, LIVE);
  return slot;
}

/** Fast path of `take` and `name` for a timer. Returns its slot, or -1. */
export function takeTimer(flags: u32): i32 {
  if (load<i32>(TIMERS, FREE) == 0 && !makeFree(TIMERS)) return -1;
  const slot = load<i32>(TIMERS, FREE) - 1;
  const timer = timerRecord(slot);
  store<i32>(TIMERS, load<i32>(timer, LINK), FREE);
  store<i32>(TIMERS, load<i32>(TIMERS, LIVE) + 1, LIVE);
  store<u32>(timer, load<u32>(timer) | IN_USE | flags);
  return slot;
}

/** Makes the id of a taken slot valid, given the address of its record. */
export function name(at: usize): void {
  store<u32>(at, load<u32>(at) | IN_USE);
}

/** Frees a slot. Its id is spent. */
export function give(table: usize, slot: i32): void {
  spend(table, slot);
  recycle(table, slot);
}

/** Spends the id of a slot, which is not free yet. */
export function spend(table: usize, slot: i32): void {
  const at = record(table, slot);
  store<u32>(at, (load<u32>(at) & GENERATION_MASK) + 1);
  store<i32>(table, load<i32>(table, LIVE) - 1, LIVE);
}

/** Frees a slot whose id is spent. */
export function recycle(table: usize, slot: i32): void {
  const at = record(table, slot);
  if (load<u32>(at) > GENERATION_MASK) return; // I3
  store<i32>(at, load<i32>(table, FREE), LINK);
  store<i32>(table, slot + 1, FREE);
}

/** Fast path of `give` for a timer, given the address of its record. */
export function giveTimer(slot: i32, timer: usize): void {
  const generation = (load<u32>(timer) & GENERATION_MASK) + 1;
  store<u32>(timer, generation);
  store<i32>(TIMERS, load<i32>(TIMERS, LIVE) - 1, LIVE);
  if (generation > GENERATION_MASK) return; // I3
  store<i32>(timer, load<i32>(TIMERS, FREE), LINK);
  store<i32>(TIMERS, slot + 1, FREE);
}

// Puts a slot that has never been used on the free list, growing the table if necessary; false if that is impossible.
function makeFree(table: usize): bool {
  const slot = load<i32>(table, USED);
  if (slot == load<i32>(table, CAPACITY) && !grow(table)) return false;
  store<i32>(table, slot + 1, USED);
  store<i32>(table, slot + 1, FREE);
  return true;
}

/** Frees every slot that an id names. */
export function giveAll(table: usize): void {
  const used = load<i32>(table, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(table, slot)) give(table, slot);
}
