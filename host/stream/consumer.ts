// A consumer receives the input of a stream instead of the subscribers to `read`. A stream has one at most.

import type { LoopEngine } from "../engine/loop-engine.ts";
import type { AnyHandle, SocketHandle } from "../socket/handle.ts";
import type { Passing } from "../socket/read-buffers.ts";
import { IOLoopError } from "../base/errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Inbox } from "./inbox.ts";

/** Reads a stream, and usually writes to it. */
export interface Consumer {
  /** Its name in error messages, such as `a duplex`. */
  readonly name: string;
  /** Whether it has no room for input. The stream then pauses reading until `flow` is called. */
  readonly isFull: boolean;
  /** The handle of the stream, if the consumer reads and writes it without the stream. */
  readonly borrowed?: SocketHandle;
  /** Whether it asks for the next chunk. If false, input is kept, and reading continues until the inbox is full. Undefined: it takes all. */
  readonly wants?: boolean;
  /** Whether others may write to the stream. */
  readonly onlyReads?: boolean;
  /** Whether it has the stream only for a short time. `write` and subscribing to `read` are allowed meanwhile, and take effect afterwards. */
  readonly isBrief?: boolean;
  received(chunk: Buffer): void;
  /** If it reads much and passes it on: says what becomes of it. */
  readonly passing?: Passing;
  /** Input was kept, or may be taken again after a pause. */
  kept?(): void;
  /** The idle deadline has come: if there was activity that the stream does not know of, records it. */
  look?(): void;
  /** The peer has ended its side. */
  ended(): void;
  /** The idle deadline has passed. Returns true if the stream must stay open. */
  expired?(): boolean;
  /** The stream must close once all is written. Returns true if the consumer has more to write first. */
  endsSoon?(): boolean;
  /** Ends our side of what is on top of the handle; returns false if nothing is. */
  endSide?(): boolean;
  /** A waiting client needs the slot: closes the stream with this reason, unless it is in use. Without it, the stream stays. */
  displace?(): void;
  /** The stream closes: whether the peer has left before it was answered; undefined if that is not known. Without it, the stream knows. */
  hasLeft?(reason: CloseReason): boolean | undefined;
  /** The connection is closed, with an error unless it ended normally. The consumer calls `done` once, now or later; that emits `close`. */
  closed(error: Error | undefined, done: () => void): void;
}

/** What a consumer needs of the stream that it reads and writes. */
export interface Consumed {
  readonly engine: LoopEngine;
  /** The handle; undefined once the stream is closed. */
  readonly raw: AnyHandle | undefined;
  /** The id of the record in the core; 0 if there is none. */
  readonly record: number;
  readonly slot: number;
  readonly inbox: Inbox | undefined;
  halfOpen: boolean;
  readonly hasPeerEnded: boolean;
  readonly isWriting: boolean;
  /** Whether kept input may be taken now: the stream is not paused and its loop runs, or it is closed. */
  readonly isGiving: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly closeReason: CloseReason | undefined;
  readonly consumer: Consumer | undefined;
  consume(what: string, consumer: Consumer): void;
  /** Ends the use of the stream by a consumer: others may read it. */
  release(consumer: Consumer): void;
  /** Continues reading: the consumer may have room again. */
  flow(): void;
  push(chunk: string | Uint8Array, cb?: (stream: never, error?: IOLoopError) => unknown): unknown;
  /** Ends our side as soon as all waiting data has been sent. */
  endLater(): void;
  /** Closes as soon as all waiting data has been sent. */
  finishLater(reason: CloseReason): void;
  /** Closes at once. */
  finish(how: "linger" | "drop" | "reset", reason: CloseReason, error?: Error): void;
}

/** Continues reading: the consumer has room again. */
export function readOn(stream: Consumed): void {
  stream.inbox?.giveLater();
  stream.flow();
}

/** Ends our side as soon as all waiting data has been sent, and calls back then: at once if nothing waits. */
export function endSoon(stream: Consumed, done: (error?: Error | null) => void): void {
  const isWriting = stream.isWriting;
  if (isWriting) stream.push("", (_stream, error) => done(error));
  stream.endLater();
  if (!isWriting) done();
}

/** The error of a second consumer, or of a call that only the consumer may make. `what` is the called method. */
export function inUse(what: string, name: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_STREAM_IN_USE", `${what}: the stream is used by ${name}`);
}

/** The error of a call that needs an open stream. `what` is the called method. */
export function isClosed(what: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_STREAM_CLOSED", `${what}: the stream is closed`);
}
