// A queue that one pass works off: what is added meanwhile waits for the next.

/** Two lists: one that fills, and one that the current pass works off. */
export class PassQueue<T> {
  #filling: T[] = [];
  #running: T[] = [];

  /** How many wait for the next pass. */
  get length(): number {
    return this.#filling.length;
  }

  push(item: T): void {
    this.#filling.push(item);
  }

  /** Hands over what waits, in order. A `clear` meanwhile ends it. */
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
