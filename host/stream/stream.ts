// class Stream: reads and writes a connection, and closes it when it is idle for too long.

import type { IOLoopError } from "../base/errors.ts";
import { detached, ownMethods } from "../base/methods.ts";
import { CHUNK, COUNT, FUNCTION, check, checkOptions, BOOLEAN } from "../base/checks.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { HANDLE, type StreamHandle } from "../socket/handle.ts";
import { inUse } from "./consumer.ts";
import { type StreamDuplex, duplexOf } from "./duplex.ts";
import { type StartTlsOptions, startTls } from "./start-tls.ts";
import { StreamEnding } from "./ending.ts";
import { type WebStreams, webOf } from "./web.ts";
import { Writing, refuseLater } from "./writing.ts";

/** Options of {@link Stream}. */
export interface StreamOptions {
  /** The reactor it belongs to; default that of the shared loop. */
  reactor?: Reactor | undefined;
  /** Whether it stays open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
}

// oxlint-disable-next-line no-explicit-any -- so that a function that takes a Stream takes one with any data
export type AnyData = any;

/** A non-blocking I/O stream. `Data` is the type of its `data`. */
export class Stream<Data = AnyData> extends StreamEnding {
  /** A property for your own use, such as a session. The loop does not use it. */
  data: Data | undefined = undefined;
  #highWaterMark = 1_048_576;

  /** A stream around a connected handle. It reads nothing and emits nothing until `start`. */
  constructor(handle: StreamHandle, options: StreamOptions = {}) {
    check("new Stream: handle", handle, HANDLE);
    const { reactor, halfOpen } = checkOptions("new Stream", options, { reactor: REACTOR, halfOpen: BOOLEAN });
    super(reactor);
    this.raw = handle;
    if (halfOpen) this.halfOpen = true;
  }

  /** Bytes handed to the system. */
  get bytesWritten(): number {
    return this.lent?.bytesWritten ?? this.writing?.bytesWritten ?? 0;
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
    if (this.consumer && !this.isSecuring) throw inUse("write", this.consumer.name);
    return this.push(chunk, cb);
  }

  /**
   * Sends what is queued, and `chunk`, then ends our side. Reading continues, and the stream closes when the peer has ended as well. Further
   * calls of `write` send nothing.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` as `write` does.
   */
  end(chunk?: string | Uint8Array): this {
    if (this.consumer && !this.isSecuring) throw inUse("end", this.consumer.name);
    if (chunk !== undefined) this.write(chunk);
    this.endLater();
    return this;
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

  /** Like `write`, for the consumer of the stream. @internal */
  push(chunk: string | Uint8Array, cb?: (stream: never, error?: IOLoopError) => unknown): this {
    if (this.raw && !this.isEnding) (this.writing ??= new Writing(this)).push(chunk, cb);
    else if (cb) refuseLater(this, cb);
    return this;
  }
}

ownMethods(Stream, "a stream", ["write", "push"]);
