// What a pipe writes to: a stream of the loop, a Writable of the runtime, or a web stream.

import type { Writable } from "node:stream";
import { toError } from "../base/errors.ts";
import { type Consumed, endSoon, inUse, isClosed } from "./consumer.ts";
import { errorOf, errorOfClosed, whenClosed } from "./endings.ts";
import { type Sendable, whenRoom } from "./send.ts";

const ENOUGH = 131_072; // bytes that may wait: of more, little would be left in the caches of the processor when they are sent
const TARGET = "pipeTo: the target";

/** A stream of the loop, as a pipe reads or writes it. */
export type Piped = Consumed &
  Sendable & {
    readonly timeout: number;
    readonly bytesWaiting: number;
    readonly isSecuring: boolean;
    /** How many of the bytes written something may still refer to. */
    readonly bytesKept: number;
    idleAfter(seconds: number): void;
    touch(now: number): void;
  };

/** The target of a pipe. */
export interface Sink {
  /** The stream, if it is one of the loop. */
  readonly stream?: Piped;
  /** Returns why it takes nothing, if it is closed or has ended. */
  refusal?(): Error | undefined;
  /** Takes a chunk. Returns whether there is room for more. Throws if it takes no more. */
  write(chunk: Buffer): boolean;
  /** Calls back once, when there is room again. */
  whenRoom(cb: () => void): void;
  /** Ends it, or not, and calls back when it has taken everything. */
  finish(ends: boolean, done: (error?: Error | null) => void): void;
  /** Closes it with a reset, or an error. */
  abort(error: unknown): void;
  /** Calls back once if it closes, with its error. Returns a function that cancels this, and lets others write to it. */
  watch(closed: (error: Error | undefined) => void): () => void;
}

/** A stream of the loop as a sink. Throws if something else alone may write to it. `what` is the called method. */
export function streamSink(stream: Piped, what: string): Sink {
  const { consumer } = stream;
  if (consumer && !consumer.onlyReads && !consumer.isBrief) throw inUse(what, consumer.name);
  return {
    stream,
    refusal: () => (isOpen(stream) ? undefined : errorOfClosed(stream, what)),
    write(chunk) {
      if (stream.raw && stream.isEnding) throw isClosed(`${what}: the target`);
      const before = stream.bytesWaiting;
      stream.push(chunk);
      return before < ENOUGH && stream.canWrite;
    },
    whenRoom: (cb) => void whenRoom(stream, (hasClosed) => !hasClosed && cb()),
    finish(ends, done) {
      if (ends && !stream.isEnding) endSoon(stream, done);
      else if (stream.isWriting) stream.whenDrained((_stream, error) => done(error));
      else done();
    },
    abort: () => stream.finish("reset", "aborted"),
    watch: (closed) => whenClosed(stream, () => closed(errorOf(stream))),
  };
}

/** Whether a stream is open for writing. */
export function isOpen(stream: Piped): boolean {
  return stream.raw !== undefined && !stream.isEnding;
}

/** A Writable as a sink. */
export function writableSink(writable: Writable): Sink {
  const refusal = (): Error | undefined =>
    writable.destroyed || writable.writableEnded ? (writable.errored ?? isClosed(TARGET)) : undefined;
  return {
    refusal,
    write(chunk) {
      const hasRoom = writable.write(chunk);
      if (writable.destroyed) throw refusal();
      return hasRoom;
    },
    whenRoom: (cb) => void writable.once("drain", cb),
    finish(ends, done) {
      if (ends) writable.end(done); // with an error, if it is destroyed before that
      else if (writable.writableLength > 0) writable.write(Buffer.alloc(0), (error) => done(error));
      else done();
    },
    abort(error) {
      try {
        writable.on("error", ignore).destroy(toError(error));
      } catch {
        // One whose methods throw has ended already.
      }
    },
    watch(closed) {
      const failed = (error: Error): void => closed(error);
      const over = (): void => closed(writable.writableFinished ? undefined : isClosed(TARGET));
      writable.on("error", failed).on("close", over);
      return () => void writable.off("error", failed).off("close", over);
    },
  };
}

/** A WritableStream as a sink. */
export function webSink(writable: WritableStream<Uint8Array>): Sink {
  const writer = writable.getWriter();
  let last: Promise<unknown> = Promise.resolve();
  return {
    write(chunk) {
      last = writer.write(chunk);
      last.catch(ignore);
      return (writer.desiredSize ?? 0) > 0;
    },
    whenRoom: (cb) => void writer.ready.then(cb, ignore),
    finish(ends, done) {
      const all = ends ? writer.close() : last;
      all.then(
        () => done(),
        (error: unknown) => done(toError(error)),
      );
    },
    abort: (error) => void writer.abort(error).catch(ignore),
    watch(closed) {
      writer.closed.then(
        () => closed(undefined),
        (error: unknown) => closed(toError(error)),
      );
      return () => writer.releaseLock();
    },
  };
}

function ignore(): void {
  // It is being destroyed, or `watch` reports the error.
}
