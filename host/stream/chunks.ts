// The input of a stream as an async iterator.

import { silent } from "../base/signals.ts";
import { type Consumed, type Consumer, readOn } from "./consumer.ts";
import { errorOf } from "./endings.ts";

type Result = IteratorResult<Buffer, undefined>;

const DONE: Result = { done: true, value: undefined };

/** Asks for one chunk at a time. What has not been asked for stays in the inbox. */
export class Chunks implements Consumer, AsyncIterableIterator<Buffer> {
  readonly name = "an iterator";
  readonly isFull = false;
  readonly onlyReads = true;
  wants = false;
  readonly #stream: Consumed;
  #next: Promise<Result> | undefined; // while it wants a chunk
  #resolve!: (result: Result) => void;
  #reject!: (error: Error) => void;
  #hasEnded = false; // the peer has ended, or the stream is closed: only kept input is left
  #isOver = false;

  constructor(stream: Consumed) {
    this.#stream = stream;
    stream.consume("for await", this);
    this.#hasEnded = !stream.raw || stream.hasPeerEnded;
    if (!stream.raw) stream.release(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const before = this.#next;
    if (before) {
      const again = (): Promise<Result> => this.next();
      return before.then(again, again);
    }
    const stream = this.#stream;
    const chunk = this.#isOver || !stream.isGiving ? undefined : takeFrom(stream);
    if (chunk) return Promise.resolve({ done: false, value: chunk });
    const { promise, resolve, reject } = pending();
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.#isOver) {
      resolve(DONE);
      return promise;
    }
    this.#next = promise;
    this.wants = true;
    if (this.#hasEnded && (stream.isGiving || isEmpty(stream))) this.#end();
    else if (!stream.isGiving) readOn(stream);
    return promise;
  }

  /** Leaves the iteration: the stream closes as soon as everything written has been sent. */
  return(): Promise<Result> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#stream.release(this);
      this.#stream.finishLater("local");
      if (this.#next) this.#settle(DONE);
    }
    return Promise.resolve(DONE);
  }

  received(chunk: Buffer): void {
    this.#settle({ done: false, value: chunk });
  }

  ended(): void {
    this.#hasEnded = true;
    if (this.#next) this.#end();
  }

  displace(): void {
    this.#stream.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.#hasEnded = true;
    this.#stream.release(this);
    if (this.#next) {
      const chunk = takeFrom(this.#stream);
      if (chunk) this.received(chunk);
      else this.#end();
    }
    done();
  }

  #settle(result: Result): void {
    this.#next = undefined;
    this.wants = false;
    this.#resolve(result);
  }

  #end(): void {
    const error = errorOf(this.#stream);
    this.#isOver = true;
    this.#stream.release(this);
    if (!error) return this.#settle(DONE);
    void silent(this.#next!);
    this.#next = undefined;
    this.wants = false;
    this.#reject(error);
  }
}

/** Removes and returns the first kept chunk of a stream. */
function takeFrom(stream: Consumed): Buffer | undefined {
  const { inbox } = stream;
  if (!inbox || inbox.isEmpty) return undefined;
  const wasFull = inbox.isFull;
  const chunk = inbox.shift();
  if (wasFull) stream.flow();
  return chunk;
}

function isEmpty({ inbox }: Consumed): boolean {
  return inbox?.isEmpty !== false;
}

interface Pending {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

function pending(): Pending {
  let resolve!: Pending["resolve"];
  let reject!: Pending["reject"];
  const promise = new Promise<Result>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
