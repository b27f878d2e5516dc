// The timer heap: what is due, and in which order.
//
// I1  The heap is 4-ary, ordered by key, then by start sequence: ties fire in the order they were started.
// I2  An entry's key is never later than its timer's deadline. A restart to a later deadline only stores that deadline;
//     the entry sinks when it surfaces. So a restart is O(1), and nothing ever surfaces too late.
// I3  Firing has two phases. `collectNext` takes what is due out of the heap; the timer stays alive, and can be removed or
//     restarted, until `fire` runs it. What is started after a pass began is never collected in that pass.
// I4  A timer's place is its index in the heap, COLLECTED, or IDLE (an owned timer that does not run).
// It never knows what an owned timer is for: due.ts asks the owner.

import { ERR_FULL, ERR_STALE, ERR_TIME, HEAP, LIVE, OK, PASS, TIMERS, USED, isDuration, tell } from "./memory";
import { find, give, idOf, inUse, record, take } from "./slots";

// A timer's record.
const PLACE: usize = 4; // i32
const DEADLINE: usize = 8; // f64
const INTERVAL: usize = 16; // f64
const SEQUENCE: usize = 24; // u32
const OWNER: usize = 28; // i32

// A heap entry.
const KEY: usize = 0; // f64
const ORDER: usize = 8; // u32
const SLOT: usize = 12; // i32

const COLLECTED: i32 = -1;
const IDLE: i32 = -2;

// Whose a timer is. Above zero: the connection slot + 1.
export const ONCE: i32 = 0;
export const RECURRING: i32 = -1;
export const DRAIN: i32 = -2;

// What `fire` answers.
export const FIRE_VOID: i32 = 0; // removed or restarted meanwhile: nothing to do
export const FIRE_ONCE: i32 = 1; // run it; its id is spent
export const FIRE_RECURRING: i32 = 2; // run it; it is due again its interval after this pass began

let size: i32 = 0; // entries in the heap
let sequence: u32 = 0; // of the latest start
let cut: u32 = 0; // of the latest start before this pass
let owned: i32 = 0; // timers that belong to connections or the drain
let collected: i32 = 0; // timers whose place is COLLECTED

/** Timers the host has made and that have not fired or been removed. */
export function userTimers(): i32 {
  return load<i32>(TIMERS, LIVE) - owned;
}

/** Begins a pass at `now`. */
export function beginPass(now: f64): void {
  store<f64>(PASS, tell(now));
  cut = sequence;
}

/** The key at the top of the heap: nothing is due before it. Infinity when the heap is empty. */
export function nextKey(): f64 {
  return size > 0 ? load<f64>(entry(0), KEY) : Infinity;
}

/** Makes a timer for the host. Gives its id, ERR_TIME or ERR_FULL. */
export function create(after: f64, recurring: bool, now: f64): f64 {
  const at = tell(now);
  if (!isDuration(after)) return <f64>ERR_TIME;
  const slot = take(TIMERS);
  if (slot < 0) return <f64>ERR_FULL;
  const timer = record(TIMERS, slot);
  store<i32>(timer, recurring ? RECURRING : ONCE, OWNER);
  store<f64>(timer, after, INTERVAL);
  store<i32>(timer, IDLE, PLACE);
  schedule(slot, at + after);
  return idOf(TIMERS, slot);
}

/** Restarts a timer with its interval, or with `after` and for good where that is no NaN. Gives OK, ERR_STALE or ERR_TIME. */
export function again(id: f64, after: f64, now: f64): i32 {
  const at = tell(now);
  const slot = userSlot(id);
  if (slot < 0) return ERR_STALE;
  const timer = record(TIMERS, slot);
  if (after == after) {
    if (!isDuration(after)) return ERR_TIME;
    store<f64>(timer, after, INTERVAL);
  }
  schedule(slot, at + load<f64>(timer, INTERVAL));
  return OK;
}

/** Removes a timer. Gives OK or ERR_STALE. */
export function remove(id: f64): i32 {
  const slot = userSlot(id);
  if (slot < 0) return ERR_STALE;
  unschedule(slot);
  give(TIMERS, slot);
  return OK;
}

/** Makes a timer that belongs to a connection or the drain and does not run yet; its slot, or -1. */
export function createOwned(owner: i32): i32 {
  const slot = take(TIMERS);
  if (slot < 0) return -1;
  const timer = record(TIMERS, slot);
  store<i32>(timer, owner, OWNER);
  store<i32>(timer, IDLE, PLACE);
  owned++;
  return slot;
}

/** Removes an owned timer. */
export function removeOwned(slot: i32): void {
  unschedule(slot);
  give(TIMERS, slot);
  owned--;
}

/** Sets a timer's deadline. To a later one than it has, at no cost (I2). */
export function schedule(slot: i32, deadline: f64): void {
  start(slot, deadline, ++sequence);
}

/** Puts a collected timer back with a later deadline; its turn among equals stays. */
export function postpone(slot: i32, deadline: f64): void {
  start(slot, deadline, load<u32>(record(TIMERS, slot), SEQUENCE));
}

/** A timer's deadline. */
export function deadlineOf(slot: i32): f64 {
  return load<f64>(record(TIMERS, slot), DEADLINE);
}

/** Takes a timer out of the heap; it stays alive. */
export function unschedule(slot: i32): void {
  const timer = record(TIMERS, slot);
  const place = load<i32>(timer, PLACE);
  store<i32>(timer, IDLE, PLACE);
  if (place == COLLECTED) collected--;
  if (place < 0) return;
  const last = entry(--size);
  if (place == size) return;
  const key = load<f64>(last, KEY);
  const order = load<u32>(last, ORDER);
  const moved = load<i32>(last, SLOT);
  if (place > 0 && before(key, order, entry((place - 1) >> 2))) siftUp(place, key, order, moved);
  else siftDown(place, key, order, moved);
}

/** Whether a timer has been collected and waits for `fire`. */
export function isCollected(slot: i32): bool {
  return load<i32>(record(TIMERS, slot), PLACE) == COLLECTED;
}

/** The slot of the timer that is due next in this pass, no longer in the heap; -1 when there is none. */
export function collectNext(): i32 {
  const pass = load<f64>(PASS);
  while (size > 0) {
    const top = entry(0);
    const key = load<f64>(top, KEY);
    if (key > pass) return -1;
    const slot = load<i32>(top, SLOT);
    const timer = record(TIMERS, slot);
    const deadline = load<f64>(timer, DEADLINE);
    const order = load<u32>(timer, SEQUENCE);
    if (order != load<u32>(top, ORDER)) {
      siftDown(0, deadline, order, slot); // restarted since: sinks to where it belongs
      continue;
    }
    // Started in this pass, and everything behind it too. Such a key is never before the pass; so the number of a start
    // that is older than numbers go round cannot hold up anything.
    if (key == pass && <i32>(order - cut) > 0) return -1;
    unschedule(slot);
    store<i32>(timer, COLLECTED, PLACE);
    collected++;
    return slot;
  }
  return -1;
}

/** The owner of a timer. */
export function ownerOf(slot: i32): i32 {
  return load<i32>(record(TIMERS, slot), OWNER);
}

/** How many timers have been collected and wait for `fire`. */
export function waitingToFire(): i32 {
  return collected;
}

/** Fires a timer of the host's that was collected. Gives one of FIRE_…. */
export function fire(id: f64): i32 {
  const slot = userSlot(id);
  if (slot < 0 || !isCollected(slot)) return FIRE_VOID;
  const timer = record(TIMERS, slot);
  if (load<i32>(timer, OWNER) == RECURRING) {
    schedule(slot, load<f64>(PASS) + load<f64>(timer, INTERVAL));
    return FIRE_RECURRING;
  }
  collected--;
  give(TIMERS, slot);
  return FIRE_ONCE;
}

/** Removes every timer. */
export function reset(): void {
  const used = load<i32>(TIMERS, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(TIMERS, slot)) give(TIMERS, slot);
  size = 0;
  owned = 0;
  collected = 0;
}

function start(slot: i32, deadline: f64, order: u32): void {
  const timer = record(TIMERS, slot);
  store<f64>(timer, deadline, DEADLINE);
  store<u32>(timer, order, SEQUENCE);
  const place = load<i32>(timer, PLACE);
  if (place == COLLECTED) collected--;
  if (place < 0) {
    siftUp(size++, deadline, order, slot);
  } else if (deadline < load<f64>(entry(place), KEY)) {
    siftUp(place, deadline, order, slot);
  }
}

function userSlot(id: f64): i32 {
  const slot = find(TIMERS, id);
  if (slot < 0) return -1;
  const owner = ownerOf(slot);
  return owner == ONCE || owner == RECURRING ? slot : -1;
}

function entry(index: i32): usize {
  return <usize>load<u32>(HEAP) + ((<usize>index) << 4);
}

function before(key: f64, order: u32, other: usize): bool {
  const otherKey = load<f64>(other, KEY);
  return key < otherKey || (key == otherKey && <i32>(order - load<u32>(other, ORDER)) < 0);
}

function put(index: i32, key: f64, order: u32, slot: i32): void {
  const at = entry(index);
  store<f64>(at, key, KEY);
  store<u32>(at, order, ORDER);
  store<i32>(at, slot, SLOT);
  store<i32>(record(TIMERS, slot), index, PLACE);
}

function move(index: i32, from: usize): void {
  put(index, load<f64>(from, KEY), load<u32>(from, ORDER), load<i32>(from, SLOT));
}

function siftUp(index: i32, key: f64, order: u32, slot: i32): void {
  while (index > 0) {
    const parent = (index - 1) >> 2;
    const above = entry(parent);
    if (!before(key, order, above)) break;
    move(index, above);
    index = parent;
  }
  put(index, key, order, slot);
}

function siftDown(index: i32, key: f64, order: u32, slot: i32): void {
  for (;;) {
    const first = (index << 2) + 1;
    if (first >= size) break;
    const end = min(first + 4, size);
    let least = entry(first);
    let child = first;
    for (let i = first + 1; i < end; i++) {
      const at = entry(i);
      if (before(load<f64>(at, KEY), load<u32>(at, ORDER), least)) {
        least = at;
        child = i;
      }
    }
    if (before(key, order, least)) break;
    move(index, least);
    index = child;
  }
  put(index, key, order, slot);
}
