// An async iterator over the input of a stream, which asks for it: what has not been asked for stays in the inbox.

import { DONE, Iteration, type Result } from "../base/iteration.ts";
import { type Consumed, type Consumer, readOn } from "./consumer.ts";
import { errorOf } from "./endings.ts";

/** The base of iterators. */
export abstract class Pulling<T> extends Iteration<T> implements Consumer {
  abstract readonly name: string;
  readonly isFull = false;
  readonly onlyReads = true;
  protected readonly stream: Consumed;
  /** The peer has ended, or the stream is closed: no more input comes. */
  protected hasEnded: boolean;
  #isOver = false;

  constructor(stream: Consumed, what: string) {
    super();
    this.stream = stream;
    this.hasEnded = !stream.raw || stream.hasPeerEnded;
    stream.consume(what, this);
    if (!stream.raw) stream.release(this);
  }

  get wants(): boolean {
    return this.isWaiting && !this.hasRest;
  }

  /** Whether results are left of input that was taken. */
  protected get hasRest(): boolean {
    return false;
  }

  /** A `next` that was called during a pause gets what there was already. */
  kept(): void {
    if (!this.isWaiting || !this.stream.isGiving || this.settleWith(this.take())) return;
    if (this.hasEnded) this.#end();
  }

  /** A chunk was read while something is wanted. */
  abstract received(chunk: Buffer): void;

  ended(): void {
    this.hasEnded = true;
    if (this.isWaiting) this.#end();
  }

  displace(): void {
    this.stream.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.hasEnded = true;
    this.stream.release(this);
    if (this.isWaiting && !this.settleWith(this.take())) this.#end();
    done();
  }

  protected override found(): Result<T> | undefined {
    if (this.#isOver) return DONE;
    return this.stream.isGiving ? this.take() : undefined;
  }

  protected override asked(): void {
    const { stream } = this;
    const hasMore = this.hasRest || stream.inbox?.isEmpty === false;
    if (this.hasEnded && (stream.isGiving || !hasMore)) this.#end();
    else if (!stream.isGiving) readOn(stream);
  }

  /** The stream closes as soon as everything written has been sent. */
  protected override left(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stream.release(this);
    this.stream.finishLater("local");
    this.settle(DONE);
  }

  /** The next result; undefined if it has not come. */
  protected abstract take(): Result<T> | undefined;

  /** Why the iteration ends; undefined if its end is a normal one. */
  protected failure(): unknown {
    return errorOf(this.stream);
  }

  /** Settles the `next` that waits. Returns false if there is no result. */
  protected settleWith(result: Result<T> | undefined): boolean {
    if (result) this.settle(result);
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

  #end(): void {
    const error = this.failure();
    this.#isOver = true;
    this.stream.release(this);
    if (error === undefined) this.settle(DONE);
    else this.fail(error);
  }
}
