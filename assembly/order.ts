// The order of admission: first come, first served; or adaptive, which serves the newest first while clients wait long.
//
// Under overload, first come, first served gives every slot to a client that has waited for longer than its patience lasts. So while the
// oldest has waited long, the newest is admitted: it is the one that is most likely still there.
// I1  First come, first served, while no client waits for longer than targetWait and no queue overflows.
// I2  Adaptive: the newest is admitted only if the oldest has waited for longer than targetWait, or a queue has overflowed within targetWait.
// I3  Adaptive: only the oldest client of an acceptor is ever evicted: when another one arrives and the queue is full, or when it has waited
//     for PATIENCE times targetWait, or for the acceptor's waitTimeout if that is less.
// It never searches the queue: acceptors.ts does.

import { ERR_TIME, OK, isDuration } from "./memory";
import { activity } from "./idle";
import * as acceptors from "./acceptors";

// How many times targetWait the oldest may wait. With the newest first, old clients cost nothing while there are new ones; evicting
// them early would lose those that could be served after the peak.
const PATIENCE: f64 = 50;

let adaptive: bool = false;
let targetWait: f64 = 100; // ms
let overflowed: f64 = -Infinity; // when a queue was last full

/** Sets the order, and targetWait in ms, up to which clients are served in order of arrival. Returns OK, or ERR_TIME with nothing changed. */
export function set(isAdaptive: bool, target: f64): i32 {
  if (!isDuration(target)) return ERR_TIME;
  adaptive = isAdaptive;
  targetWait = target;
  return OK;
}

/** Whether the newest client is admitted now. */
export function isNewestFirst(now: f64): bool {
  if (!adaptive) return false;
  if (now - overflowed <= targetWait) return true;
  const oldest = acceptors.oldest();
  return oldest >= 0 && now - load<f64>(activity(oldest)) > targetWait;
}

/** A client of an acceptor has arrived, and its queue is full. Returns whether the oldest is evicted for it; otherwise it is dropped. */
export function makesRoom(acceptor: i32, now: f64): bool {
  if (!adaptive || acceptors.hasNoQueue(acceptor)) return false;
  overflowed = now;
  acceptors.giveUpOldest(acceptor);
  return true;
}

/** How long a client of an acceptor may wait, in ms; 0 = unlimited. */
export function patience(acceptor: i32): f64 {
  const timeout = acceptors.waitTimeout(acceptor);
  if (!adaptive) return timeout;
  const most = PATIENCE * targetWait;
  return timeout == 0 || most < timeout ? most : timeout;
}

/** Resets the state. The settings stay. */
export function reset(): void {
  overflowed = -Infinity;
}
