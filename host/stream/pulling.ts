// An async iterator over the input of a stream, which asks for it: what has not been asked for stays in the inbox.

import { silent } from "../base/signals.ts";
import { type Consumed, type Consumer, readOn } from "./consumer.ts";
import { errorOf } from "./endings.ts";

type Result<T> = IteratorResult<T, undefined>;

const DONE = { done: true, value: undefined } as const;

/** The base of iterators. */
export abstract class Pulling<T> implements Consumer, AsyncIterableIterator<T> {
  abstract readonly name: string;
  readonly isFull = false;
  readonly onlyReads = true;
  wants = false;
  protected readonly stream: Consumed;
  /** The peer has ended, or the stream is closed: no more input comes. */
  protected hasEnded: boolean;
  #isOver = false;
  #next: Promise<Result<T>> | undefined; // while it wants something
  #resolve!: (result: Result<T>) => void;
  #reject!: (error: unknown) => void;

  constructor(stream: Consumed, what: string) {
    this.stream = stream;
    this.hasEnded = !stream.raw || stream.hasPeerEnded;
    stream.consume(what, this);
    if (!stream.raw) stream.release(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<T>> {
    const before = this.#next;
    if (before) {
      const again = (): Promise<Result<T>> => this.next();
      return before.then(again, again);
    }
    const { stream } = this;
    const found = this.#isOver ? DONE : stream.isGiving ? this.take() : undefined;
    if (found) return Promise.resolve(found);
    const promise = new Promise<Result<T>>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#next = promise;
    this.wants = true;
    if (this.hasEnded && (stream.isGiving || stream.inbox?.isEmpty !== false)) this.#end();
    else if (!stream.isGiving) readOn(stream);
    return promise;
  }

  /** Leaves the iteration: the stream closes as soon as everything written has been sent. */
  return(): Promise<Result<T>> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.stream.release(this);
      this.stream.finishLater("local");
      if (this.#next) this.#settle(DONE);
    }
    return Promise.resolve(DONE);
  }

  /** A chunk was read while something is wanted. */
  abstract received(chunk: Buffer): void;

  ended(): void {
    this.hasEnded = true;
    if (this.#next) this.#end();
  }

  displace(): void {
    this.stream.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.hasEnded = true;
    this.stream.release(this);
    if (this.#next && !this.settleWith(this.take())) this.#end();
    done();
  }

  /** The next result; undefined if it has not come. */
  protected abstract take(): Result<T> | undefined;

  /** Why the iteration ends; undefined if its end is a normal one. */
  protected failure(): unknown {
    return errorOf(this.stream);
  }

  /** Gives a result to the one who waits. Returns false if there is none. */
  protected settleWith(result: Result<T> | undefined): boolean {
    if (result && this.#next) this.#settle(result);
    return result !== undefined;
  }

  /** Removes and returns the first kept chunk. */
  protected takeChunk(): Buffer | undefined {
    const { inbox } = this.stream;
    if (!inbox || inbox.isEmpty) return undefined;
    const wasFull = inbox.isFull;
    const chunk = inbox.shift();
    if (wasFull) this.stream.flow();
    return chunk;
  }

  #settle(result: Result<T>): void {
    this.#next = undefined;
    this.wants = false;
    this.#resolve(result);
  }

  #end(): void {
    const promise = this.#next!;
    const error = this.failure();
    this.#isOver = true;
    this.stream.release(this);
    if (error === undefined) return this.#settle(DONE);
    void silent(promise);
    this.#next = undefined;
    this.wants = false;
    this.#reject(error);
  }
}
