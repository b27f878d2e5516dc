// The order of admission: first come, first served; or adaptive, which serves the newest first while clients wait long.
//
// I1  First come, first served, while no client waits for longer than targetWait and no queue overflows.
// I2  Adaptive: the newest is admitted only if the oldest has waited for longer than targetWait, or a queue has overflowed within it.
// I3  Adaptive: only the oldest client of an acceptor is evicted: for another one when the queue is full, or for its age.

import { Code } from "wasm-ioloop/core";
import type { Acceptors } from "./acceptors.ts";
import { isDuration } from "./clock.ts";
import type { Idle } from "./idle.ts";

const PATIENCE = 50; // times targetWait

export class Order {
  readonly #acceptors: Acceptors;
  readonly #idle: Idle;
  #adaptive = false;
  #targetWait = 100; // ms
  #overflowed = -Infinity; // when a queue was last full

  constructor(acceptors: Acceptors, idle: Idle) {
    this.#acceptors = acceptors;
    this.#idle = idle;
  }

  /** Sets the order, and targetWait in ms. Returns OK or TIME. */
  set(adaptive: boolean, targetWait: number): number {
    if (!isDuration(targetWait)) return Code.TIME;
    this.#adaptive = adaptive;
    this.#targetWait = targetWait;
    return Code.OK;
  }

  /** Whether the newest client is admitted now. */
  isNewestFirst(now: number): boolean {
    if (!this.#adaptive) return false;
    if (now - this.#overflowed <= this.#targetWait) return true;
    const oldest = this.#acceptors.oldest();
    return oldest >= 0 && now - this.#idle.activity[oldest]! > this.#targetWait;
  }

  /** A client of an acceptor has arrived, and its queue is full. Returns whether the oldest is evicted for it. */
  makesRoom(acceptor: number, now: number): boolean {
    if (!this.#adaptive || this.#acceptors.hasNoQueue(acceptor)) return false;
    this.#overflowed = now;
    this.#acceptors.giveUpOldest(acceptor);
    return true;
  }

  /** How long a client of an acceptor may wait, in ms; 0 = unlimited. */
  patience(acceptor: number): number {
    const timeout = this.#acceptors.waitTimeout(acceptor);
    if (!this.#adaptive) return timeout;
    const most = PATIENCE * this.#targetWait;
    return timeout === 0 ? most : Math.min(most, timeout);
  }

  /** Resets the state. The settings stay. */
  reset(): void {
    this.#overflowed = -Infinity;
  }
}
