// Reads that wait for what they need: the input stays in the inbox of the stream until all of it is there.

import { IOLoopError } from "../base/errors.ts";
import { onAbort, silent } from "../base/signals.ts";
import { type Consumed, type Consumer, inUse } from "./consumer.ts";
import { errorOf } from "./endings.ts";
import { Inbox } from "./inbox.ts";

/** Options of each read. */
export interface ReadOptions {
  /** Cancels the read when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Seconds after which the read fails; default 0, never. */
  timeout?: number | undefined;
}

/** What a read needs of its stream. */
export interface Readable extends Consumed {
  readonly user: string | undefined;
  /** Sets how many bytes are kept while a read waits. */
  keepUpTo(bytes: number): void;
}

/** What is read. */
export interface Wanted<T> {
  /** The called method. */
  readonly what: string;
  /** How many bytes it may have to wait for. */
  readonly room: number;
  /** Takes it out of the inbox; undefined if not all of it is there. Throws if it is too long. */
  take(inbox: Inbox): T | undefined;
  /** Takes what is left at a normal end. Throws if that is not enough. */
  last(inbox: Inbox): T;
}

/** Reads from a stream. If the promise rejects, nothing was taken. */
export function readFrom<T>(stream: Readable, wanted: Wanted<T>, options: ReadOptions): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    if (stream.user !== undefined) throw inUse(wanted.what, stream.user);
    const found = attempt(stream, wanted);
    if (found) resolve(found.value);
    else new Read(stream, wanted, resolve, reject).begin(options);
  });
  return silent(promise);
}

function attempt<T>(stream: Readable, wanted: Wanted<T>): { readonly value: T } | undefined {
  if (!stream.isGiving) return undefined;
  const inbox = stream.inbox ?? NONE;
  const wasFull = inbox.isFull;
  const value = wanted.take(inbox);
  if (value !== undefined) {
    if (wasFull) stream.flow();
    return { value };
  }
  const error = errorOf(stream);
  if (error) throw error;
  return !stream.raw || stream.hasPeerEnded ? { value: wanted.last(inbox) } : undefined;
}

/** A read that waits. */
class Read<T> implements Consumer {
  readonly name = "a read";
  readonly isFull = false;
  readonly onlyReads = true;
  readonly wants = false;
  readonly #stream: Readable;
  readonly #wanted: Wanted<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #forgetSignal: (() => void) | undefined;
  #timer = 0;
  #isOver = false;

  constructor(stream: Readable, wanted: Wanted<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#stream = stream;
    this.#wanted = wanted;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin({ signal, timeout = 0 }: ReadOptions): void {
    const stream = this.#stream;
    const { what, room } = this.#wanted;
    stream.consume(what, this);
    this.#forgetSignal = onAbort(signal, (reason) => this.#fail(reason));
    if (timeout > 0) this.#timer = stream.engine.timers.make(timeout, false, () => this.#late(timeout));
    if (room > 0) stream.keepUpTo(room);
  }

  received(): void {
    // It wants no single chunks: input is kept.
  }

  kept(): void {
    if (this.#isOver) return;
    try {
      const found = attempt(this.#stream, this.#wanted);
      if (!found) return;
      this.#end();
      this.#resolve(found.value);
    } catch (error) {
      this.#fail(error);
    }
  }

  ended(): void {
    this.kept();
  }

  displace(): void {
    this.#stream.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.kept();
    done();
  }

  #late(seconds: number): void {
    this.#timer = 0;
    this.#fail(
      new IOLoopError("ERR_IOLOOP_READ_TIMEOUT", `${this.#wanted.what}: nothing to return within ${seconds} s`),
    );
  }

  #fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const stream = this.#stream;
    if (this.#timer !== 0) stream.engine.timers.remove(this.#timer);
    this.#forgetSignal?.();
    stream.release(this);
    if (this.#wanted.room > 0) stream.keepUpTo(0);
  }
}

// The inbox of streams that have none, which stays empty.
const NONE = new Inbox({} as never);
