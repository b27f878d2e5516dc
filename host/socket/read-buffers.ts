// The buffers that sockets read into, on Node and Deno.
//
// All sockets share one, out of which each chunk is copied: so an idle connection has none. Where much is read and passed on, as in a pipe, these
// copies would cost as much as all the rest. There a socket has a buffer of its own while its chunks are large: they are views of it, one behind
// the other. When all of them have been sent, the memory is used again: new memory for all that passes is work for the garbage collector.

import { copyOf } from "../base/bytes.ts";

const SIZE = 65_536;
const LARGE = 16_384; // bytes: smaller chunks are copied. A record of TLS has so many at most
const MOST_SPARE = 16; // buffers, of all pipes that have nothing to send

const spare: ArrayBufferLike[] = [];
let shared: Buffer | undefined;
let next: Buffer | undefined;

/** The buffer that all sockets read into. */
export function sharedBuffer(): Buffer {
  return (shared ??= Buffer.allocUnsafeSlow(SIZE));
}

/** What was read into a buffer: a copy or, if the buffer is not the shared one, a view of it. */
export function chunkOf(buffer: Buffer, length: number): Buffer {
  return buffer === shared || length < LARGE ? copyOf(buffer, length) : buffer.subarray(0, length);
}

/** Chooses the buffer for the next read of the socket that has just read. */
export function chooseNext(buffer: Buffer, length: number, passing: Passing | undefined): void {
  const chosen = passing ? passing.memory.after(buffer, length, passing) : shared;
  next = chosen === buffer ? undefined : chosen;
}

/** Returns the buffer for the next read; undefined if it stays the same. The runtime calls this after each read. */
export function takeNext(): Buffer | undefined {
  const chosen = next;
  next = undefined;
  return chosen;
}

/** A reader that reads much, and passes it on. */
export interface Passing {
  readonly memory: PassedMemory;
  /** How many bytes it has read, */
  readonly bytesRead: number;
  /** and how many of them nothing refers to any more, because they have been sent. */
  readonly bytesSent: number;
  /** Calls `memory.allSent` when nothing waits to be sent. */
  waitUntilSent(): void;
}

interface Used {
  readonly memory: ArrayBufferLike;
  /** The number of bytes read when it was used up. */
  readonly end: number;
}

/** The memory of the large chunks of one reader that passes them on. */
export class PassedMemory {
  #current: ArrayBufferLike | undefined;
  #used: Used[] = []; // in order

  /** The buffer for the read after that of a chunk. */
  after(buffer: Buffer, length: number, passing: Passing): Buffer | undefined {
    const isOwn = buffer.buffer === this.#current;
    if (isOwn && length >= LARGE) {
      if (passing.bytesSent === passing.bytesRead) return buffer.length === SIZE ? buffer : bufferOf(this.#current);
      if (buffer.length - length >= LARGE) return buffer.subarray(length);
    }
    if (isOwn) this.#leave(passing);
    if (length < LARGE) return shared;
    const isSent = this.#used.length > 0 && this.#used[0]!.end <= passing.bytesSent;
    const fresh = bufferOf(isSent ? this.#used.shift()!.memory : spare.pop());
    if (fresh !== shared) this.#current = fresh?.buffer;
    return fresh;
  }

  /** Nothing waits to be sent any more: an idle pipe keeps no memory. */
  allSent(sent: number): void {
    for (const { memory, end } of this.#used) if (end <= sent && spare.length < MOST_SPARE) spare.push(memory);
    this.#used = [];
  }

  #leave(passing: Passing): void {
    if (this.#used.push({ memory: this.#current!, end: passing.bytesRead }) === 1) passing.waitUntilSent();
    this.#current = undefined;
  }
}

function bufferOf(memory: ArrayBufferLike | undefined): Buffer | undefined {
  try {
    return memory ? Buffer.from(memory) : Buffer.allocUnsafeSlow(SIZE);
  } catch {
    return shared; // out of memory
  }
}
