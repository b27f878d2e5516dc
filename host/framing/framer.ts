// What a framer is. Any object of this shape can be one.

import { IOLoopError } from "../base/errors.ts";

/** Splits bytes into messages of type `T`, and turns messages of type `M` into bytes. It keeps state: each stream needs its own. */
export interface Framer<T, M = T> {
  /** Takes the next bytes. Returns the messages that are complete with them; they are used up before the next call. */
  push(chunk: Buffer): Iterable<T>;
  /** The bytes have ended. Throws if that is in the middle of a message. */
  end(): void;
  /** Returns the bytes of a message. */
  encode(message: M): Uint8Array;
}

/** A number of bytes in words: `1 byte`. */
export function bytesOf(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

/** The error of a message that is longer than `max` bytes. */
export function tooLong(max: number): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_FRAME_TOO_LONG", `frames: more than ${bytesOf(max)}`);
}

/** Throws if bytes of a message are left. */
export function checkEnd(left: number): void {
  if (left === 0) return;
  const message = `frames: the input has ended before the end of a message, of which ${bytesOf(left)} ${left === 1 ? "has" : "have"} come`;
  throw new IOLoopError("ERR_IOLOOP_UNEXPECTED_END", message);
}
