// Timers: the host's, and those that belong to connections and the drain.
//
// I1  The time at which a timer is started may be told later: until then it is UNTIMED. So a host may
//     start many and read its clock once; none fires early.
// I2  Ties fire in the order they were started, whenever the time was told.
// I3  What is due stays alive, and can be removed or restarted, until `fire` runs it.

import {
  CAPACITY,
  COMMANDS,
  COMMANDS_AT_ONCE,
  ERR_FULL,
  ERR_STALE,
  ERR_TIME,
  LIVE,
  OK,
  PASS,
  TIMERS,
  USED,
} from "./memory";
import { isDuration, tell } from "./memory";
import { INTERVAL } from "./idle";
import { DEADLINE, ORDER, append, detach, next, refOf, slotIn, timerAt, unlink } from "./lists";
import { findTimer, give, hide, idOf, inUse, take } from "./slots";
import * as wheel from "./wheel";
import { UNTIMED_LIST } from "./wheel";

// In a record's first word, beside the generation: the timer starts again when it fires.
const IS_RECURRING: u32 = 1 << 29;

// What `fire` answers.
export const FIRE_VOID: i32 = 0; // removed or restarted meanwhile: nothing to do
export const FIRE_ONCE: i32 = 1; // run it; its id is spent
export const FIRE_RECURRING: i32 = 2; // run it; it is due again its interval after this pass began

// Deadlines of timers that have none.
const STOPPED: f64 = Infinity;
const UNTIMED: f64 = -Infinity;

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

/** Makes a timer for the host, and starts it unless `now` is NaN. Gives its id, ERR_TIME or ERR_FULL. */
export function create(after: f64, recurring: bool, now: f64): f64 {
  if (!isDuration(after)) {
    tell(now);
    return <f64>ERR_TIME;
  }
  const slot = takeTimer(after);
  if (slot < 0) return <f64>ERR_FULL;
  const timer = timerAt(slot);
  if (recurring) store<u32>(timer, load<u32>(timer) | IS_RECURRING);
  if (now == now) schedule(slot, tell(now) + after);
  return idOf(TIMERS, slot);
}

/** Gives a timer another interval for good, unless `after` is NaN, and restarts it, unless `now` is NaN. Gives OK, ERR_STALE or ERR_TIME. */
export function again(id: f64, after: f64, now: f64): i32 {
  const at = now == now ? tell(now) : now;
  const slot = findTimer(id);
  if (slot < 0) return ERR_STALE;
  if (after == after) {
    if (!isDuration(after)) return ERR_TIME;
    store<f64>(timerAt(slot), after, INTERVAL);
  }
  if (at == at) schedule(slot, at + load<f64>(timerAt(slot), INTERVAL));
  return OK;
}

/** Removes a timer. Gives OK or ERR_STALE. */
export function remove(id: f64): i32 {
  const slot = findTimer(id);
  if (slot < 0) return ERR_STALE;
  end(slot);
  return OK;
}

/** Does the first `count` commands: an id starts or restarts its timer, at `now` or, where that is NaN, at the time told next; a negative one removes it. Gives how many named no timer. */
export function command(count: i32, now: f64): i32 {
  const timed = now == now;
  let at = now;
  if (timed) time((at = tell(now)));
  const commands = <i32>min(<u32>count, <u32>COMMANDS_AT_ONCE);
  // Their timers lie all over memory. All are looked at before anything waits for one: that takes a fraction of the time.
  const mask = load<i32>(TIMERS, CAPACITY) - 1;
  for (let i = 0; i < commands; i++) load<u32>(timerAt(load<i32>((<usize>i) << 3, COMMANDS) & mask));
  let stale = 0;
  for (let i = 0; i < commands; i++) {
    const id = load<f64>((<usize>i) << 3, COMMANDS);
    const slot = findTimer(abs(id));
    if (slot < 0) stale++;
    else if (id < 0) end(slot);
    else if (timed) restart(slot, at);
    else startLater(slot);
  }
  return stale;
}

/** Makes a timer that belongs to a connection or the drain and does not run yet; its slot, or -1. */
export function createOwned(owner: f64): i32 {
  const slot = takeTimer(owner);
  if (slot < 0) return slot;
  hide(TIMERS, slot);
  owned++;
  return slot;
}

/** Removes an owned timer. */
export function removeOwned(slot: i32): void {
  end(slot);
  owned--;
}

/** Sets a timer's deadline, as of now. */
export function schedule(slot: i32, deadline: f64): void {
  store<u32>(timerAt(slot), ++sequence, ORDER);
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

/** Stops a timer; it stays alive. */
export function stop(slot: i32): void {
  const timer = timerAt(slot);
  const deadline = load<f64>(timer, DEADLINE);
  if (deadline == STOPPED) return;
  if (deadline == UNTIMED) unlink(refOf(slot));
  else wheel.withdraw(slot);
  store<f64>(timer, STOPPED, DEADLINE);
}

/** What the interval of a timer says: its owner, below zero. */
export function ownerOf(slot: i32): f64 {
  return load<f64>(timerAt(slot), INTERVAL);
}

/** Fires a timer of the host's that is due. Gives one of FIRE_…. */
export function fire(id: f64): i32 {
  const slot = findTimer(id);
  if (slot < 0 || !wheel.isDue(slot)) return FIRE_VOID;
  const timer = timerAt(slot);
  if ((load<u32>(timer) & IS_RECURRING) != 0) {
    schedule(slot, load<f64>(PASS) + load<f64>(timer, INTERVAL));
    return FIRE_RECURRING;
  }
  end(slot);
  return FIRE_ONCE;
}

/** Removes every timer. */
export function reset(): void {
  const used = load<i32>(TIMERS, USED);
  for (let slot = 0; slot < used; slot++) if (inUse(TIMERS, slot)) end(slot);
  wheel.reset();
  owned = 0;
}

function takeTimer(interval: f64): i32 {
  const slot = take(TIMERS);
  if (slot < 0) return slot;
  const timer = timerAt(slot);
  store<f64>(timer, interval, INTERVAL);
  store<f64>(timer, STOPPED, DEADLINE);
  return slot;
}

// A later deadline than it has is only stored (wheel.ts, I2).
function restart(slot: i32, at: f64): void {
  const timer = timerAt(slot);
  const deadline = at + load<f64>(timer, INTERVAL);
  const before = load<f64>(timer, DEADLINE);
  // What is due, or UNTIMED, is not in a bucket.
  if (deadline < before || before <= load<f64>(PASS)) return schedule(slot, deadline);
  store<f64>(timer, deadline, DEADLINE);
  store<u32>(timer, ++sequence, ORDER);
}

function startLater(slot: i32): void {
  const timer = timerAt(slot);
  stop(slot);
  store<u32>(timer, ++sequence, ORDER);
  store<f64>(timer, UNTIMED, DEADLINE);
  append(UNTIMED_LIST, refOf(slot));
}

// Tells the timers that have been started before they knew their time.
function time(at: f64): void {
  for (let ref = detach(UNTIMED_LIST); ref > 0;) {
    const slot = slotIn(ref);
    ref = next(ref);
    wheel.insert(slot, at + load<f64>(timerAt(slot), INTERVAL));
  }
}

function end(slot: i32): void {
  stop(slot);
  give(TIMERS, slot);
}
