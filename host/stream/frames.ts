// The input of a stream as messages: a framer splits it.

import { FUNCTION, type Rule, check } from "../base/checks.ts";
import { isThenable } from "../base/deferred.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Framer } from "../framing/framer.ts";
import { type Consumed, type Consumer, readOn } from "./consumer.ts";
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
}

/** The bytes of a message, by the framer of the stream. */
export function encodeFrame(stream: object, message: unknown): Uint8Array {
  const framer = framers.get(stream);
  if (framer) return framer.encode(message as never);
  throw new IOLoopError("ERR_IOLOOP_NO_FRAMER", "sendFrame: the stream has no framer; call frames first");
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
    this.#frames = frames[Symbol.iterator]();
    if (this.wants && !this.settleWith(this.take())) super.ended();
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
  #frames: Iterator<T> | undefined;
  #isRunning = false;

  constructor(stream: Framed, framer: AnyFramer<T>, callback: (stream: never, message: T) => unknown) {
    this.#stream = stream;
    this.#framer = framer;
    this.#callback = callback;
  }

  received(chunk: Buffer): void {
    try {
      const frames = this.#framer.push(chunk);
      this.#frames = Array.isArray(frames) ? new ArrayFrames<T>(frames) : frames[Symbol.iterator]();
    } catch (error) {
      return this.#fail(error);
    }
    this.#run();
  }

  kept(): void {
    if (!this.#frames || this.#isRunning) return;
    this.#run();
    if (!this.isFull) readOn(this.#stream);
  }

  ended(): void {
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
    this.#frames = undefined;
    this.#stream.release(this);
    done();
  }

  #run(): void {
    const stream = this.#stream;
    this.#isRunning = true;
    try {
      const { engine } = stream;
      while (stream.raw && stream.isGiving && this.#frames) {
        const next = this.#frames.next();
        if (next.done === true) this.#frames = undefined;
        else this.#call(next.value, engine);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
      this.isFull = this.#frames !== undefined;
    }
  }

  #call(message: T, { guard, supervisor }: LoopEngine): void {
    try {
      const result = this.#callback(this.#stream as never, message);
      if (isThenable(result)) guard.pending(result, "read");
    } catch (error) {
      supervisor.failed(error, "read");
    }
  }

  #fail(thrown: unknown): void {
    if (!this.#stream.raw) return;
    const error = toError(thrown);
    this.#frames = undefined;
    this.#stream.fire("error", error);
    this.#stream.finish("drop", "error", error);
  }
}

/** Iterates over an array with a single result object, which is cheaper. */
class ArrayFrames<T> implements Iterator<T> {
  readonly #list: readonly T[];
  readonly #result: { done: boolean; value: T };
  #at = 0;

  constructor(list: readonly T[]) {
    this.#list = list;
    this.#result = { done: false, value: list[0]! };
  }

  next(): { done: boolean; value: T } {
    const result = this.#result;
    if (this.#at === this.#list.length) result.done = true;
    else result.value = this.#list[this.#at++]!;
    return result;
  }
}

function isMethod(object: object, name: string): boolean {
  return typeof (object as Record<string, unknown>)[name] === "function";
}
