// Displacement: while clients wait and no slot is free, the connection that has been silent longest makes room.
//
// I1  Only an admitted connection is chosen, only while a client waits that could be admitted if there were a slot, and only if the
//     connection has been silent for at least the limit.
// I2  It is the one that has been silent longest; of several, the one with the lowest slot.
// I3  There is a timer only if clients wait and no connection has been silent for long enough: it is due when the first may have been, since
//     activity only grows. Until then the table is not searched.
// It never closes a connection: the host does, or records activity if the connection must stay.

import { CONNECTIONS, USED } from "./memory";
import * as connections from "./connections";
import * as alarms from "./alarms";
import { activity } from "./idle";
import { inUse } from "./slots";

let limit: f64 = 0; // ms; 0 = never

/** Sets for how many ms a connection must have been silent (0 = never). */
export function set(idle: f64): void {
  limit = idle;
  alarms.clear(alarms.DISPLACEMENT);
}

/** The connection that must make room, or 0. To be asked only while a client waits for a slot. */
export function find(now: f64): i32 {
  if (limit == 0 || alarms.deadline(alarms.DISPLACEMENT) < Infinity) return 0;
  const silent = mostSilent();
  if (silent == 0) return 0;
  const deadline = load<f64>(activity(silent)) + limit;
  if (now >= deadline) return silent;
  alarms.set(alarms.DISPLACEMENT, deadline);
  return 0;
}

function mostSilent(): i32 {
  const used = load<i32>(CONNECTIONS, USED);
  let found = 0;
  let least: f64 = Infinity;
  for (let slot = 1; slot < used; slot++) {
    const at = load<f64>(activity(slot));
    if (at < least && inUse(CONNECTIONS, slot) && connections.stateOf(slot) == connections.INCOMING) {
      least = at;
      found = slot;
    }
  }
  return found;
}
