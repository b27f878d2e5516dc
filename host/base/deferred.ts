// A promise that is settled from outside, some time after its outcome is known.

import { queueMicrotask } from "./runtime.ts";
import { text } from "./show.ts";

const MOST_ERRORS = 100;

/** A promise, and the methods that settle it. */
export class Deferred {
  readonly promise: Promise<void>;
  /** Whether the promise is settled. */
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

  /** Keeps a rejection without a handler from being reported as unhandled. Returns this. */
  silent(): this {
    this.promise.catch(() => {});
    return this;
  }

  /** Makes `settle` reject with this error. Several errors become one AggregateError, with the first hundred. */
  fail(error: unknown): void {
    if (this.#failures.length < MOST_ERRORS) this.#failures.push(error);
  }

  /** Settles the promise with this error. */
  end(error: unknown): void {
    this.fail(error);
    this.settle();
  }

  /** Settles the promise: resolves it, or rejects it if there was an error. */
  settle(): void {
    this.hasEnded = true;
    const [first, ...others] = this.#failures;
    if (this.#failures.length === 0) this.#resolve();
    else if (others.length === 0) this.#reject(first);
    else this.#reject(new AggregateError([first, ...others], `${others.length + 1} errors; the first: ${text(first)}`));
    // After the reactions of promises that were settled just before this one.
    if (this.#onEnd.size > 0) queueMicrotask(() => this.#onEnd.forEach((end) => end()));
  }

  /** Settles as `promise` does, or resolves if this one settles first. Unlike `Promise.race`, leaves nothing behind on this one. */
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
