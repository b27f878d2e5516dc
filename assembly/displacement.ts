// Displacement: while clients wait and no slot is free, the connection that has been silent longest makes room.
//
// I1  Only an admitted connection is chosen, only while a client waits that could be admitted if there were a slot, and only if the
//     connection has been silent for at least the limit.
// I2  It is the one that has been silent longest; of several, the one with the lowest slot.
// I3  `nextLook` is never later than the time at which a connection can have been silent for long enough, since activity only grows.
//     So the table is searched only when there may be something to find.
// I4  There is a timer only if clients had to wait for that time: it is due at nextLook.
// It never closes a connection: the host does, or records activity if the connection must stay.

import { CONNECTIONS, ERR_TIME, OK, USED, isDuration } from "./memory";
import * as connections from "./connections";
import { DISPLACEMENT, activity } from "./idle";
import { inUse } from "./slots";
import { createOwned, removeOwned, schedule } from "./timers";

let limit: f64 = 0; // ms; 0 = never
let nextLook: f64 = 0;
let timer: i32 = 0; // timer slot + 1

/** Sets for how many ms a connection must have been silent (0 = never). Returns OK, or ERR_TIME with nothing changed. */
export function set(idle: f64): i32 {
  if (!isDuration(idle)) return ERR_TIME;
  limit = idle;
  nextLook = 0;
  timerPassed();
  return OK;
}

/** The connection that must make room, or -1. To be asked only while a client waits for a slot. */
export function find(now: f64): i32 {
  if (limit == 0) return -1;
  if (now >= nextLook) {
    const silent = mostSilent();
    if (silent < 0) return -1;
    nextLook = load<f64>(activity(silent)) + limit;
    if (now >= nextLook) return silent;
  }
  if (timer == 0) {
    timer = createOwned(DISPLACEMENT) + 1;
    if (timer > 0) schedule(timer - 1, nextLook);
  }
  return -1;
}

/** The timer has expired: there may be something to find. */
export function timerPassed(): void {
  if (timer > 0) removeOwned(timer - 1);
  timer = 0;
}

/** Everything is removed. The setting stays. */
export function reset(): void {
  timer = 0;
  nextLook = 0;
}

function mostSilent(): i32 {
  const used = load<i32>(CONNECTIONS, USED);
  let found = -1;
  let least: f64 = Infinity;
  for (let slot = 0; slot < used; slot++) {
    const at = load<f64>(activity(slot));
    if (at < least && inUse(CONNECTIONS, slot) && connections.stateOf(slot) == connections.INCOMING) {
      least = at;
      found = slot;
    }
  }
  return found;
}
