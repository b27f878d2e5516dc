// Keeps input in order while a stream has no reader.

import type { LoopEngine } from "../engine/loop-engine.ts";

const LIMIT = 65_536;

/** What an inbox needs of its stream. */
export interface Reading {
  readonly engine: LoopEngine;
  /** Whether input has a reader: the stream is open and not paused, and has a subscriber to `read`, or a consumer with room. */
  readonly isRead: boolean;
  /** Passes a chunk to the reader. */
  give(chunk: Buffer): void;
  /** Continues reading, unless something prevents it: the inbox may have room again. */
  flow(): void;
}

/** Chunks that wait for a reader. While it is full, the stream does not read: further data waits in the system, and then at the peer. */
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

  /** Whether the limit is reached. The last chunk may exceed it. */
  get isFull(): boolean {
    return this.#size >= LIMIT;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Delivers the chunks in the next tick, if there is a reader then. */
  giveLater(): void {
    if (this.isEmpty || this.#isCalledFor || !this.#stream.isRead) return;
    this.#isCalledFor = true;
    this.#stream.engine.nextTick(() => {
      this.#isCalledFor = false;
      this.give();
    });
  }

  /** Delivers the chunks, as long as there is a reader. Call it in a dispatch. */
  give(): void {
    while (!this.isEmpty && this.#stream.isRead) {
      const chunk = this.#chunks.shift()!;
      this.#size -= chunk.length;
      this.#stream.give(chunk);
    }
    this.#stream.flow();
  }

  /** Removes all chunks, and returns them as one. */
  takeAll(): Buffer {
    const all = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [];
    this.#size = 0;
    return all;
  }
}
