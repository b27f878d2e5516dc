// class Stream: a connection's bytes, in and out, with its inactivity timeout.

import { type Id, slotOf } from "../core/ids.ts";
import { IOLoopError } from "../base/errors.ts";
import { CHUNK, COUNT, FUNCTION, SECONDS, STREAM, check, checkOptions } from "../base/checks.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { ReactorPart } from "../reactor/reactor-part.ts";
import {
  type AnyHandle,
  type StreamHandle,
  hear,
  hold,
  isGone,
  isHandle,
  leave,
  peerOf,
  plain,
  release,
  unhear,
} from "../socket/handle.ts";
import { Writing } from "./writing.ts";

export type StreamEvents = {
  /** Data has arrived. */
  read: [chunk: Buffer];
  /** Data has been handed to the system. */
  write: [chunk: Buffer];
  /** All that was written has been handed to the system. */
  drain: [];
  /** Nothing came or went for `timeout` seconds; the stream closes next. */
  timeout: [];
  /** Reading or writing failed; the stream closes next. */
  error: [error: Error];
  /** The stream is closed. Exactly once, and the last of all. */
  close: [];
};

/** A non-blocking I/O stream. */
export class Stream extends ReactorPart<StreamEvents> {
  #handle: AnyHandle | undefined;
  #timeout = 15;
  #highWaterMark = 1_048_576;
  #slot = 0;
  #writing: Writing | undefined;
  #bytesRead = 0;
  #started = false;
  #paused = false;
  #graceful = false;

  /** A stream around a connected handle, silent until `start`. `reactor`: default that of the shared loop. */
  constructor(handle: StreamHandle, options: { reactor?: Reactor | undefined } = {}) {
    if (!isHandle(handle)) check("new Stream: handle", handle, STREAM);
    checkOptions("new Stream", options, { reactor: REACTOR });
    super(options.reactor);
    this.#handle = handle;
  }

  /** The handle; undefined once the stream is closed. */
  get handle(): StreamHandle | undefined {
    return (this.#handle = plain(this.#handle));
  }

  /** The peer's address; undefined where it has none, and once the stream is closed. Asking for it needs no handle. */
  get remoteAddress(): string | undefined {
    return peerOf(this.#handle).remoteAddress;
  }

  /** The peer's port, likewise. */
  get remotePort(): number | undefined {
    return peerOf(this.#handle).remotePort;
  }

  /** Seconds without a byte read or written after which the stream closes; default 15, 0 for never. Setting it counts anew. */
  get timeout(): number {
    return this.#timeout;
  }

  set timeout(seconds: number) {
    check("timeout", seconds, SECONDS);
    if (!this.#handle) return;
    this.#timeout = seconds;
    if (this.id !== 0) this.engine.connections.setTimeout(this.id, seconds);
  }

  /** Whether data, or the peer's end, waits to be read. Counts as activity. */
  get isReadable(): boolean {
    if (!this.#handle) return false;
    this.touch(this.engine.clock.now());
    return this.#handle.readableLength > 0 || this.#handle.readableEnded;
  }

  /** Whether data, or a `write` callback, waits. */
  get isWriting(): boolean {
    return this.#writing?.isWaiting === true;
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes handed to the system. */
  get bytesWritten(): number {
    return this.#writing?.bytesWritten ?? 0;
  }

  /** Bytes written to the stream and not yet handed to the system. */
  get bytesWaiting(): number {
    return this.#writing?.bytesWaiting ?? 0;
  }

  /** From how many waiting bytes on `canWrite` is false; default 1048576. */
  get highWaterMark(): number {
    return this.#highWaterMark;
  }

  set highWaterMark(bytes: number) {
    check("highWaterMark", bytes, COUNT);
    this.#highWaterMark = bytes;
  }

  /** Whether the stream is open and fewer than `highWaterMark` bytes wait. */
  get canWrite(): boolean {
    return this.#handle !== undefined && this.bytesWaiting < this.#highWaterMark;
  }

  /** Starts reading, or goes on after `stop`: also where the peer has ended its side meanwhile. */
  start(): void {
    if (!this.#handle) return;
    this.#paused = false;
    if (!this.#started) return this.#open();
    if (this.engine.active) this.#handle.resume();
    if (this.#handle.readableEnded) this.engine.nextTick(() => this.closed(true));
  }

  /** Pauses reading. Writing goes on, and so does the inactivity timeout. */
  stop(): void {
    this.#paused = true;
    if (this.handle) hold(this.handle);
  }

  /**
   * Queues data to be sent after the current callback has ended, joined with what else it writes. `cb(stream)` runs when
   * all that waits has been handed to the system. A Uint8Array must not be changed before that.
   */
  write(chunk: string | Uint8Array, cb?: (stream: this) => unknown): this {
    if (typeof chunk !== "string") check("write: chunk", chunk, CHUNK);
    if (cb !== undefined) check("write: callback", cb, FUNCTION);
    if (!this.#handle) return this;
    (this.#writing ??= new Writing(this)).push(chunk, cb);
    return this;
  }

  /** Closes at once. What has not been handed to the system is dropped. */
  close(): void {
    this.#end(false);
  }

  /** Closes as soon as everything written has been sent; at once where nothing waits. */
  closeGracefully(): void {
    if (!this.#handle) return;
    if (this.isWriting) {
      this.#graceful = true;
      if (!this.#started) this.#open();
      return;
    }
    this.#end(true);
  }

  /**
   * Gives the handle away: paused, with nothing of the loop's left on it. What was written is still sent. The stream is
   * silent from here on, and its id is spent. Undefined when the stream is closed.
   */
  stealHandle(): StreamHandle | undefined {
    this.#handle?.pause(); // first of all: a socket that is made now shall not begin to read
    const { handle } = this;
    if (!handle) return undefined;
    this.#writing?.handOver(handle);
    this.#forget(handle, unhear);
    handle.ref?.();
    return handle;
  }

  /** Becomes a connection of the loop, and starts. @internal */
  join(): Id {
    if (!this.#handle) throw new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", "The stream is closed");
    this.start();
    this.engine.connections.adopt(this.id);
    return this.id as Id;
  }

  /** @internal */
  expire(): void {
    this.fire("timeout");
    this.close();
  }

  /** @internal */
  suspend(): void {
    this.#handle?.pause();
    this.#handle?.unref?.();
  }

  /** @internal */
  resume(): void {
    this.#handle?.ref?.();
    if (!this.#paused) this.#handle?.resume();
    if (this.isWriting) this.#writing!.flushLater();
  }

  /** @internal */
  get outlet(): AnyHandle | undefined {
    return this.#started ? this.#handle : undefined;
  }

  /** @internal */
  touch(now = this.engine.now): void {
    if (this.id !== 0) this.engine.core.activity[this.#slot] = now;
  }

  /** @internal */
  drained(): void {
    if (this.#graceful) this.closeGracefully();
  }

  /** @internal */
  received(chunk: Buffer): void {
    const { engine } = this;
    if (!engine.begin()) return engine.deliver("read", () => this.received(chunk));
    if (this.#handle) {
      this.touch();
      this.#bytesRead += chunk.length;
      this.fire("read", chunk);
    }
    engine.end();
  }

  /** @internal */
  closed(ended: boolean): void {
    if (ended && this.#paused) return; // the peer's end waits for `start`, as its data does
    this.engine.deliver("close", () => (ended ? this.closeGracefully() : this.close()));
  }

  /** @internal */
  failed(error: Error): void {
    this.engine.deliver("error", () => {
      if (!this.#handle) return;
      if (!isGone(error)) this.fire("error", error);
      this.close();
    });
  }

  #open(): void {
    const handle = this.#handle!;
    hear(handle, this);
    const { engine } = this;
    this.#started = true;
    this.id = engine.connections.claim(handle) ?? engine.connections.open("handleTrack");
    this.#slot = slotOf(this.id);
    engine.connections.connections[this.#slot] = this;
    engine.connections.setTimeout(this.id, this.#timeout);
    // Of a handle whose peer has gone already no event comes any more.
    if (handle.destroyed) engine.nextTick(() => this.close());
    else if (handle.readableEnded) engine.nextTick(() => this.closeGracefully());
    if (engine.active) this.resume();
    else this.suspend();
  }

  #end(gracefully: boolean): void {
    const handle = this.#handle;
    if (!handle) return;
    this.#forget(handle, leave);
    release(handle, gracefully);
    this.fire("close");
  }

  #forget<T extends AnyHandle>(handle: T, letGo: (handle: T) => void): void {
    this.#handle = undefined;
    this.#timeout = 0;
    this.#writing?.clear();
    if (!this.#started) return;
    letGo(handle);
    this.engine.connections.close(this.id);
    this.id = 0;
  }
}
