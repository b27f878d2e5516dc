// The order of admission: first come, first served; or adaptive, which serves the newest first while clients wait long.
//
// I1  First come, first served, while no client waits for longer than targetWait and no queue overflows.
// I2  Adaptive: the newest is admitted only if the oldest has waited for longer than `#boundary`, or a queue has overflowed within it.
// I3  targetWait <= boundary <= max(targetWait, min(50 * targetWait, waitTimeout / 12)). Only `found` moves it: up by at most 5 % for a client, down by 20 %.
// It never searches a queue: waiting.ts does.

const PATIENCE = 50; // times targetWait
const LONGEST = 12; // times the boundary

export class Order {
  isAdaptive = false;
  #targetWait = 100; // ms
  #boundary = 100; // ms: with a longer wait of the oldest, the newest is admitted
  #overflowed = -Infinity; // when a queue was last full

  /** Sets the order, and targetWait in ms. Learning starts again. */
  set(isAdaptive: boolean, targetWait: number): void {
    this.isAdaptive = isAdaptive;
    this.#targetWait = targetWait;
    this.#boundary = targetWait;
  }

  /** Whether the newest client is admitted at `now`, if the oldest has waited since `since`. */
  isNewestFirst(since: number, now: number): boolean {
    return this.isAdaptive && (now - since > this.#boundary || now - this.#overflowed <= this.#boundary);
  }

  /** A queue is full. */
  overflow(now: number): void {
    this.#overflowed = now;
  }

  /** How long a client may wait, given the waitTimeout of its acceptor, in ms. */
  patience(timeout: number): number {
    if (!this.isAdaptive) return timeout;
    return Math.min(timeout, Math.max(PATIENCE * this.#targetWait, LONGEST * this.#boundary));
  }

  /** Learns whether a client had gone that was admitted after a wait, given the waitTimeout of its acceptor. */
  found(wait: number, isGone: boolean, timeout: number): void {
    if (wait <= (isGone ? this.#targetWait : this.#boundary * 0.5)) return;
    const most = Math.min(PATIENCE * this.#targetWait, timeout / LONGEST);
    this.#boundary = Math.max(this.#targetWait, Math.min(most, this.#boundary * (isGone ? 0.8 : 1.05)));
  }
}
