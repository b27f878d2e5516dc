// class Stream: a connection's bytes, in and out, with its inactivity timeout.

import type { BareSocket } from "../socket/bare-socket.ts";
import { type Id, slotOf } from "../core/ids.ts";
import { IOLoopError } from "../base/errors.ts";
import { detached, ownMethods } from "../base/methods.ts";
import { CHUNK, COUNT, FUNCTION, SECONDS, check, checkOptions } from "../base/checks.ts";
import { Outbox, toBuffer } from "./outbox.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { Sender } from "./sender.ts";
import { StreamEmitter, isGone } from "./stream-events.ts";
import {
  HANDLE,
  type SocketHandle,
  type StreamHandle,
  hear,
  hold,
  leave,
  peerOf,
  plain,
  release,
  unhear,
} from "../socket/handle.ts";

/** A non-blocking I/O stream. */
export class Stream extends StreamEmitter {
  #handle: StreamHandle | BareSocket | undefined;
  #timeout = 15;
  #highWaterMark = 1_048_576;
  #slot = 0;
  readonly #outbox = new Outbox();
  #sender: Sender | undefined;
  #callbacks: ((stream: this) => unknown)[] | undefined;
  #bytesRead = 0;
  #bytesWritten = 0;
  #started = false;
  #paused = false;
  #graceful = false;
  #queued = false;

  /** A stream around a connected handle, silent until `start`. `reactor`: default that of the shared loop. */
  constructor(handle: StreamHandle, options: { reactor?: Reactor | undefined } = {}) {
    check("new Stream: handle", handle, HANDLE);
    super(checkOptions("new Stream", options, { reactor: REACTOR }).reactor);
    this.#handle = handle;
  }

  /** The handle; undefined once the stream is closed. */
  get handle(): SocketHandle | undefined {
    return (this.#handle = plain(this.#handle)) as SocketHandle | undefined;
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
    this.#touch(this.engine.clock.now());
    return this.#handle.readableLength > 0 || this.#handle.readableEnded;
  }

  /** Whether data, or a `write` callback, waits. */
  get isWriting(): boolean {
    return this.#handle !== undefined && (!this.#outbox.isEmpty || this.#callbacks !== undefined);
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes handed to the system. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Bytes written to the stream and not yet handed to the system. */
  get bytesWaiting(): number {
    return this.#outbox.size;
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
    if (!(this instanceof Stream)) detached("write", "a stream");
    if (typeof chunk !== "string") check("write: chunk", chunk, CHUNK);
    if (cb !== undefined) check("write: callback", cb, FUNCTION);
    if (!this.#handle) return this;
    this.#outbox.push(chunk);
    if (cb) (this.#callbacks ??= []).push(cb);
    this.#flushLater();
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
  stealHandle(): SocketHandle | undefined {
    this.#handle?.pause(); // first of all: a socket that is made now shall not begin to read
    const { handle } = this;
    if (!handle) return undefined;
    for (let piece = this.#outbox.send(); piece !== undefined; piece = this.#outbox.send()) handle.write(piece);
    this.#forget(handle, unhear);
    handle.ref?.();
    return handle;
  }

  /** Becomes a connection of the loop, and starts. @internal */
  join(): Id {
    if (!this.#handle) throw new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", "stream: this stream is closed");
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
    if (this.isWriting) this.#flushLater();
  }

  /** @internal */
  flush(): void {
    this.#queued = false;
    if (!this.#handle || !this.#started || this.#outbox.isBusy) return;
    const piece = this.#outbox.send();
    if (piece === undefined) {
      if (this.#callbacks) this.engine.nextTick(() => this.#drained());
      return;
    }
    if (this.#sender!.send(this.#handle, piece, this.#outbox.encoding)) this.sent();
  }

  /** The piece has been taken. @internal */
  sent(): void {
    if (!this.#handle) return;
    this.#touch();
    this.#bytesWritten += this.#outbox.pieceBytes;
    const piece = this.#outbox.sent();
    if (this.hasSubscribers("write")) this.fire("write", toBuffer(piece));
    if (this.#outbox.isEmpty) this.#drained();
    else this.#flushLater();
  }

  /** @internal */
  received(chunk: Buffer): void {
    const { engine } = this;
    if (!engine.begin()) return engine.deliver("read", () => this.received(chunk));
    if (this.#handle) {
      this.#touch();
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
    this.#sender = new Sender(this);
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

  #touch(now = this.engine.now): void {
    if (this.id !== 0) this.engine.core.activity[this.#slot] = now;
  }

  #flushLater(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.engine.writers.add(this);
  }

  #drained(): void {
    if (!this.#handle || !this.#outbox.isEmpty) return;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks) for (const callback of callbacks) this.engine.guard.call(callback, this, "drain");
    if (this.#handle) this.fire("drain");
    if (this.#graceful && !this.isWriting) this.closeGracefully();
  }

  #end(gracefully: boolean): void {
    const handle = this.#handle;
    if (!handle) return;
    this.#forget(handle, leave);
    release(handle, gracefully);
    this.fire("close");
  }

  #forget<T extends StreamHandle | BareSocket>(handle: T, letGo: (handle: T) => void): void {
    this.#handle = undefined;
    this.#timeout = 0;
    this.#outbox.clear();
    this.#callbacks = undefined;
    if (!this.#started) return;
    letGo(handle);
    this.engine.connections.close(this.id);
    this.id = 0;
  }
}

ownMethods(Stream, "a stream", ["write", "received", "sent", "flush", "closed", "suspend", "resume"]);
