// Timers: the host's, and those that belong to connections and the drain.
//
// I1  The time at which a timer is started may be told later: until then it is UNTIMED. So a host may
//     start many and read its clock once; none fires early.
// I2  Ties fire in the order they were started, whenever the time was told.
// I3  What is due stays alive, and can be removed or restarted, until `fire` runs it.

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
  RECORD_SHIFT,
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

// In a record's first word, beside the generation: the timer starts again when it fires.
const IS_RECURRING: u32 = 1 << 29;

// What `fire` answers.
export const FIRE_VOID: i32 = 0; // removed or restarted meanwhile: nothing to do
export const FIRE_ONCE: i32 = 1; // run it; its id is spent
export const FIRE_RECURRING: i32 = 2; // run it; it is due again its interval after this pass began

let sequence: u32 = 0; // of the latest start
let owned: i32 = 0; // timers that belong to connections or the drain

/** Timers the host has made and that have not fired or been removed. */
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

/** A timer of `after` ms, from `now` or, where that is NaN, from the time told next. Gives its id, ERR_TIME or ERR_FULL. */
export function handleTimer(after: f64, recurring: i32, now: f64): f64 {
  const at = now == now ? tell(now) : now;
  // As isDuration and, below, count: without a call, which not every engine inlines.
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

/** Gives a timer another interval for good, unless `after` is NaN, and restarts it, unless `now` is NaN. Gives OK, ERR_STALE or ERR_TIME. */
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

/** Removes a timer. Gives OK or ERR_STALE. */
export function handleTimerRemove(id: f64): i32 {
  const slot = findTimer(id);
  if (slot < 0) return ERR_STALE;
  end(slot);
  return OK;
}

/** Restarts the timers that the first `count` commands name, at `now` or, where that is NaN, at the time told next. Gives how many named none. */
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
    // As findTimer, without a call.
    const id = load<u64>((<usize>i) << 3, COMMANDS);
    const slot = <i32>id & SLOT_MASK;
    const timer = base + ((<usize>slot) << RECORD_SHIFT);
    const name = (<u32>(id >> <u64>SLOT_BITS) & GENERATION_MASK) | IN_USE;
    if (id >> 51 != TIMER_BITS || slot >= used || (load<u32>(timer) & NAMED) != name) {
      stale++;
      continue;
    }
    store<u32>(timer, ++order, ORDER);
    const deadline = at + load<f64>(timer, INTERVAL);
    const before = load<f64>(timer, DEADLINE);
    // A later deadline than it has is only stored (wheel.ts, I2). What is due, or UNTIMED, is not in a bucket.
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

/** Makes a timer that belongs to a connection or the drain, has no id, and does not run yet; its slot, or -1. */
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

/** Sets a timer's deadline, as of now. */
export function schedule(slot: i32, deadline: f64): void {
  count(timerAt(slot));
  postpone(slot, deadline);
}

/** Sets a timer's deadline; its turn among equals stays. */
export function postpone(slot: i32, deadline: f64): void {
  stop(slot);
  wheel.insert(slot, deadline);
}

/** A timer's deadline; Infinity while it does not run. */
export function deadlineOf(slot: i32): f64 {
  return load<f64>(timerAt(slot), DEADLINE);
}

/** What the interval of a timer says: its owner, below zero. */
export function ownerOf(slot: i32): f64 {
  return load<f64>(timerAt(slot), INTERVAL);
}

/** Fires a timer of the host's if it is due. Gives one of FIRE_…. */
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

/** Removes every timer of the host's; those that are owned have been removed. */
export function reset(): void {
  giveAll(TIMERS);
  wheel.reset();
}

// Gives a timer that starts its turn among equals.
function count(timer: usize): void {
  store<u32>(timer, ++sequence, ORDER);
}

// Ends a timer of the host's. These always run.
function end(slot: i32): void {
  const timer = timerAt(slot);
  stopForGood(timer);
  giveTimer(slot, timer);
}
