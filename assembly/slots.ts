// Generational slots: the ids of timers, connections and acceptors.
//
// An id is a whole number below 2^53: kind (2 bits) · generation (29 bits) · slot (22 bits). The kinds of timers and
// connections have the upper bit set, so that no f64 is a fraction away from one of their ids.
// I1  A slot's first word is its generation; its top bit is set while an id names the slot; two are its table's own.
// I2  Freeing a slot moves it to the next generation at once, so no id ever names two things.
// I3  A slot whose generations are used up is never handed out again.
// I4  The second word of a free slot links the free list; of one in use, it is the table's own.
// It never looks into a record beyond these two words.
// What is said to take a fraction of the time is for timers alone. Most of it has one caller, so that the compiler puts it there: not
// every engine inlines calls within WebAssembly.

import { BASE, CAPACITY, ERR_STALE, FREE, KIND, LIVE, RECORD_SHIFT, TIMERS, USED, grow } from "./memory";

export const SLOT_BITS: i64 = 22;
const GENERATION_BITS: i64 = 29;
export const SLOT_MASK: i32 = (1 << 22) - 1;
export const GENERATION_MASK: u32 = (1 << 29) - 1;
export const IN_USE: u32 = 1 << 31;
export const NAMED: u32 = IN_USE | GENERATION_MASK;
const LINK: usize = 4;

// All timers lie from 2^52 to 2^52 + 2^51, where the bits of an f64 are those of the id below these.
export const TIMER_BITS: u64 = 0x433 << 1;

/** The address of a slot's record. Valid until the next `take`. */
export function record(table: usize, slot: i32): usize {
  return <usize>load<u32>(table, BASE) + ((<usize>slot) << RECORD_SHIFT);
}

/** The id that names a slot now. */
export function idOf(table: usize, slot: i32): f64 {
  const generation = <i64>(load<u32>(record(table, slot)) & GENERATION_MASK);
  const kind = <i64>load<i32>(table, KIND);
  return <f64>((((kind << GENERATION_BITS) | generation) << SLOT_BITS) | <i64>slot);
}

/** The id that names the slot of a timer now, given the address of its record: as `idOf`, in a fraction of the time. */
export function timerId(slot: i32, timer: usize): f64 {
  const generation = <u64>(load<u32>(timer) & GENERATION_MASK);
  return reinterpret<f64>((TIMER_BITS << 51) | (generation << (<u64>SLOT_BITS)) | <u64>slot);
}

/** The slot an id names, or ERR_STALE when the id is of another kind, unknown, spent, or no id at all. */
export function find(table: usize, id: f64): i32 {
  const bits = <i64>id; // signed: half the price of unsigned, and all ids are below 2^53
  if (<f64>bits != id) return ERR_STALE;
  if (bits >> (SLOT_BITS + GENERATION_BITS) != <i64>load<i32>(table, KIND)) return ERR_STALE;
  const slot = <i32>bits & SLOT_MASK;
  if (slot >= load<i32>(table, USED)) return ERR_STALE;
  const generation = <u32>(bits >> SLOT_BITS) & GENERATION_MASK;
  return (load<u32>(record(table, slot)) & NAMED) == (generation | IN_USE) ? slot : ERR_STALE;
}

/** The slot a timer's id names, or ERR_STALE: as `find`, in a fraction of the time. */
export function findTimer(id: f64): i32 {
  const bits = reinterpret<u64>(id);
  if (bits >> 51 != TIMER_BITS) return ERR_STALE;
  const slot = <i32>bits & SLOT_MASK;
  if (slot >= load<i32>(TIMERS, USED)) return ERR_STALE;
  const generation = <u32>(bits >> <u64>SLOT_BITS) & GENERATION_MASK;
  return (load<u32>(record(TIMERS, slot)) & NAMED) == (generation | IN_USE) ? slot : ERR_STALE;
}

/** Whether an id names a slot. */
export function inUse(table: usize, slot: i32): bool {
  return (load<u32>(record(table, slot)) & IN_USE) != 0;
}

/** Takes a slot that no id names yet, growing the table when it must; -1 when it cannot. Addresses got before are void. */
export function take(table: usize): i32 {
  if (load<i32>(table, FREE) == 0 && !makeFree(table)) return -1;
  const slot = load<i32>(table, FREE) - 1;
  store<i32>(table, load<i32>(record(table, slot), LINK), FREE);
  store<i32>(table, load<i32>(table, LIVE) + 1, LIVE);
  return slot;
}

/** Takes a slot for a timer that an id names, or gives -1: as `take`, in a fraction of the time. */
export function takeTimer(flags: u32): i32 {
  if (load<i32>(TIMERS, FREE) == 0 && !makeFree(TIMERS)) return -1;
  const slot = load<i32>(TIMERS, FREE) - 1;
  const timer = record(TIMERS, slot);
  store<i32>(TIMERS, load<i32>(timer, LINK), FREE);
  store<i32>(TIMERS, load<i32>(TIMERS, LIVE) + 1, LIVE);
  store<u32>(timer, load<u32>(timer) | IN_USE | flags);
  return slot;
}

/** Has a slot that was taken named by its id, given the address of its record. */
export function name(at: usize): void {
  store<u32>(at, load<u32>(at) | IN_USE);
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

/** Gives the slot of a timer back, given the address of its record: as `give`, in a fraction of the time. */
export function giveTimer(slot: i32, timer: usize): void {
  const generation = (load<u32>(timer) & GENERATION_MASK) + 1;
  store<u32>(timer, generation);
  store<i32>(TIMERS, load<i32>(TIMERS, LIVE) - 1, LIVE);
  if (generation > GENERATION_MASK) return; // I3
  store<i32>(timer, load<i32>(TIMERS, FREE), LINK);
  store<i32>(TIMERS, slot + 1, FREE);
}

// Frees a slot that has never been used, growing the table when it must; false when it cannot.
function makeFree(table: usize): bool {
  const slot = load<i32>(table, USED);
  if (slot == load<i32>(table, CAPACITY) && !grow(table)) return false;
  store<i32>(table, slot + 1, USED);
  store<i32>(table, slot + 1, FREE);
  return true;
}

/** Gives back every slot that an id names. */
export function giveAll(table: usize): void {
  const used = load<i32>(table, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(table, slot)) give(table, slot);
}
