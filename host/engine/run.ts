// One run of a loop, from `start` until it has stopped.

/** A run: its promise, how it is to end, and whether it ought to. */
export class Run {
  readonly promise: Promise<void>;
  /** Whether it ends as soon as something has been dispatched. */
  readonly once: boolean;
  /** Whether something has been. */
  dispatched = false;
  /** Whether it goes on when there is nothing to wait for. */
  readonly forever: boolean;
  /** Whether it was told to stop, and ends with the current pass. */
  stopping = false;
  /** Whether it ends with the current pass, because one was all it was to run. */
  isOver = false;
  /** Whether its promise is settled. */
  hasEnded = false;
  readonly #onEnd = new Set<() => void>();
  #failure: { error: unknown } | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(once = false, forever = false) {
    this.once = once;
    this.forever = forever;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** It is to end with an error that nobody heard. The first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** It has ended. */
  settle(): void {
    this.hasEnded = true;
    if (this.#failure) this.#reject(this.#failure.error);
    else this.#resolve();
    // Later than whoever has been settled before it, in the same breath.
    if (this.#onEnd.size > 0) queueMicrotask(() => this.#onEnd.forEach((end) => end()));
  }

  /** Settles as a promise does, or resolves when this has ended before: `Promise.race`, but nothing of it stays with this. */
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
