// The memory map: where every table and every scalar of the core lives.
//
// I1  Scalars sit at fixed addresses below 1,024; the batch of due ids follows.
// I2  Tables lie one behind the other up to END, without gaps: activity, connections, acceptors, timers, addresses.
// I3  A table grows by doubling, and everything behind it moves up. So memory in use is exactly the sum of the tables.
//     Only `grow` moves a base.
// I4  Space that was never used is zero. The heads of the timers' lists (lists.ts) lie right below the timers.
// It does not know which slots are free: slots.ts does.

// Codes. Results below zero are errors; every call documents which it can return.
export const OK: i32 = 0;
export const ERR_STALE: i32 = -1; // the id is unknown, of another kind, or spent
export const ERR_TIME: i32 = -2; // a duration is negative, NaN or infinite
export const ERR_FULL: i32 = -3; // the table has its maximum size, or memory cannot grow
export const ERR_STATE: i32 = -4; // the connection's state does not allow this
export const ERR_LIMIT: i32 = -5; // a limit is not a whole number in its range
export const DROP_BACKLOG: i32 = -6; // the waiting queue is full: reset this client
export const DROP_STOPPING: i32 = -7; // a graceful stop resets clients that arrive: reset this one
export const DROP_ADDRESS: i32 = -8; // too many clients of its address wait: reset this one

// One control block per table. They come first, with two hot scalars in their gaps, because addresses below 64 have the shortest
// encoding in WebAssembly.
export const BASE: usize = 0;
export const CAPACITY: usize = 4;
export const USED: usize = 8; // slots ever used; the records behind them are zero
export const FREE: usize = 12; // head of the free list, slot + 1
export const LIVE: usize = 16;
export const KIND: usize = 20;

export const TIMERS: usize = 0;
export const CONNECTIONS: usize = 32;
export const ACCEPTORS: usize = 64;
export const ADDRESSES: usize = 96;

// Scalars.
export const NOW: usize = 120; // f64: the latest time that the host has passed
export const PASS: usize = 56; // f64: the time at which this pass began
export const ARRIVED: usize = 128; // f64: clients that have arrived since maxAccepts was set: admitted, or in the queue
export const ARRIVAL_LIMIT: usize = 144; // f64: maxAccepts after the random cut; 0 until it is drawn
export const MAX_ACCEPTS: usize = 136; // f64
export const STATE_COUNTS: usize = 160; // i32 for each connection state
export const EVICTED_QUEUE: usize = 192; // the two words of a queue (queue.ts)
export const LINGERING_QUEUE: usize = 200;
export const TURNS_QUEUE: usize = 208;

export const WAITING_COUNTS: usize = 328; // i32 of acceptors that are not exempt, and of those that are: clients in their queues
export const ALARMS: usize = 336; // i32 for each purpose (alarms.ts)

// Arrays beside a table, with one entry per slot.
export const ACTIVITY: usize = 224; // base of f64[connections]: time of the last activity, written by the host
export const END: usize = 232;

// The timing wheel: its tick, a lower bound for its earliest deadline, and a bit for each bucket that may hold timers.
export const TICK: usize = 240; // u64
export const BOUND: usize = 24; // f64
export const LEVELS: i32 = 9;
export const BUCKETS: i32 = 64; // on each level
export const OCCUPIED: usize = 256; // u64[LEVELS]

// Output of pollDue: up to BATCH ids, f64 each.
export const DUE: usize = 1024;
export const BATCH: i32 = 512;

// Input of handleCommands: up to COMMANDS_AT_ONCE ids, f64 each, written by the host.
export const COMMANDS: usize = 5120;
export const COMMANDS_AT_ONCE: i32 = 256;

// The index of addresses by their keys: slot + 1 of the first in each bucket, or 0.
export const INDEX: usize = 7168;
export const INDEX_SIZE: i32 = 256;

const LATEST: f64 = 9007199254740992; // 2^53: deadlines counted from here do not overflow

export const MAX_SLOTS: i32 = 1 << 22;

const ACTIVITY_STRIDE: usize = 8;
const HEADS: usize = (<usize>(LEVELS * BUCKETS + 8)) << 3;

/** The binary logarithm of the size of a timer's record: 32 bytes. */
export const TIMER_SHIFT: usize = 5;

/** The binary logarithm of the size of a table's records: 64 bytes in all others. */
export function recordShift(block: usize): usize {
  return block == TIMERS ? TIMER_SHIFT : 6;
}

function table(block: usize, base: usize, capacity: i32, kind: i32): usize {
  store<u32>(block, <u32>base, BASE);
  store<i32>(block, capacity, CAPACITY);
  store<i32>(block, kind, KIND);
  if (block != TIMERS) store<i32>(block, 1, USED); // no slot 0, so that a link of 0 is none
  return base + ((<usize>capacity) << recordShift(block));
}

/** Lays out the tables at their smallest size. Called once, before anything else. */
export function layOut(base: usize): void {
  const connections = 64;
  const timers = 256;
  store<u32>(ACTIVITY, <u32>base);
  let at = base + <usize>connections * ACTIVITY_STRIDE;
  at = table(CONNECTIONS, at, connections, 3);
  at = table(ACCEPTORS, at, 16, 1);
  at = table(TIMERS, at + HEADS, timers, 2);
  at = table(ADDRESSES, at, 16, 0); // last: the host reads the tables before it, and does not know when this one grows
  store<u32>(END, <u32>at);
}

/** Doubles a table and the array beside it. Returns false, with nothing changed, if that is impossible. */
export function grow(block: usize): bool {
  const capacity = load<i32>(block, CAPACITY);
  if (capacity >= MAX_SLOTS) return false;
  const records = <usize>load<u32>(block, BASE);
  const room = (<usize>capacity) << recordShift(block);
  const times = block == CONNECTIONS ? <usize>capacity * ACTIVITY_STRIDE : 0;
  const needed = load<u32>(END) + <u32>(room + times); // less than 2^29, as tables have a maximum size
  const have = (<u32>memory.size()) << 16;
  if (needed > have && memory.grow(<i32>((needed - have + 0xffff) >> 16)) < 0) return false;
  makeRoom(records + room, room);
  if (times > 0) makeRoom(records, times);
  store<i32>(block, capacity << 1, CAPACITY);
  return true;
}

// Inserts `size` zero bytes at `at`. Everything from there on moves up.
function makeRoom(at: usize, size: usize): void {
  const end = <usize>load<u32>(END);
  memory.copy(at + size, at, end - at);
  memory.fill(at, 0, size);
  store<u32>(END, <u32>(end + size));
  for (let block = TIMERS; block <= ADDRESSES; block += ADDRESSES - ACCEPTORS) {
    const base = <usize>load<u32>(block, BASE);
    if (base >= at) store<u32>(block, <u32>(base + size), BASE);
  }
}

/** Sets the time in milliseconds, and returns it. A time that is earlier than the latest one, or invalid, counts as the latest one. */
export function tell(now: f64): f64 {
  const latest = load<f64>(NOW);
  if (!(now > latest) || now > LATEST) return latest;
  store<f64>(NOW, now);
  return now;
}

/** Whether a value is a valid duration in milliseconds: finite and not negative. */
export function isDuration(value: f64): bool {
  return value >= 0 && value < Infinity;
}

/** Whether a value is a valid limit: a whole number from 0 to 2^31 - 1. */
export function isLimit(value: f64): bool {
  return value >= 0 && value <= 2147483647 && Math.floor(value) == value;
}
