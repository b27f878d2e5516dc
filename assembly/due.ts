// Expired timers: the batch of ids that one call hands to the host, and what the host must do for each.
//
// I1  Ids are in order of their deadlines, and with equal deadlines in the order in which they were started.
// I2  An id that the host did not pass to `answer` is returned again by the next poll: nothing is lost.
// I3  An id may be removed or restarted between `poll` and `answer`; then `answer` returns FIRE_VOID.
// I4  A connection whose lifetime and whose deadline are both due is in the batch twice; the lifetime is answered first.
// The timers of the core itself, such as that of the waiting clients, never reach the host.

import { BATCH, DUE, TIMERS } from "./memory";
import * as connections from "./connections";
import * as alarms from "./alarms";
import { ALARM_OWNER, ownerIn } from "./idle";
import * as lifetimes from "./lifetimes";
import { next, slotIn } from "./lists";
import { find, idOf } from "./slots";
import * as stopping from "./stopping";
import * as timers from "./timers";
import * as waiting from "./waiting";
import { firstDue, isDue, stop } from "./wheel";

/** The lifetime of a connection has passed. The other EXPIRED_… are in connections.ts. */
export const EXPIRED_LIFETIME: i32 = 7;

/** Fills the batch with the ids that are due in this pass. Returns how many it holds. */
export function poll(): i32 {
  let batch = 0;
  for (let ref = firstDue(); ref > 0 && batch < BATCH;) {
    const timer = slotIn(ref);
    ref = next(ref);
    const owner = timers.ownerOf(timer);
    let id: f64 = 0;
    if (owner >= 0) id = idOf(TIMERS, timer);
    else if (owner <= ALARM_OWNER) passed(<i32>(ALARM_OWNER - owner));
    else if (connections.hasPassed(timer)) id = connections.connectionId(ownerIn(owner));
    if (id == 0) continue;
    store<f64>(DUE + ((<usize>batch) << 3), id);
    batch++;
  }
  return batch;
}

/** What to do for one id of the batch: FIRE_… for a timer, EXPIRED_… for a connection, 0 if there is nothing to do any more. */
export function answer(id: f64): i32 {
  const its = find(TIMERS, id); // first, as most ids are those of timers
  if (its >= 0) return timers.fire(its);
  const slot = connections.slotOf(id);
  if (slot < 0) return timers.FIRE_VOID;
  const state = connections.stateOf(slot);
  const life = lifetimes.timerOf(slot, state);
  if (isOver(life)) {
    stop(life);
    return EXPIRED_LIFETIME;
  }
  const timer = connections.timerOf(slot);
  if (!isOver(timer)) return timers.FIRE_VOID;
  stop(timer);
  return connections.expired(state);
}

function isOver(timer: i32): bool {
  return timer >= 0 && isDue(timer) && connections.hasPassed(timer);
}

// A timer of the core itself has expired.
function passed(purpose: i32): void {
  alarms.clear(purpose);
  if (purpose == alarms.DRAIN) stopping.drainTimerPassed();
  else if (purpose == alarms.WAITS) waiting.lookAgain();
}
