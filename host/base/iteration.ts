// The base of async iterators: one `next` waits at a time, and others queue behind it.

import { DENO, NODE } from "./inspect.ts";
import { silent } from "./signals.ts";

/** What `next` resolves to. */
export type Result<T> = IteratorResult<T, undefined>;

/** The result after the last one. */
export const DONE = { done: true, value: undefined } as const;

/** An async iterator. Its class returns what there is, and settles what waits. */
export abstract class Iteration<T> implements AsyncIterableIterator<T> {
  #waiting: Promise<Result<T>> | undefined;
  #resolve!: (result: Result<T>) => void;
  #reject!: (error: unknown) => void;

  /** Whether a `next` waits. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<T>> {
    const before = this.#waiting;
    if (before) {
      const again = (): Promise<Result<T>> => this.next();
      return silent(before.then(again, again));
    }
    const found = this.found();
    if (found) return Promise.resolve(found);
    const promise = new Promise<Result<T>>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#waiting = promise;
    this.asked();
    return promise;
  }

  /** @internal */
  [NODE](): string {
    return `${this.constructor.name} { isWaiting: ${this.isWaiting} }`;
  }

  /** @internal */
  [DENO](): string {
    return this[NODE]();
  }

  /** Leaves the iteration. */
  return(): Promise<Result<T>> {
    this.left();
    return Promise.resolve(DONE);
  }

  /** The result that is there already; undefined if there is none. */
  protected abstract found(): Result<T> | undefined;

  /** A `next` waits. */
  protected abstract asked(): void;

  /** The iteration is left. */
  protected abstract left(): void;

  /** Resolves the `next` that waits, if one does. */
  protected settle(result: Result<T>): void {
    if (!this.#waiting) return;
    this.#waiting = undefined;
    this.#resolve(result);
  }

  /** Rejects the `next` that waits, if one does. Without a handler, that is silent. */
  protected fail(error: unknown): void {
    if (!this.#waiting) return;
    void silent(this.#waiting);
    this.#waiting = undefined;
    this.#reject(error);
  }
}
