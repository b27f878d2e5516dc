// Timers: those of the host, and those that connections and the drain own.
//
// I1  The start time of a timer may be set later; until then the timer is UNTIMED. So a host can
//     start many timers and read its clock once, and none fires early.
// I2  Timers with equal deadlines fire in the order in which they were started, whenever the start time was set.
// I3  A due timer stays valid, and can be removed or restarted, until `fire` fires it.

import {
  BASE,
  COMMANDS,
  COMMANDS_AT_ONCE,
  ERR_FULL,
  ERR_STALE,
  ERR_TIME,
  LIVE,
  OK,
  PASS,
  TIMER_SHIFT,
  TIMERS,
  USED,
} from "./memory";
import { isDuration, tell } from "./memory";
import { INTERVAL } from "./idle";
import { DEADLINE, ORDER, timerAt } from "./lists";
import {
  GENERATION_MASK,
  IN_USE,
  NAMED,
  SLOT_BITS,
  SLOT_MASK,
  TIMER_BITS,
  find,
  findTimer,
  give,
  giveAll,
  giveTimer,
  take,
  takeTimer,
  timerId,
} from "./slots";
import * as wheel from "./wheel";
import { STOPPED, startLater, startNew, stop, stopForGood, time } from "./wheel";

// In a record's first word, beside the generation: the timer restarts when it fires.
const IS_RECURRING: u32 = 1 << 29;

// Results of `fire`.
export const FIRE_VOID: i32 = 0; // removed or restarted meanwhile: nothing to do
export const FIRE_ONCE: i32 = 1; // run its callback; its id is spent
export const FIRE_RECURRING: i32 = 2; // run its callback; it is due again one interval after the start of this pass

let sequence: u32 = 0; // of the latest start
let owned: i32 = 0; // timers that belong to connections or the drain

/** The number of the host's timers: created, and neither fired nor removed. */
export function userTimers(): i32 {
  return load<i32>(TIMERS, LIVE) - owned;
}

/** Begins a pass at `now`. */
export function beginPass(now: f64): void {
  const at = tell(now);
  time(at);
  store<f64>(PASS, at);
  wheel.turn(at);
}

/** Creates a timer of `after` ms, from `now`. If `now` is NaN, it starts at the next time that is passed. Returns its id, ERR_TIME or ERR_FULL. */
export function handleTimer(after: f64, recurring: i32, now: f64): f64 {
  const at = now == now ? tell(now) : now;
  // isDuration and, below, count are inlined by hand, as not every engine inlines calls.
  if (!(after >= 0 && after < Infinity)) return <f64>ERR_TIME;
  const slot = takeTimer(recurring != 0 ? IS_RECURRING : 0);
  if (slot < 0) return <f64>ERR_FULL;
  const timer = timerAt(slot);
  store<f64>(timer, after, INTERVAL);
  store<u32>(timer, ++sequence, ORDER);
  startNew(timer);
  if (at == at) time(at);
  return timerId(slot, timer);
}

/** Sets the interval of a timer permanently, unless `after` is NaN, and restarts it, unless `now` is NaN. Returns OK, ERR_STALE or ERR_TIME. */
export function again(id: f64, after: f64, now: f64): i32 {
  const at = now == now ? tell(now) : now;
  const slot = find(TIMERS, id);
  if (slot < 0) return ERR_STALE;
  const timer = timerAt(slot);
  if (after == after) {
    if (!isDuration(after)) return ERR_TIME;
    store<f64>(timer, after, INTERVAL);
  }
  if (at == at) {
    schedule(slot, at + load<f64>(timer, INTERVAL));
    time(at);
  }
  return OK;
}

/** Removes a timer. Returns OK or ERR_STALE. */
export function handleTimerRemove(id: f64): i32 {
  const slot = findTimer(id);
  if (slot < 0) return ERR_STALE;
  end(slot);
  return OK;
}

/** Restarts the timers that the first `count` commands name, at `now`. If `now` is NaN, they start at the next time that is passed. Returns how many named no timer. */
export function command(count: i32, now: f64): i32 {
  const timed = now == now;
  const at = timed ? tell(now) : now;
  const commands = <i32>min(<u32>count, <u32>COMMANDS_AT_ONCE);
  const base = <usize>load<u32>(TIMERS, BASE);
  const used = load<i32>(TIMERS, USED);
  const pass = load<f64>(PASS);
  let order = sequence;
  let stale = 0;
  for (let i = 0; i < commands; i++) {
    // findTimer, inlined by hand.
    const id = load<u64>((<usize>i) << 3, COMMANDS);
    const slot = <i32>id & SLOT_MASK;
    const timer = base + ((<usize>slot) << TIMER_SHIFT);
    const name = (<u32>(id >> <u64>SLOT_BITS) & GENERATION_MASK) | IN_USE;
    if (id >> 51 != TIMER_BITS || slot >= used || (load<u32>(timer) & NAMED) != name) {
      stale++;
      continue;
    }
    store<u32>(timer, ++order, ORDER);
    const deadline = at + load<f64>(timer, INTERVAL);
    const before = load<f64>(timer, DEADLINE);
    // If the new deadline is later, storing it is enough (wheel.ts, I2). Timers that are due or UNTIMED are not in a bucket.
    if (deadline >= before) {
      if (before > pass) {
        store<f64>(timer, deadline, DEADLINE);
        continue;
      }
    }
    stop(slot);
    startLater(slot);
  }
  sequence = order;
  if (timed) time(at);
  return stale;
}

/** Creates a timer owned by a connection or the drain, without an id, stopped. Returns its slot, or -1. */
export function createOwned(owner: f64): i32 {
  const slot = take(TIMERS);
  if (slot < 0) return slot;
  const timer = timerAt(slot);
  store<f64>(timer, owner, INTERVAL);
  store<f64>(timer, STOPPED, DEADLINE);
  owned++;
  return slot;
}

/** Removes an owned timer. */
export function removeOwned(slot: i32): void {
  stop(slot);
  give(TIMERS, slot);
  owned--;
}

/** Restarts a timer with a deadline and a new sequence number. */
export function schedule(slot: i32, deadline: f64): void {
  count(timerAt(slot));
  postpone(slot, deadline);
}

/** Sets a timer's deadline and keeps its sequence number, so ties still fire in their original order. */
export function postpone(slot: i32, deadline: f64): void {
  stop(slot);
  wheel.insert(slot, deadline);
}

/** A timer's deadline; Infinity while it is stopped. */
export function deadlineOf(slot: i32): f64 {
  return load<f64>(timerAt(slot), DEADLINE);
}

/** A timer's interval. If it is negative, it names the timer's owner. */
export function ownerOf(slot: i32): f64 {
  return load<f64>(timerAt(slot), INTERVAL);
}

/** Fires a timer of the host if it is due. Returns one of FIRE_…. */
export function fire(slot: i32): i32 {
  if (!wheel.isDue(slot)) return FIRE_VOID;
  const timer = timerAt(slot);
  if ((load<u32>(timer) & IS_RECURRING) != 0) {
    schedule(slot, load<f64>(PASS) + load<f64>(timer, INTERVAL));
    return FIRE_RECURRING;
  }
  end(slot);
  return FIRE_ONCE;
}

/** Removes every timer of the host. Owned timers must have been removed before. */
export function reset(): void {
  giveAll(TIMERS);
  wheel.reset();
}

// Assigns the sequence number that orders timers with equal deadlines.
function count(timer: usize): void {
  store<u32>(timer, ++sequence, ORDER);
}

// Removes a timer of the host. These are never stopped.
function end(slot: i32): void {
  const timer = timerAt(slot);
  stopForGood(timer);
  giveTimer(slot, timer);
}
