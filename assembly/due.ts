// What is due: the ids that one crossing hands to the host, and the answer for each.
//
// I1  Ids come in deadline order, those with the same deadline in the order they were started.
// I2  An id the host did not answer for is offered again by the next poll: nothing is lost.
// I3  Between the poll and the answer an id may be removed or restarted; the answer then is FIRE_VOID.
// I4  A connection whose lifetime and whose deadline are due is in the batch twice; the lifetime is answered first.
// I5  A client that could have come in has not waited too long: only the passes that did not run, or multiAccept, kept it out.
// The drain's timer is the core's own business and never reaches the host.

import { BATCH, DUE, TIMERS } from "./memory";
import * as admission from "./admission";
import * as connections from "./connections";
import { DRAIN, connectionOf, lifetimeOf } from "./idle";
import * as lifetimes from "./lifetimes";
import { next, slotIn } from "./lists";
import { find, idOf } from "./slots";
import * as stopping from "./stopping";
import * as timers from "./timers";
import { firstDue, isDue } from "./wheel";

/** The lifetime of a connection has passed; beside what connections.ts has for deadlines. */
export const EXPIRED_LIFETIME: i32 = 7;

/** Puts what is due in this pass into the batch. Gives how many ids it holds. */
export function poll(): i32 {
  let batch = 0;
  for (let ref = firstDue(); ref > 0 && batch < BATCH;) {
    const timer = slotIn(ref);
    ref = next(ref);
    const owner = timers.ownerOf(timer);
    const connection = connectionOf(owner);
    if (owner >= 0) put(batch++, idOf(TIMERS, timer));
    else if (owner == DRAIN) stopping.drainTimerPassed();
    else if (connection < 0) put(batch++, connections.connectionId(lifetimeOf(owner)));
    else if (connections.hasExpired(connection)) put(batch++, connections.connectionId(connection));
  }
  return batch;
}

/** Answers for one id: FIRE_… for a timer, EXPIRED_… for a connection, 0 when there is nothing to do any more. */
export function answer(id: f64): i32 {
  const its = find(TIMERS, id); // first, for it is what most of them are
  if (its >= 0) return timers.fire(its);
  const slot = connections.slotOf(id);
  if (slot < 0) return timers.FIRE_VOID;
  if (lifetimes.hasPassed(slot)) return EXPIRED_LIFETIME;
  const timer = connections.timerOf(slot);
  if (timer < 0 || !isDue(timer) || !connections.hasExpired(slot)) return timers.FIRE_VOID;
  if (admission.couldComeIn(slot)) {
    connections.renew(slot);
    return timers.FIRE_VOID;
  }
  return connections.expire(slot);
}

function put(index: i32, id: f64): void {
  store<f64>(DUE + ((<usize>index) << 3), id);
}
