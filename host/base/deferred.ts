// A promise that is settled from outside, and later than its outcome is known.

import { queueMicrotask } from "./runtime.ts";
import { text } from "./show.ts";

const MOST_ERRORS = 100;

/** A promise, and what settles it. */
export class Deferred {
  readonly promise: Promise<void>;
  /** Whether its promise is settled. */
  hasEnded = false;
  readonly #onEnd = new Set<() => void>();
  readonly #failures: unknown[] = [];
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

  /** It is to end with an error. Of several, with an AggregateError of them, up to a hundred. */
  fail(error: unknown): void {
    if (this.#failures.length < MOST_ERRORS) this.#failures.push(error);
  }

  /** It has ended. */
  settle(): void {
    this.hasEnded = true;
    const [first, ...others] = this.#failures;
    if (this.#failures.length === 0) this.#resolve();
    else if (others.length === 0) this.#reject(first);
    else this.#reject(new AggregateError([first, ...others], `${others.length + 1} errors; the first: ${text(first)}`));
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
