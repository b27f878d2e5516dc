// Lifetimes: how long a connection may be open at all.
//
// I1  A lifetime begins when a client is admitted, an attempt has succeeded, or a connection is tracked. It is bounded only in
//     the states that follow, from INCOMING to EXEMPT, and only if a limit was set. Only then does it have a timer.
// I2  Activity does not move its end.

import { Code, State } from "wasm-ioloop/core";
import { longer } from "./arrays.ts";
import { isDuration } from "./clock.ts";
import { lifetimeOwnerFor } from "./idle.ts";
import type { Timers } from "./timers.ts";

export class Lifetimes {
  readonly #timers: Timers;
  // By slot of connection.
  #timer: Int32Array; // timer slot + 1, or 0
  #start: Float64Array;

  constructor(timers: Timers, capacity: number) {
    this.#timers = timers;
    this.#timer = new Int32Array(capacity);
    this.#start = new Float64Array(capacity);
  }

  grow(capacity: number): void {
    this.#timer = longer(this.#timer, capacity);
    this.#start = longer(this.#start, capacity);
  }

  /** Begins a lifetime at `now`. */
  begin(connection: number, now: number): void {
    this.#start[connection] = now;
  }

  /** When a lifetime began; while a client waits, when it arrived. */
  startOf(connection: number): number {
    return this.#start[connection]!;
  }

  /** Removes the limit of a lifetime. */
  end(connection: number): void {
    const timer = this.#timer[connection]! - 1;
    if (timer < 0) return;
    this.#timers.removeOwned(timer);
    this.#timer[connection] = 0;
  }

  /** Limits the lifetime of a connection in some state to so many milliseconds (0 = unlimited). Returns OK, STATE, TIME or FULL. */
  set(connection: number, state: number, lifetime: number): number {
    if (state < State.INCOMING || state > State.EXEMPT) return Code.STATE;
    if (!isDuration(lifetime)) return Code.TIME;
    if (lifetime === 0) {
      this.end(connection);
      return Code.OK;
    }
    let timer = this.#timer[connection]! - 1;
    if (timer < 0) {
      timer = this.#timers.createOwned(lifetimeOwnerFor(connection));
      if (timer < 0) return Code.FULL;
      this.#timer[connection] = timer + 1;
    }
    this.#timers.schedule(timer, this.#start[connection]! + lifetime);
    return Code.OK;
  }

  /** Whether a lifetime has passed: true once. */
  hasPassed(connection: number): boolean {
    const timer = this.#timer[connection]! - 1;
    if (timer < 0 || !this.#timers.isDue(timer)) return false;
    this.#timers.stop(timer);
    return true;
  }
}
