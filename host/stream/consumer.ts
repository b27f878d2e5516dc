// Who takes what arrives, if it is not the subscribers to `read`: one at a time.

import type { LoopEngine } from "../engine/loop-engine.ts";
import type { AnyHandle, SocketHandle } from "../socket/handle.ts";
import { IOLoopError } from "../base/errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Inbox } from "./inbox.ts";

/** The one that reads a stream, and usually writes to it. */
export interface Consumer {
  /** What it is, in words: `a duplex`. */
  readonly name: string;
  /** Whether it takes no more for now: the stream reads no more, and goes on when it is asked to flow. */
  readonly isFull: boolean;
  /** The stream's handle, if it reads and writes that itself, without the stream. */
  readonly borrowed?: SocketHandle;
  /** Whether it has the stream for a short time only: one writes to it and subscribes to `read` as before, and all that waits. */
  readonly isBrief?: boolean;
  received(chunk: Buffer): void;
  /** The peer has ended its side. */
  ended(): void;
  /** The idle deadline has passed. True if that means nothing. */
  expired?(): boolean;
  /** The stream is to close once all is written: whether the consumer sees to it, as it has still to write. */
  endsSoon?(): boolean;
  /** Ends our side of what it has made of the handle; false if that is just the handle. */
  endSide?(): boolean;
  /** A waiting client needs the slot: closes the stream with this reason, unless it is in use. Without it, the stream stays. */
  displace?(): void;
  /** The connection is closed, with an error unless that is how connections end. `done` may be called later, once: `close` is emitted. */
  closed(error: Error | undefined, done: () => void): void;
}

/** What a consumer asks of the stream that it reads and writes. */
export interface Consumed {
  readonly engine: LoopEngine;
  /** The handle; undefined once the stream is closed. */
  readonly raw: AnyHandle | undefined;
  /** The record in the core; 0 without one. */
  readonly record: number;
  readonly slot: number;
  readonly inbox: Inbox | undefined;
  halfOpen: boolean;
  readonly hasPeerEnded: boolean;
  readonly isWriting: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly closeReason: CloseReason | undefined;
  readonly consumer: Consumer | undefined;
  consume(what: string, consumer: Consumer): void;
  /** There may be room again. */
  flow(): void;
  push(chunk: string | Uint8Array, cb?: (stream: never, error?: IOLoopError) => unknown): unknown;
  /** Our side ends as soon as what waits has been sent. */
  endLater(): void;
  /** Closes at once. */
  finish(how: "linger" | "drop" | "reset", reason: CloseReason): void;
}

/** The consumer has room again. */
export function readOn(stream: Consumed): void {
  stream.inbox?.giveLater();
  stream.flow();
}

/** Ends our side once all is written, and calls back then: at once if nothing waits. */
export function endSoon(stream: Consumed, done: (error?: Error | null) => void): void {
  const isWriting = stream.isWriting;
  if (isWriting) stream.push("", (_stream, error) => done(error));
  stream.endLater();
  if (!isWriting) done();
}

/** The error of a second consumer, or of a call that only the consumer may make. `what` was called. */
export function inUse(what: string, name: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_STREAM_IN_USE", `${what}: the stream is used by ${name}`);
}

/** The error of what a stream that is closed cannot do any more. */
export function isClosed(what: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_STREAM_CLOSED", `${what}: the stream is closed`);
}
