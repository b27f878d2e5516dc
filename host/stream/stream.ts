// class Stream: a connection's bytes, in and out, with its inactivity timeout.

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
  /** Yours: whatever belongs to the connection. The loop never looks at it. */
  data: Data | undefined = undefined;
  #highWaterMark = 1_048_576;

  /** A stream around a connected handle, silent until `start`. */
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

  /** From how many waiting bytes on `canWrite` is false; default 1048576. */
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
   * Queues data to be sent after the current callback has ended, joined with what else it writes. `cb(stream)` runs when
   * all that waits has been handed to the system, or `cb(stream, error)` if the stream was closed, or had ended, before that. A
   * Uint8Array must not be changed until then.
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
   * Sends what is queued, and `chunk`, then ends our side. Reading goes on: the stream closes when the peer has ended as well. `write` does
   * nothing any more.
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
   * Speaks TLS from here on, as the same connection. What was written before goes out in plain first; what is written after waits for the
   * handshake. No plain byte is delivered any more: what has arrived and was not read is the beginning of TLS. The handshake has 10 seconds.
   * If it fails, the promise rejects and the stream closes, reason `"error"`. A rejection that nobody waits for is silent.
   *
   * @param options Those of `server` that begin with `tls` for a stream that was accepted, those of `client` for an outgoing one.
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` while a duplex, web streams or another `startTls` have the stream.
   */
  startTls(options: StartTlsOptions = {}): Promise<void> {
    return startTls(this, options);
  }

  /** What is written from here on waits; `reached` is called once what was written before has been sent. @internal */
  hold(reached: () => void): void {
    (this.writing ??= new Writing(this)).hold(reached);
  }

  /** `write`, for whoever has the stream. @internal */
  push(chunk: string | Uint8Array, cb?: (stream: never, error?: IOLoopError) => unknown): this {
    if (this.raw && !this.isEnding) (this.writing ??= new Writing(this)).push(chunk, cb);
    else if (cb) refuseLater(this, cb);
    return this;
  }
}

ownMethods(Stream, "a stream", ["write", "push"]);
