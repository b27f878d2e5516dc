// Who takes what arrives, if it is not the subscribers to `read`: one at a time.

import type { SocketHandle } from "../socket/handle.ts";
import { IOLoopError } from "../base/errors.ts";

/** The one that reads a stream, and usually writes to it. */
export interface Consumer {
  /** What it is, in words: `a duplex`. */
  readonly name: string;
  /** Whether it takes no more for now: the stream reads no more, and goes on when it is asked to flow. */
  readonly isFull: boolean;
  /** The stream's handle, if it reads and writes that itself, without the stream. */
  readonly borrowed?: SocketHandle;
  received(chunk: Buffer): void;
  /** The peer has ended its side. */
  ended(): void;
  /** The idle deadline has passed. True if that means nothing. */
  expired?(): boolean;
  /** The stream is to close once all is written: whether the consumer sees to it, as it has still to write. */
  endsSoon?(): boolean;
  /** Ends our side of what it has made of the handle; false if that is just the handle. */
  endSide?(): boolean;
  /** The connection is closed, with an error unless that is how connections end. `done` may be called later, once: `close` is emitted. */
  closed(error: Error | undefined, done: () => void): void;
}

/** The error of a second consumer, or of a call that only the consumer may make. `what` was called. */
export function inUse(what: string, name: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_STREAM_IN_USE", `${what}: the stream is used by ${name}`);
}
