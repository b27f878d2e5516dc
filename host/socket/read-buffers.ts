// The buffers that sockets read into, on Node and Deno.
//
// All sockets share one, out of which each chunk is copied: so an idle connection has none. Where much is read and passed on, as in a pipe, these
// copies would cost as much as all the rest. There a socket has a buffer of its own while its chunks are large: they are views of it. It is
// used again if the chunk has been sent by then, and replaced if not.

import { copyOf } from "../base/bytes.ts";

const SIZE = 65_536;
const LARGE = 16_384; // bytes: smaller chunks are copied

/** What has become of the last chunk, if its reader reads much and passes it on: it is kept, or has been sent. */
export type Passed = "kept" | "sent" | undefined;

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
export function chooseNext(buffer: Buffer, length: number, passed: Passed): void {
  if (passed === undefined || length < LARGE) next = buffer === shared ? undefined : shared;
  else if (passed === "kept" || buffer === shared) next = newBuffer();
}

function newBuffer(): Buffer | undefined {
  try {
    return Buffer.allocUnsafeSlow(SIZE);
  } catch {
    return shared; // out of memory
  }
}

/** Returns the buffer for the next read; undefined if it stays the same. The runtime calls this after each read. */
export function takeNext(): Buffer | undefined {
  const chosen = next;
  next = undefined;
  return chosen;
}
