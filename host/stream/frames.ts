// The input of a stream as messages: a framer splits it.

import { FUNCTION, type Rule, check } from "../base/checks.ts";
import { isThenable } from "../base/deferred.ts";
import { IOLoopError, type IOLoopErrorCode, isError, toError, withCode } from "../base/errors.ts";
import type { Framer } from "../framing/framer.ts";
import { type Consumed, type Consumer, readOn } from "./consumer.ts";
import { nextTurn } from "../time/clock.ts";
import { whileFailing } from "./failing.ts";
import { Pulling } from "./pulling.ts";

/** What frames need of their stream. */
export interface Framed extends Consumed {
  fire(name: "error", error: Error): void;
}

type AnyFramer<T> = Framer<T, never>;

const FRAMER: Rule = {
  allowed: "a framer, with push(), end() and encode(), or a function that returns one",
  type: (value) =>
    typeof value === "object" && value !== null && ["push", "end", "encode"].every((name) => isMethod(value, name)),
};

// By stream, as few have one; and those that have been used.
const framers = new WeakMap<object, AnyFramer<unknown>>();
const used = new WeakSet();

/** Returns the framer that was given, or that a given function makes. From now on it belongs to the stream. */
function framerOf<T>(given: AnyFramer<T> | (() => AnyFramer<T>)): AnyFramer<T> {
  const framer = typeof given === "function" ? given() : given;
  check("frames: framer", framer, FRAMER);
  if (!used.has(framer)) return framer;
  const message = "frames: the framer is used already; give a function that makes one for each stream";
  throw new IOLoopError("ERR_IOLOOP_FRAMER_IN_USE", message);
}

function keep(stream: Framed, framer: AnyFramer<unknown>): void {
  used.add(framer);
  framers.set(stream, framer);
}

/** Iterates over the messages of a stream. */
export function iterateFrames<T>(stream: Framed, given: AnyFramer<T> | (() => AnyFramer<T>)): AsyncIterableIterator<T> {
  const framer = framerOf(given);
  const frames = new Frames(stream, framer);
  keep(stream, framer);
  return frames;
}

/** Calls back for each message of a stream. */
export function callForFrames<T>(
  stream: Framed,
  given: AnyFramer<T> | (() => AnyFramer<T>),
  callback: (stream: never, message: T) => unknown,
): void {
  check("frames: callback", callback, FUNCTION);
  const framer = framerOf(given);
  const calls = new FrameCalls(stream, framer, callback);
  stream.consume("frames", calls);
  keep(stream, framer);
  if (!stream.raw) nextTurn(() => calls.takeRest());
}

/** The bytes of a message, by the framer of the stream. */
export function encodeFrame(stream: object, message: unknown): Uint8Array {
  const framer = framers.get(stream);
  if (!framer) throw new IOLoopError("ERR_IOLOOP_NO_FRAMER", "sendFrame: the stream has no framer; call frames first");
  try {
    return framer.encode(message as never);
  } catch (error) {
    throw ofSendFrame(error);
  }
}

// An error of our framers names `encode`, which the program has not called.
function ofSendFrame(error: unknown): unknown {
  if (!isError(error)) return error;
  const { code: given } = error as { code?: unknown };
  if (!String(given).startsWith("ERR_IOLOOP_") || !error.message.startsWith("encode: ")) return error;
  const code = given as IOLoopErrorCode;
  const message = `sendFrame: ${error.message}`;
  if (error instanceof IOLoopError) return new IOLoopError(code, message, { cause: error });
  const kind = error instanceof TypeError ? TypeError : RangeError;
  return withCode(new kind(message, { cause: error }), code);
}

/** Iterates over messages. An error of the framer closes the stream, and is thrown after the messages before it. */
class Frames<T> extends Pulling<T> {
  override readonly name = "frames";
  readonly #framer: AnyFramer<T>;
  #frames: Iterator<T> | undefined;
  #error: Error | undefined;
  #isChecked = false;

  constructor(stream: Framed, framer: AnyFramer<T>) {
    super(stream, "frames");
    this.#framer = framer;
  }

  protected override get hasRest(): boolean {
    return this.#frames !== undefined;
  }

  override received(chunk: Buffer): void {
    this.#attempt(() => this.#push(chunk));
    this.settleWith(this.take());
  }

  // The framer gets all that has come, to find out whether the end is in the middle of a message.
  override ended(): void {
    this.hasEnded = true;
    const frames: T[] = [];
    for (let next = this.take(); next; next = this.take()) frames.push(next.value as T);
    this.#check();
    if (frames.length > 0) this.#frames = frames[Symbol.iterator]();
    if (this.isWaiting && !this.settleWith(this.take())) super.ended();
  }

  protected override take(): IteratorResult<T, undefined> | undefined {
    for (;;) {
      let next: IteratorResult<T> | undefined;
      this.#attempt(() => (next = this.#frames?.next()));
      if (next && next.done !== true) return next;
      this.#frames = undefined;
      const chunk = this.#error ? undefined : this.takeChunk();
      if (!chunk) return undefined;
      this.#attempt(() => this.#push(chunk));
    }
  }

  protected override failure(): unknown {
    if (this.stream.hasPeerEnded) this.#check();
    return this.#error ?? super.failure();
  }

  #push(chunk: Buffer): void {
    this.#frames = this.#framer.push(chunk)[Symbol.iterator]();
  }

  #check(): void {
    if (this.#isChecked || this.#error) return;
    this.#isChecked = true;
    this.#attempt(() => this.#framer.end());
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#error ??= toError(error);
      this.stream.finish("drop", "error", this.#error);
    }
  }
}

/** Calls back for messages. While the stream is stopped, the rest of a chunk waits. */
class FrameCalls<T> implements Consumer {
  readonly name = "frames";
  readonly onlyReads = true;
  isFull = false;
  readonly #stream: Framed;
  readonly #framer: AnyFramer<T>;
  readonly #callback: (stream: never, message: T) => unknown;
  #list: readonly T[] | undefined; // an array is cheaper than its iterator
  #at = 0;
  #frames: Iterator<T> | undefined;
  #isRunning = false;
  #hasEnded = false;

  constructor(stream: Framed, framer: AnyFramer<T>, callback: (stream: never, message: T) => unknown) {
    this.#stream = stream;
    this.#framer = framer;
    this.#callback = callback;
  }

  received(chunk: Buffer): void {
    try {
      const frames = this.#framer.push(chunk);
      if (Array.isArray(frames)) this.#list = frames;
      else this.#frames = frames[Symbol.iterator]();
      this.#at = 0;
    } catch (error) {
      return this.#fail(error);
    }
    this.#run();
  }

  kept(): void {
    if (!this.isFull || this.#isRunning) return;
    this.#run();
    if (!this.isFull) readOn(this.#stream);
  }

  ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      this.#framer.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  displace(): void {
    this.#stream.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.#list = this.#frames = undefined;
    this.#stream.release(this);
    done();
  }

  /**
   * The stream was closed before, and emits nothing any more: calls back for what had arrived, even while the loop is stopped, as iterators
   * return it then, too. An error of the framer goes to the reactor.
   */
  takeRest(): void {
    const stream = this.#stream;
    const { engine, inbox } = stream;
    stream.release(this);
    if (!inbox || inbox.isEmpty) return;
    const active = engine.begin();
    try {
      for (const message of this.#framer.push(inbox.takeAll()))
        engine.guard.call(() => this.#callback(stream as never, message), stream, "read");
      this.#framer.end();
    } catch (error) {
      engine.supervisor.failed(error, "read");
    } finally {
      if (active) engine.end();
    }
  }

  #run(): void {
    this.#isRunning = true;
    try {
      let hasMore = true;
      while (hasMore && this.#isReading) hasMore = this.#list ? this.#callForList(this.#list) : this.#callForNext();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
      this.isFull = this.#list !== undefined || this.#frames !== undefined;
    }
  }

  get #isReading(): boolean {
    return this.#stream.raw !== undefined && this.#stream.isGiving;
  }

  // Calls back for messages of an array, until one throws. Returns whether there may be more.
  #callForList(list: readonly T[]): boolean {
    const stream = this.#stream;
    const callback = this.#callback;
    try {
      while (this.#at < list.length && stream.raw && stream.isGiving) {
        const result = callback(stream as never, list[this.#at++]!);
        if (isThenable(result)) stream.engine.guard.pending(result, "read");
      }
    } catch (error) {
      stream.engine.supervisor.failed(error, "read");
    }
    if (this.#at < list.length) return true;
    this.#list = undefined;
    return false;
  }

  // The same for the next message of a framer of the program's own.
  #callForNext(): boolean {
    const next = this.#frames!.next();
    if (next.done === true) {
      this.#frames = undefined;
      return false;
    }
    const { guard } = this.#stream.engine;
    guard.call(() => this.#callback(this.#stream as never, next.value), this.#stream, "read");
    return true;
  }

  #fail(thrown: unknown): void {
    this.#list = this.#frames = undefined;
    if (!this.#stream.raw) return;
    const error = toError(thrown);
    whileFailing(this.#stream, "error", error, () => this.#stream.fire("error", error));
    this.#stream.finish("drop", "error", error);
  }
}

function isMethod(object: object, name: string): boolean {
  return typeof (object as Record<string, unknown>)[name] === "function";
}
