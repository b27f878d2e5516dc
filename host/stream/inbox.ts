// Keeps input in order while a stream has no reader.

import type { LoopEngine } from "../engine/loop-engine.ts";

/** The usual limit of an inbox, in bytes. */
export const LIMIT = 65_536;

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
  /** From how many bytes on it is full. */
  limit: number = LIMIT;
  /** How often a chunk was put in front of the others. */
  returns = 0;

  constructor(stream: Reading) {
    this.#stream = stream;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Whether the limit is reached. The last chunk may exceed it. */
  get isFull(): boolean {
    return this.#size >= this.limit;
  }

  /** The bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** The first chunk. */
  get first(): Buffer | undefined {
    return this.#chunks[0];
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Puts a chunk in front of the others. */
  unshift(chunk: Buffer): void {
    this.returns++;
    this.#chunks.unshift(chunk);
    this.#size += chunk.length;
  }

  /** Removes and returns the first chunk. */
  shift(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk) this.#size -= chunk.length;
    return chunk;
  }

  /** Removes and returns the first `count` bytes, of which there must be so many. Copies them only if they are in several chunks. */
  take(count: number): Buffer {
    const { first } = this;
    if (!first || count === 0) return Buffer.alloc(0);
    if (count === first.length) return this.shift()!;
    if (count < first.length) {
      this.#chunks[0] = first.subarray(count);
      this.#size -= count;
      return first.subarray(0, count);
    }
    const parts: Buffer[] = [];
    let used = 0;
    for (let left = count; left > 0;) {
      const part = this.#chunks[used]!.subarray(0, left);
      parts.push(part);
      left -= part.length;
      if (part.length === this.#chunks[used]!.length) used++;
      else this.#chunks[used] = this.#chunks[used]!.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    this.#size -= count;
    return Buffer.concat(parts, count);
  }

  /** The bytes from an offset on, which stay. Copies them only if they are in several chunks. */
  from(offset: number): Buffer {
    const parts: Buffer[] = [];
    let left = this.#size - offset;
    // From the end: a search that goes on looks at the last chunks only.
    for (let at = this.#chunks.length - 1; left > 0; at--) {
      const chunk = this.#chunks[at]!;
      parts.unshift(chunk.length > left ? chunk.subarray(chunk.length - left) : chunk);
      left -= chunk.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
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
      this.#stream.give(this.shift()!);
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
