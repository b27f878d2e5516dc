// A queue that is emptied once per pass. Items that are added during the pass wait for the next one.

/** Two lists: one for new items, and one that the current pass works through. */
export class PassQueue<T> {
  #filling: T[] = [];
  #running: T[] = [];

  /** The number of items that wait for the next pass. */
  get length(): number {
    return this.#filling.length;
  }

  push(item: T): void {
    this.#filling.push(item);
  }

  /** Calls `each` with every waiting item, in order. Stops if `clear` is called meanwhile. */
  run(each: (item: T) => void): void {
    [this.#running, this.#filling] = [this.#filling, []];
    try {
      for (const item of this.#running) each(item);
    } finally {
      this.#running = [];
    }
  }

  clear(): void {
    this.#filling.length = 0;
    this.#running.length = 0;
  }
}
