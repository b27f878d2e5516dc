// A promise that is settled from outside, and later than its outcome is known.

import { queueMicrotask } from "./runtime.ts";

/** A promise, and what settles it. */
export class Deferred {
  readonly promise: Promise<void>;
  /** Whether its promise is settled. */
  hasEnded = false;
  readonly #onEnd = new Set<() => void>();
  #failure: { error: unknown } | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** A rejection that nobody waits for is not reported. Returns this. */
  silent(): this {
    this.promise.catch(() => {});
    return this;
  }

  /** It is to end with an error. The first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** It has ended. */
  settle(): void {
    this.hasEnded = true;
    if (this.#failure) this.#reject(this.#failure.error);
    else this.#resolve();
    // Later than promises that have been settled before it in the same turn.
    if (this.#onEnd.size > 0) queueMicrotask(() => this.#onEnd.forEach((end) => end()));
  }

  /** Settles as a promise does, or resolves if this ends before: `Promise.race`, but nothing of it is kept by this. */
  race(promise: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onEnd.add(resolve);
      const over = (settle: () => void): void => {
        this.#onEnd.delete(resolve);
        settle();
      };
      promise.then(
        () => over(resolve),
        (error: unknown) => over(() => reject(error)),
      );
    });
  }
}

/** Whether a callback's result must be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
