// Pipes: all input of a stream goes to a sink, which slows the stream down.

import { BOOLEAN, type Rule, SIGNAL, checkOptions } from "../base/checks.ts";
import { onAbort, silent } from "../base/signals.ts";
import { type Consumer, isClosed, readOn } from "./consumer.ts";
import { PassedMemory, type Passing } from "../socket/read-buffers.ts";
import { errorOf } from "./endings.ts";
import type { Piped, Sink } from "./sinks.ts";

/** Options of `Stream#pipeTo`. */
export interface PipeOptions {
  /** Whether the end of the input ends the target, too; default true. If false, the target stays open, and others may write to it. */
  end?: boolean | undefined;
  /** Closes both when it is aborted. */
  signal?: AbortSignal | undefined;
}

const RULES: Readonly<Record<string, Rule>> = { end: BOOLEAN, signal: SIGNAL };

/** How a pipe reports its end. */
export interface PipeEnds {
  /** The sink takes no more: it has thrown this. */
  refused(error: unknown): void;
  /** The peer has ended its side. */
  ended(): void;
  /** The stream is closed; with an error unless it ended normally. */
  closed(error: Error | undefined): void;
}

/** The consumer of a stream that gives its input to a sink. */
export class Pipe implements Consumer, Passing {
  readonly name = "a pipe";
  readonly onlyReads: boolean;
  isFull = false;
  /** The bytes that have passed. */
  bytes = 0;
  readonly memory: PassedMemory = new PassedMemory();
  readonly #from: Piped;
  readonly #sink: Sink;
  readonly #ends: PipeEnds;

  constructor(from: Piped, sink: Sink, onlyReads: boolean, ends: PipeEnds) {
    this.#from = from;
    this.#sink = sink;
    this.onlyReads = onlyReads;
    this.#ends = ends;
  }

  received(chunk: Buffer): void {
    this.bytes += chunk.length;
    try {
      if (this.#sink.write(chunk) || this.isFull) return;
    } catch (error) {
      return this.#ends.refused(error);
    }
    this.isFull = true;
    this.#sink.whenRoom(() => {
      this.isFull = false;
      readOn(this.#from);
    });
  }

  get passing(): Passing {
    return this;
  }

  get bytesRead(): number {
    return this.bytes + (this.#from.inbox?.size ?? 0);
  }

  get bytesSent(): number {
    const { stream } = this.#sink;
    return this.#from.consumer === this && stream ? this.bytes - stream.bytesKept : 0;
  }

  waitUntilSent(): void {
    const { stream } = this.#sink;
    const sent = (): void => this.memory.allSent(this.bytesSent);
    if (stream?.raw) stream.whenDrained(sent);
    else sent();
  }

  ended(): void {
    this.#ends.ended();
  }

  look(): void {
    if (this.#sink.stream) feed(this.#from, this.#sink.stream);
  }

  displace(): void {
    if (this.isFull || this.#sink.stream?.isWriting === true) return;
    this.#from.finish("linger", "displaced");
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.#from.release(this);
    this.#ends.closed(errorOf(this.#from));
    done();
  }
}

/** The activity of one stream counts for another, whose loop may have another clock. */
function feed(stream: Piped, by: Piped): void {
  if (by.record === 0 || stream.record === 0) return;
  const at = stream.engine.clock.now() - (by.engine.clock.now() - by.engine.core.activity[by.slot]!);
  if (at > stream.engine.core.activity[stream.slot]!) stream.touch(at);
}

/** Sets the idle deadline of both streams to the shorter of their timeouts. Returns a function that ends that. */
export function shareTimeout(one: Piped, other: Piped): () => void {
  const [a, b] = [one.timeout, other.timeout];
  const shorter = a > 0 && b > 0 ? Math.min(a, b) : Math.max(a, b);
  const set = (stream: Piped, seconds: number): void => {
    if (stream.raw && !stream.isSecuring) stream.idleAfter(seconds);
  };
  if (a === b) return () => {};
  set(one, shorter);
  set(other, shorter);
  return () => {
    set(one, one.timeout);
    set(other, other.timeout);
  };
}

/** Throws if an option of `pipeTo` is wrong. */
export function checkPipeOptions(options: PipeOptions): PipeOptions {
  return checkOptions("pipeTo", options, RULES);
}

/** Gives all input of a stream to a sink. Throws if something else reads the stream. */
export function pipeTo(from: Piped, sink: Sink, options: PipeOptions): Promise<void> {
  const { end = true, signal } = checkPipeOptions(options);
  const refusal = sink.refusal?.();
  if (refusal) {
    from.finish("reset", "aborted");
    return silent(Promise.reject(refusal));
  }
  let settle!: { resolve(): void; reject(error: unknown): void };
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  let isOver = false;
  let isEnding = false;
  let unshare = (): void => {};
  const over = (): boolean => {
    if (isOver) return false;
    isOver = true;
    forgetSignal();
    unshare();
    from.release(pipe);
    return true;
  };
  const fail = (error: unknown, isOfTarget: boolean): void => {
    if (!over()) return;
    from.finish("reset", "aborted");
    if (!isOfTarget) sink.abort(error);
    unwatch();
    settle.reject(error);
  };
  const refused = (error: unknown): void => fail(error, false);
  const finish = (): void => {
    if (isEnding || isOver) return;
    isEnding = true;
    try {
      sink.finish(end, (error) => {
        if (error) return fail(error, true);
        if (!over()) return;
        unwatch();
        settle.resolve();
      });
    } catch (error) {
      refused(error);
    }
  };
  const pipe = new Pipe(from, sink, true, {
    refused,
    ended: finish,
    closed(error) {
      if (error && !isEnding) fail(error, false);
      else finish(); // after the end of the input only the target can fail
    },
  });
  from.consume("pipeTo", pipe);
  from.halfOpen = true;
  const unwatch = sink.watch((error) => {
    if (isEnding && !error) return; // `finish` calls back, with an error if not all was taken
    fail(errorOf(from) ?? error ?? isClosed("pipeTo: the target"), true); // a target may close because the stream has
  });
  const forgetSignal = onAbort(signal, refused);
  if (sink.stream) {
    sink.stream.halfOpen = true;
    unshare = shareTimeout(from, sink.stream);
  }
  if (!from.raw) from.engine.guard.run("read", () => begin(from, pipe));
  return silent(promise);
}

// A stream that is closed emits nothing any more: what it has kept is all that comes.
function begin(from: Piped, pipe: Pipe): void {
  const { inbox } = from;
  if (inbox?.isEmpty === false) pipe.received(inbox.takeAll());
  pipe.closed(undefined, () => {});
}
