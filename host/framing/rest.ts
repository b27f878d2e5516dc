// The bytes of a message that is not complete yet.

const LEAST = 64; // bytes
const NOTHING = /* @__PURE__ */ Buffer.alloc(0);

/** Collects bytes in one buffer, which grows by doubling: its size is at most twice what has come. */
export class Rest {
  #buffer: Buffer = NOTHING;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The bytes, which stay. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** Appends a copy of some bytes. No more than `most` will come. */
  append(bytes: Uint8Array, most: number): void {
    const size = this.#size + bytes.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, Math.min(most, Math.max(LEAST, 2 * this.#buffer.length))));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#size);
    this.#size = size;
  }

  /** Removes and returns the bytes. */
  take(): Buffer {
    const { bytes } = this;
    this.#buffer = NOTHING;
    this.#size = 0;
    return bytes;
  }
}

/** Iterates over messages, and then throws. */
export function* thenThrow<T>(messages: readonly T[], error: unknown): Generator<T, void> {
  yield* messages;
  throw error;
}
