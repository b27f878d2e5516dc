// What is due: the ids that one crossing hands to the host, and the answer for each.
//
// I1  Ids come in deadline order, those with the same deadline in the order they were started.
// I2  An id the host did not answer for is offered again by the next poll: nothing is lost.
// I3  Between the poll and the answer an id may be removed or restarted; the answer then is FIRE_VOID.
// I4  A connection whose lifetime and whose deadline are due is in the batch twice; the lifetime is answered first.
// I5  A client that could have come in has not waited too long: only the passes that did not run, or multiAccept, kept it out.
// The drain's timer is the core's own business and never reaches the host.

import { BATCH, DUE, PASS, TIMERS } from "./memory";
import * as admission from "./admission";
import * as connections from "./connections";
import { DRAIN, ownerIn } from "./idle";
import * as lifetimes from "./lifetimes";
import { next, slotIn } from "./lists";
import { find, idOf } from "./slots";
import * as stopping from "./stopping";
import * as timers from "./timers";
import { firstDue, isDue, stop } from "./wheel";

/** The lifetime of a connection has passed; beside what connections.ts has for deadlines. */
export const EXPIRED_LIFETIME: i32 = 7;

/** Puts what is due in this pass into the batch. Gives how many ids it holds. */
export function poll(): i32 {
  let batch = 0;
  for (let ref = firstDue(); ref > 0 && batch < BATCH;) {
    const timer = slotIn(ref);
    ref = next(ref);
    const owner = timers.ownerOf(timer);
    let id: f64 = 0;
    if (owner >= 0) id = idOf(TIMERS, timer);
    else if (owner == DRAIN) stopping.drainTimerPassed();
    else if (connections.hasPassed(timer)) id = connections.connectionId(ownerIn(owner));
    if (id == 0) continue;
    store<f64>(DUE + ((<usize>batch) << 3), id);
    batch++;
  }
  return batch;
}

/** Answers for one id: FIRE_… for a timer, EXPIRED_… for a connection, 0 when there is nothing to do any more. */
export function answer(id: f64): i32 {
  const its = find(TIMERS, id); // first, for it is what most of them are
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
  if (admission.couldComeIn(slot, state)) {
    timers.schedule(timer, load<f64>(PASS) + connections.timeoutOf(slot));
    return timers.FIRE_VOID;
  }
  stop(timer);
  return connections.expired(state);
}

function isOver(timer: i32): bool {
  return timer >= 0 && isDue(timer) && connections.hasPassed(timer);
}
