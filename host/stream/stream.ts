// class Stream: reads and writes a connection, and closes it when it is idle for too long.

import type { Writable } from "node:stream";
import type { IOLoopError } from "../base/errors.ts";
import { silent } from "../base/signals.ts";
import { type Methods, detached } from "../base/methods.ts";
import { CHUNK, COUNT, FUNCTION, type Rule, SIGNAL, check, checkOptions } from "../base/checks.ts";
import type { Framer } from "../framing/framer.ts";
import { streams } from "../socket/builtin.ts";
import type { StreamHandle } from "../socket/handle.ts";
import { Chunks } from "./chunks.ts";
import type { CloseReason } from "./close-reason.ts";
import { type Consumer, inUse } from "./consumer.ts";
import { type StreamDuplex, duplexOf } from "./duplex.ts";
import { StreamEnding } from "./ending.ts";
import { closed } from "./endings.ts";
import { callForFrames, encodeFrame, iterateFrames } from "./frames.ts";
import { type PipeOptions, checkPipeOptions, pipeTo } from "./pipe.ts";
import { StreamReader } from "./reader.ts";
import { flushed, send, tellRoom } from "./send.ts";
import { streamSink, webSink, writableSink } from "./sinks.ts";
import { type Spliced, splice } from "./splice.ts";
import { OwnOptions, type StreamOptions, checkStream } from "./stream-options.ts";
import { type StartTlsOptions, startTls } from "./start-tls.ts";
import { type WebStreams, webOf } from "./web.ts";
import { type WriteCallback, Writing, refuseLater } from "./writing.ts";

/** Options of a call that a signal can cancel. */
export interface SignalOptions {
  /** Cancels the call when it is aborted: the promise rejects with the reason of the signal. */
  signal?: AbortSignal | undefined;
}

// oxlint-disable-next-line no-explicit-any -- so that a function that takes a Stream takes one with any data
export type AnyData = any;

/** A non-blocking I/O stream. `Data` is the type of its `data`. */
export class Stream<Data = AnyData> extends StreamEnding {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a stream", unchecked: ["write", "push", "partlySent"] };
  /** A property for your own use, such as a session. The loop does not use it. */
  data: Data | undefined = undefined;
  #highWaterMark = 1_048_576;

  /** A stream around a connected handle. It reads nothing and emits nothing until `start`. */
  constructor(handle: StreamHandle, options: StreamOptions = {}) {
    const { reactor, halfOpen } = OwnOptions.are(options) ? options : checkStream(handle, options);
    super(reactor);
    this.raw = handle;
    if (halfOpen) this.halfOpen = true;
  }

  /** Bytes handed to the system. */
  get bytesWritten(): number {
    return this.lent?.bytesWritten ?? this.bytesOut;
  }

  /** Bytes written to the stream and not yet handed to the system. */
  get bytesWaiting(): number {
    return this.writing?.bytesWaiting ?? 0;
  }

  /** The number of waiting bytes from which `canWrite` is false; default 1048576. */
  get highWaterMark(): number {
    return this.#highWaterMark;
  }

  set highWaterMark(bytes: number) {
    check("highWaterMark", bytes, COUNT);
    this.#highWaterMark = bytes;
  }

  /** Whether the stream is open, our side has not ended, and fewer than `highWaterMark` bytes wait. */
  get canWrite(): boolean {
    return this.raw !== undefined && !this.isEnding && this.bytesWaiting < this.#highWaterMark;
  }

  /**
   * Queues data. All writes made in one callback are sent together, after it has ended. `cb(stream)` runs when all waiting data has been
   * handed to the system, or `cb(stream, error)` if the stream was closed, or had ended, before that. A Uint8Array must not be changed
   * until then.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` while a duplex or a web stream of it, or a server, writes to it.
   */
  write(chunk: string | Uint8Array, cb?: (stream: this, error?: IOLoopError) => unknown): this {
    if (!(this instanceof Stream)) detached("write", "a stream");
    if (typeof chunk !== "string") check("write: chunk", chunk, CHUNK);
    if (cb !== undefined) check("write: callback", cb, FUNCTION);
    if (this.consumer) mayWrite(this.consumer, "write");
    return this.push(chunk, cb);
  }

  /**
   * Sends what is queued, and `chunk`, then ends our side. Reading continues, and the stream closes when the peer has ended as well. Further
   * calls of `write` send nothing.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` as `write` does.
   */
  end(chunk?: string | Uint8Array): this {
    if (this.consumer) mayWrite(this.consumer, "end");
    if (chunk !== undefined) this.write(chunk);
    this.endLater();
    return this;
  }

  /**
   * Like `write`, and waits while `canWrite` is false. It does not wait until the data has been sent: see `flushed`. Rejects if the stream
   * closes first, or is closed. A rejection without a handler is silent, as of all promises of a stream.
   */
  send(chunk: string | Uint8Array, options?: SignalOptions): Promise<void> {
    check("send: chunk", chunk, CHUNK);
    const signal = options === undefined ? undefined : checkOptions("send", options, SIGNALS).signal;
    const owner = writerOf(this.consumer);
    return owner === undefined ? send(this, chunk, signal) : silent(Promise.reject(inUse("send", owner)));
  }

  /** Waits until everything written has been handed to the system. Rejects if the stream closes first, or is closed. */
  flushed(): Promise<void> {
    return flushed(this);
  }

  /** Resolves with the `closeReason` when the stream has closed. Never rejects. */
  closed(): Promise<CloseReason> {
    return closed(this);
  }

  /**
   * Iterates over the input, and reads only as fast as that. Ends when the peer or this program has ended the connection; any other end
   * throws. Leaving the loop early closes the stream as by `closeGracefully`.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads the stream, such as a subscriber to `read`.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    return new Chunks(this);
  }

  /** Reads the stream by calls: a chunk, a number of bytes, up to a delimiter, or a line. */
  reader(): StreamReader {
    return new StreamReader(this);
  }

  /**
   * Splits the input into messages: iterates over them, or calls `cb(stream, message)` for each. A framer belongs to one stream; give a
   * function that makes one, such as `lines`, if there are many. A message that is too long, or an end in the middle of one, is an `error`,
   * or thrown by the iterator, and closes the stream.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads the stream; `ERR_IOLOOP_FRAMER_IN_USE`.
   */
  frames<T>(framer: Framer<T, never> | (() => Framer<T, never>)): AsyncIterableIterator<T>;
  frames<T>(framer: Framer<T, never> | (() => Framer<T, never>), cb: (stream: this, message: T) => unknown): this;
  frames<T>(
    framer: Framer<T, never> | (() => Framer<T, never>),
    cb?: (stream: this, message: T) => unknown,
  ): AsyncIterableIterator<T> | this {
    if (cb === undefined) return iterateFrames(this, framer);
    callForFrames(this, framer, cb);
    return this;
  }

  /**
   * Sends a message as the framer of `frames` encodes it, and waits like `send`.
   *
   * @throws IOLoopError `ERR_IOLOOP_NO_FRAMER` before the first call of `frames`.
   */
  sendFrame(message: unknown, options?: SignalOptions): Promise<void> {
    return this.send(encodeFrame(this, message), options);
  }

  /**
   * Gives all input to another stream, a Writable or a WritableStream, and reads only as fast as that takes it. The end of the input ends the
   * target. Resolves when the target has taken everything. If one fails or is reset, so is the other, and the promise rejects.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads the stream, or alone may write to the target.
   */
  pipeTo(to: Stream | Writable | WritableStream<Uint8Array>, options: PipeOptions = {}): Promise<void> {
    check("pipeTo: target", to, TARGET);
    if (this.user !== undefined) throw inUse("pipeTo", this.user);
    checkPipeOptions(options); // before a WritableStream is locked
    const sink = to instanceof Stream ? streamSink(to, "pipeTo") : "getWriter" in to ? webSink(to) : writableSink(to);
    return pipeTo(this, sink, options);
  }

  /**
   * Connects this stream and another, both ways: what one receives, the other sends. The end of one side ends the same side of the other. The
   * shorter of their timeouts counts for both, and traffic of either is activity of both. Resolves to the bytes sent to and received from the
   * peer of this stream when both have closed. If one fails or is reset, so is the other, and the promise rejects.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads one of them, or alone may write to it.
   */
  splice(far: Stream, options: SignalOptions = {}): Promise<Spliced> {
    check("splice: far", far, ANOTHER);
    for (const { user } of [this, far]) if (user !== undefined) throw inUse("splice", user);
    return splice(this, far, options);
  }

  /** Closes as by `closeGracefully`, and waits until it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closeGracefully();
    await this.closed();
  }

  /** Closes at once. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The stream as a Duplex with the members of a `net.Socket`, for libraries: the same one at each call. From then on it reads and writes the
   * stream. `destroy(err)` resets the connection, `destroy()` closes it.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads the stream, such as a subscriber to `read`.
   */
  duplex(): StreamDuplex {
    return duplexOf(this);
  }

  /**
   * The stream as web streams: the same ones at each call. From then on they read and write the stream.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` if something else reads the stream, such as a duplex of it.
   */
  web(): WebStreams {
    return webOf(this);
  }

  /**
   * Starts TLS, as the same connection. Data written before is sent in plain first; data written after waits for the handshake. No plain
   * byte is delivered any more: unread input is the beginning of TLS. The handshake may take 10 seconds. If it fails, the promise rejects,
   * and the stream closes with the reason `"error"`. A rejection without a handler is silent.
   *
   * @param options Those of `server` that begin with `tls` for a stream that was accepted, those of `client` for an outgoing one.
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` while a duplex, web streams or another `startTls` have the stream.
   */
  startTls(options: StartTlsOptions = {}): Promise<void> {
    return startTls(this, options);
  }

  /** Makes further written data wait. `reached` is called once everything written before has been sent. @internal */
  hold(reached: () => void): void {
    (this.writing ??= new Writing(this)).hold(reached);
  }

  /** @internal */
  whenDrained(cb: WriteCallback): void {
    (this.writing ??= new Writing(this)).push("", cb);
  }

  /** @internal */
  partlySent(): void {
    tellRoom(this);
  }

  /** Like `write`, for the consumer of the stream. @internal */
  push(chunk: string | Uint8Array, cb?: (stream: never, error?: IOLoopError) => unknown): this {
    if (this.raw && !this.isEnding) (this.writing ??= new Writing(this)).push(chunk, cb);
    else if (cb) refuseLater(this, cb);
    return this;
  }
}

// The name of a consumer that alone may write.
function writerOf(consumer: Consumer | undefined): string | undefined {
  return consumer && !consumer.onlyReads && !consumer.isBrief ? consumer.name : undefined;
}

function mayWrite(consumer: Consumer, what: string): void {
  const owner = writerOf(consumer);
  if (owner !== undefined) throw inUse(what, owner);
}

const SIGNALS: Readonly<Record<string, Rule>> = { signal: SIGNAL };
const ANOTHER: Rule = { allowed: "a Stream of the loop", type: (value) => value instanceof Stream };
const TARGET: Rule = {
  allowed: "a Stream of the loop, a Writable or a WritableStream",
  type: (value) =>
    value instanceof Stream ||
    typeof (value as { getWriter?: unknown }).getWriter === "function" ||
    value instanceof streams().Writable,
};
