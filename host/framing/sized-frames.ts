// Messages whose size is known from their first bytes, or beforehand.

import { checkEnd, tooLong } from "./framer.ts";
import { Rest, thenThrow } from "./rest.ts";

const LONGEST_VARINT = 5; // bytes: enough for any `max`

/** How the size of a message is found out. */
export interface Size {
  /** How many bytes the message that begins at `at` certainly has: all of them, if its length is there. Throws if they are too many. */
  of(bytes: Buffer, at: number): number;
  /** Where the body began in the message that `of` was called for last. */
  readonly start: number;
}

/** Splits bytes into messages of a known size. Messages that are whole in a chunk are views of it. */
export class SizedFrames<T> {
  readonly #size: Size;
  readonly #cut: (frame: Buffer, size: Size) => T;
  readonly #rest = new Rest();

  /** `cut` makes the message of its bytes. */
  constructor(size: Size, cut: (frame: Buffer, size: Size) => T) {
    this.#size = size;
    this.#cut = cut;
  }

  push(chunk: Buffer): Iterable<T> {
    const frames: T[] = [];
    try {
      for (let at = 0; at < chunk.length;)
        at = this.#rest.size === 0 ? this.#first(chunk, at, frames) : this.#next(chunk, at, frames);
    } catch (error) {
      return thenThrow(frames, error);
    }
    return frames;
  }

  end(): void {
    checkEnd(this.#rest.size);
  }

  // A message that begins in the chunk.
  #first(chunk: Buffer, at: number, frames: T[]): number {
    const size = this.#size.of(chunk, at);
    const end = at + size;
    if (end <= chunk.length) frames.push(this.#cut(chunk.subarray(at, end), this.#size));
    else this.#rest.append(chunk.subarray(at), size);
    return Math.min(end, chunk.length);
  }

  // A message that has begun before.
  #next(chunk: Buffer, at: number, frames: T[]): number {
    const rest = this.#rest;
    const size = this.#size.of(rest.bytes, 0);
    const more = chunk.subarray(at, at + size - rest.size);
    rest.append(more, size);
    if (rest.size === size && this.#size.of(rest.bytes, 0) === size) frames.push(this.#cut(rest.take(), this.#size));
    return at + more.length;
  }
}

export function fixedSize(size: number): Size {
  return { of: () => size, start: 0 };
}

/** The size of a message with a header and the length of its body in front of it. */
export function prefixedSize(
  bytes: 1 | 2 | 4 | "varint",
  isLittle: boolean,
  max: number,
  header: number,
): Size & { encode(length: number): Buffer } {
  const size = {
    start: 0,
    of(from: Buffer, at: number): number {
      const where = at + header;
      const end = bytes === "varint" ? endOfVarint(from, where, max) : where + bytes;
      if (end > from.length) return end - at;
      const length = bytes === "varint" ? varint(from, where, end) : fixedLength(from, where, bytes, isLittle);
      if (length > max) throw tooLong(max);
      size.start = end - at;
      return size.start + length;
    },
    encode(length: number): Buffer {
      if (bytes === "varint") return encodeVarint(length);
      const prefix = Buffer.alloc(bytes);
      if (isLittle) prefix.writeUIntLE(length, 0, bytes);
      else prefix.writeUIntBE(length, 0, bytes);
      return prefix;
    },
  };
  return size;
}

function fixedLength(from: Buffer, at: number, bytes: 1 | 2 | 4, isLittle: boolean): number {
  return isLittle ? from.readUIntLE(at, bytes) : from.readUIntBE(at, bytes);
}

// The offset behind the varint; behind the buffer, if it does not end there.
function endOfVarint(from: Buffer, at: number, max: number): number {
  for (let end = at; end < at + LONGEST_VARINT; end++) if (end >= from.length || from[end]! < 128) return end + 1;
  throw tooLong(max);
}

function varint(from: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = end - 1; index >= at; index--) value = value * 128 + (from[index]! & 127);
  return value;
}

function encodeVarint(length: number): Buffer {
  const bytes: number[] = [];
  let left = length;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return Buffer.from(bytes);
}
