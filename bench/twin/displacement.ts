// Displacement: while clients wait and no slot is free, the connection that has been silent longest makes room.
//
// I1  Only an admitted connection is chosen, only while a client waits for a slot, and only if it has been silent for the limit.
// I2  It is the one that has been silent longest; of several, the one with the lowest slot.
// I3  There is a timer only if clients wait and no connection has been silent for long enough: it is due when the first may have been.
//     Until then the table is not searched.

import { State } from "wasm-ioloop/core";
import { Alarm, type Alarms } from "./alarms.ts";
import type { Connections } from "./connections.ts";

export class Displacement {
  readonly #connections: Connections;
  readonly #alarms: Alarms;
  #limit = 0; // ms; 0 = never

  constructor(connections: Connections, alarms: Alarms) {
    this.#connections = connections;
    this.#alarms = alarms;
  }

  /** Sets for how many ms a connection must have been silent (0 = never). */
  set(idle: number): void {
    this.#limit = idle;
    this.#alarms.clear(Alarm.DISPLACEMENT);
  }

  /** The connection that must make room, or 0. To be asked only while a client waits for a slot. */
  find(now: number): number {
    if (this.#limit === 0 || this.#alarms.deadline(Alarm.DISPLACEMENT) < Infinity) return 0;
    const silent = this.#mostSilent();
    if (silent === 0) return 0;
    const deadline = this.#connections.idle.activity[silent]! + this.#limit;
    if (now >= deadline) return silent;
    this.#alarms.set(Alarm.DISPLACEMENT, deadline);
    return 0;
  }

  #mostSilent(): number {
    const connections = this.#connections;
    const { activity } = connections.idle;
    let found = 0;
    let least = Infinity;
    for (let slot = 1; slot < connections.slots.used; slot++) {
      const isAdmitted = connections.slots.inUse(slot) && connections.stateOf(slot) === State.INCOMING;
      if (!isAdmitted || !(activity[slot]! < least)) continue;
      least = activity[slot]!;
      found = slot;
    }
    return found;
  }
}
