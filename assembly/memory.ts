// The memory map: where every table and every scalar of the core lives.
//
// I1  Scalars sit at fixed addresses below 1,024; the batch of due ids follows.
// I2  Tables stand one behind the other, in the order below, from TABLES to END.
// I3  A table grows by doubling; whatever stands behind it slides up. Nothing is ever left behind, so memory
//     in use is exactly the sum of the tables. Only `grow…` moves a base.
// I4  Space that was never used is zero.
// It never decides anything: which slot is free is the business of slots.ts.

// Codes. Results below zero are errors; every call documents which it can give.
export const OK: i32 = 0;
export const ERR_STALE: i32 = -1; // the id is unknown, of another kind, or spent
export const ERR_TIME: i32 = -2; // a duration that is negative, NaN or not finite
export const ERR_FULL: i32 = -3; // the table has its largest size, or memory cannot grow
export const ERR_STATE: i32 = -4; // the connection's state does not allow this
export const ERR_LIMIT: i32 = -5; // a limit that is negative, NaN or not whole
export const DROP_BACKLOG: i32 = -6; // as many clients wait as may; reset this one

// Scalars.
export const NOW: usize = 0; // f64: the latest time told
export const PASS: usize = 8; // f64: the time at which this pass began
export const ACCEPTED: usize = 16; // f64: admitted since maxAccepts was set
export const ACCEPT_LIMIT: usize = 24; // f64: maxAccepts after the cut; 0 until drawn
export const MAX_CONNECTIONS: usize = 32; // f64
export const MAX_ACCEPTS: usize = 40; // f64
export const DRAIN_TIMEOUT: usize = 48; // f64: ms between closing the gate and closing what is left; 0 = never
export const STATE_COUNTS: usize = 64; // i32 for each connection state

// One control block a table.
export const BASE: usize = 0;
export const CAPACITY: usize = 4;
export const USED: usize = 8; // slots ever used; all above are zero
export const FREE: usize = 12; // head of the free list, slot + 1
export const LIVE: usize = 16;
export const STRIDE: usize = 20;
export const KIND: usize = 24;

export const TIMERS: usize = 128;
export const CONNECTIONS: usize = 160;
export const ACCEPTORS: usize = 192;

// The arrays that go with a table, one entry a slot.
export const ACTIVITY: usize = 224; // base of f64[connections]: time of the last activity, written by the host
export const HEAP: usize = 228; // base of heap entries, 16 bytes each, as many as timers
export const END: usize = 232;

// What pollDue collects: up to BATCH ids, f64 each.
export const DUE: usize = 1024;
export const BATCH: i32 = 512;

export const MAX_SLOTS: i32 = 1 << 22;

const HEAP_STRIDE: usize = 16;
const ACTIVITY_STRIDE: usize = 8;

function table(block: usize, base: usize, capacity: i32, stride: i32, kind: i32): usize {
  store<u32>(block, <u32>base, BASE);
  store<i32>(block, capacity, CAPACITY);
  store<i32>(block, stride, STRIDE);
  store<i32>(block, kind, KIND);
  return base + <usize>(capacity * stride);
}

/** Lays out the tables at their smallest size. Called once, before anything else. */
export function layOut(base: usize): void {
  const connections = 64;
  const timers = 256;
  store<u32>(ACTIVITY, <u32>base);
  let at = base + <usize>connections * ACTIVITY_STRIDE;
  at = table(CONNECTIONS, at, connections, 32, 2);
  at = table(ACCEPTORS, at, 16, 32, 3);
  at = table(TIMERS, at, timers, 32, 1);
  store<u32>(HEAP, <u32>at);
  store<u32>(END, <u32>(at + <usize>timers * HEAP_STRIDE));
}

// Makes `size` zero bytes at `at`, sliding up what stands there. False when memory cannot grow.
function makeRoom(at: usize, size: usize): bool {
  const end = <u64>load<u32>(END);
  const needed = end + <u64>size;
  const have = (<u64>memory.size()) << 16;
  if (needed > have) {
    const pages = <i32>((needed - have + 0xffff) >> 16);
    if (memory.grow(pages) < 0) return false;
  }
  memory.copy(at + size, at, <usize>end - at);
  memory.fill(at, 0, size);
  store<u32>(END, <u32>needed);
  return true;
}

function slide(block: usize, by: usize): void {
  store<u32>(block, load<u32>(block) + <u32>by);
}

/** Doubles the timers and their heap. False when that cannot be. */
export function growTimers(): bool {
  const capacity = load<i32>(TIMERS, CAPACITY);
  if (capacity >= MAX_SLOTS) return false;
  const heapRoom = <usize>capacity * HEAP_STRIDE;
  const room = <usize>capacity * <usize>load<i32>(TIMERS, STRIDE);
  // Both at once, so that a failure leaves everything as it was.
  if (!makeRoom(<usize>load<u32>(END), heapRoom + room)) return false;
  const heap = <usize>load<u32>(HEAP);
  memory.copy(heap + room, heap, heapRoom);
  memory.fill(heap, 0, room);
  slide(HEAP, room);
  store<i32>(TIMERS, capacity << 1, CAPACITY);
  return true;
}

/** Doubles the connections and their times of activity. False when that cannot be. */
export function growConnections(): bool {
  const capacity = load<i32>(CONNECTIONS, CAPACITY);
  if (capacity >= MAX_SLOTS) return false;
  const records = <usize>load<u32>(CONNECTIONS);
  const activityRoom = <usize>capacity * ACTIVITY_STRIDE;
  const room = <usize>capacity * <usize>load<i32>(CONNECTIONS, STRIDE);
  // The new records go behind the old ones; then the old ones slide up to make room for the times before them.
  if (!makeRoom(records + room, activityRoom + room)) return false;
  memory.copy(records + activityRoom, records, room);
  memory.fill(records, 0, activityRoom);
  slide(CONNECTIONS, activityRoom);
  slide(ACCEPTORS, activityRoom + room);
  slide(TIMERS, activityRoom + room);
  slide(HEAP, activityRoom + room);
  store<i32>(CONNECTIONS, capacity << 1, CAPACITY);
  return true;
}

/** Doubles the acceptors. False when that cannot be. */
export function growAcceptors(): bool {
  const capacity = load<i32>(ACCEPTORS, CAPACITY);
  if (capacity >= MAX_SLOTS) return false;
  const room = <usize>capacity * <usize>load<i32>(ACCEPTORS, STRIDE);
  if (!makeRoom(<usize>load<u32>(ACCEPTORS) + room, room)) return false;
  slide(TIMERS, room);
  slide(HEAP, room);
  store<i32>(ACCEPTORS, capacity << 1, CAPACITY);
  return true;
}

/** Tells the core what time it is: milliseconds, monotonic. A time that runs backwards, or is none, counts as the latest. */
export function tell(now: f64): f64 {
  const latest = load<f64>(NOW);
  if (!(now > latest) || now == Infinity) return latest;
  store<f64>(NOW, now);
  return now;
}

/** A duration in milliseconds that the core can work with: finite and not negative. */
export function isDuration(value: f64): bool {
  return value >= 0 && value < Infinity;
}

/** A limit the core can work with: a whole number from 0 to 2^31 - 1. */
export function isLimit(value: f64): bool {
  return value >= 0 && value <= 2147483647 && Math.floor(value) == value;
}
