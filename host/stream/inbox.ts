// What has arrived while nobody reads: kept in order, for whoever comes.

import type { LoopEngine } from "../engine/loop-engine.ts";

const LIMIT = 65_536;

/** What an inbox asks of its stream. */
export interface Reading {
  readonly engine: LoopEngine;
  /** Whether what arrives is taken: the stream is open and not paused, and has a subscriber. */
  readonly isRead: boolean;
  /** Gives a chunk to the one that reads. */
  give(chunk: Buffer): void;
  /** There may be room again: reads on, unless something else is in the way. */
  flow(): void;
}

/** Chunks that wait for a reader. The stream stops reading while it is full: the rest waits in the system, and then at the peer. */
export class Inbox {
  readonly #stream: Reading;
  #chunks: Buffer[] = [];
  #size = 0;
  #isCalledFor = false;

  constructor(stream: Reading) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Whether as much waits as may be kept. A chunk that is longer than what is left of that is kept all the same. */
  get isFull(): boolean {
    return this.#size >= LIMIT;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Emits what waits in the next tick, if somebody reads by then. */
  giveLater(): void {
    if (this.isEmpty || this.#isCalledFor || !this.#stream.isRead) return;
    this.#isCalledFor = true;
    this.#stream.engine.nextTick(() => {
      this.#isCalledFor = false;
      this.give();
    });
  }

  /** Emits what waits, as long as somebody reads. To be called in a dispatch. */
  give(): void {
    while (!this.isEmpty && this.#stream.isRead) {
      const chunk = this.#chunks.shift()!;
      this.#size -= chunk.length;
      this.#stream.give(chunk);
    }
    this.#stream.flow();
  }

  /** Takes all that waits, as one chunk. */
  takeAll(): Buffer {
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [];
    this.#size = 0;
    return all;
  }
}
