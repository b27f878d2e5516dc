// What is due: the batch of ids that one crossing hands to the host, and the answer for each.
//
// I1  Ids come in deadline order, those with the same deadline in the order they were started.
// I2  An id the host did not answer for is offered again by the next poll: nothing collected is lost.
// I3  Between the poll and the answer an id may be removed or restarted; the answer then is FIRE_VOID.
// The drain's timer is the core's own business and never reaches the host.

import { BATCH, DUE } from "./memory";
import * as admission from "./admission";
import * as connections from "./connections";
import * as timers from "./timers";
import { TIMERS } from "./memory";
import { find, idOf } from "./slots";

let batch: i32 = 0;

/** Collects what is due in this pass into the batch. Gives how many ids it holds. */
export function poll(): i32 {
  batch = keepUnanswered();
  while (batch < BATCH) {
    const timer = timers.collectNext();
    if (timer < 0) break;
    const owner = timers.ownerOf(timer);
    if (owner == timers.DRAIN) admission.drainTimerPassed();
    else if (owner <= 0) put(batch++, idOf(TIMERS, timer));
    else if (connections.hasExpired(owner - 1)) put(batch++, connections.connectionId(owner - 1));
  }
  return batch;
}

/** Answers for one id of the batch: FIRE_… for a timer, EXPIRED_… for a connection, 0 when there is nothing to do any more. */
export function answer(id: f64): i32 {
  const slot = connections.slotOf(id);
  if (slot < 0) return timers.fire(id);
  if (!expires(slot)) return timers.FIRE_VOID;
  return connections.hasExpired(slot) ? connections.expire(slot) : timers.FIRE_VOID;
}

/** Empties the batch. */
export function reset(): void {
  batch = 0;
}

function keepUnanswered(): i32 {
  if (timers.waitingToFire() == 0) return 0;
  let kept = 0;
  for (let i = 0; i < batch; i++) {
    const id = load<f64>(DUE + ((<usize>i) << 3));
    const connection = connections.slotOf(id);
    const timer = connection < 0 ? find(TIMERS, id) : -1;
    if (connection < 0 ? timer >= 0 && timers.isCollected(timer) : expires(connection)) put(kept++, id);
  }
  return kept;
}

function expires(connection: i32): bool {
  const timer = connections.timerOf(connection);
  return timer >= 0 && timers.isCollected(timer);
}

function put(index: i32, id: f64): void {
  store<f64>(DUE + ((<usize>index) << 3), id);
}
