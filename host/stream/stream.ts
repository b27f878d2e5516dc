// class Stream: a connection's bytes, in and out, with its inactivity timeout.

import { Due } from "../core/core.ts";
import { type Id, slotOf } from "../core/ids.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import { detached, ownMethods } from "../base/methods.ts";
import { CHUNK, COUNT, FUNCTION, SECONDS, check, checkOptions } from "../base/checks.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { HANDLE, type SocketHandle, type StreamHandle, hear, leave, release, unhear } from "../socket/handle.ts";
import { Lingering } from "./lingering.ts";
import { StreamReading } from "./reading.ts";
import { Writing, refuseLater } from "./writing.ts";

/** A non-blocking I/O stream. */
export class Stream extends StreamReading {
  #timeout = 15;
  #lifetime = 0;
  #highWaterMark = 1_048_576;
  #writing: Writing | undefined;
  #graceful = false;

  /** A stream around a connected handle, silent until `start`. `reactor`: default that of the shared loop. */
  constructor(handle: StreamHandle, options: { reactor?: Reactor | undefined } = {}) {
    check("new Stream: handle", handle, HANDLE);
    super(checkOptions("new Stream", options, { reactor: REACTOR }).reactor);
    this.raw = handle;
  }

  /** Seconds without a byte read or written after which the stream closes; default 15, 0 for never. Setting it restarts the count. */
  get timeout(): number {
    return this.#timeout;
  }

  set timeout(seconds: number) {
    check("timeout", seconds, SECONDS);
    if (!this.raw) return;
    this.#timeout = seconds;
    if (this.id !== 0) this.engine.connections.setTimeout(this.id, seconds);
  }

  /**
   * Seconds the connection may be open at all, from when it was admitted or opened, whatever it does; then it closes at once, without a
   * `timeout`. Default 0: no bound.
   */
  get lifetime(): number {
    return this.#lifetime;
  }

  set lifetime(seconds: number) {
    check("lifetime", seconds, SECONDS);
    if (!this.raw) return;
    this.#lifetime = seconds;
    if (this.id !== 0) this.engine.connections.setLifetime(this.id, seconds);
  }

  /** Whether data, or a `write` callback, waits. */
  get isWriting(): boolean {
    return this.#writing?.isWaiting === true;
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
    return this.raw !== undefined && this.bytesWaiting < this.#highWaterMark;
  }

  /**
   * Queues data to be sent after the current callback has ended, joined with what else it writes. `cb(stream)` runs when
   * all that waits has been handed to the system, or `cb(stream, error)` when the stream was closed before that. A
   * Uint8Array must not be changed until then.
   */
  write(chunk: string | Uint8Array, cb?: (stream: this, error?: IOLoopError) => unknown): this {
    if (!(this instanceof Stream)) detached("write", "a stream");
    if (typeof chunk !== "string") check("write: chunk", chunk, CHUNK);
    if (cb !== undefined) check("write: callback", cb, FUNCTION);
    if (!this.raw) {
      if (cb) refuseLater(this, cb);
      return this;
    }
    (this.#writing ??= new Writing(this)).push(chunk, cb);
    return this;
  }

  /** Closes at once. What has not been handed to the system is dropped. */
  close(): void {
    this.#end(false);
  }

  /**
   * Closes as soon as everything written has been sent; at once where nothing waits. Data is delivered until then. The connection ends our
   * side first, and drops what still comes until the peer has ended: 2 s or 1 MiB at most.
   */
  closeGracefully(): void {
    if (!this.raw) return;
    if (this.isWriting) {
      this.#graceful = true;
      if (!this.started) this.open();
      return;
    }
    this.#end(true);
  }

  /**
   * Gives the handle away: paused, with nothing of the loop's left on it. What was written is still sent. The stream is
   * silent from here on, and its id is spent. Undefined when the stream is closed.
   */
  stealHandle(): SocketHandle | undefined {
    try {
      this.raw?.pause(); // first of all: a socket that is made now shall not begin to read
      const { handle } = this;
      if (!handle) return undefined;
      this.#writing?.handOver(handle);
      if (this.inbox?.isEmpty === false) handle.unshift(this.inbox.takeAll());
      handle.ref?.();
      if (this.id !== 0) unhear(handle);
      this.engine.connections.close(this.id);
      this.#forget();
      return handle;
    } catch (error) {
      this.broken(error);
      return undefined;
    }
  }

  /** Becomes a connection of the loop, and starts. @internal */
  join(): Id {
    if (!this.raw) throw new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", "stream: this stream is closed");
    this.start();
    this.engine.connections.adopt(this.id);
    return this.id as Id;
  }

  /** @internal */
  expire(answer: number): void {
    if (answer !== Due.LIFETIME) this.fire("timeout");
    this.close();
  }

  /** @internal */
  override resume(): void {
    super.resume();
    if (this.isWriting) this.#writing!.flushLater();
  }

  /** @internal */
  drained(): void {
    if (this.#graceful) this.closeGracefully();
  }

  /** @internal */
  protected override open(): void {
    const handle = this.raw!;
    hear(handle, this);
    const { engine } = this;
    try {
      this.id = engine.connections.claim(handle) ?? engine.connections.open("handleTrack");
    } catch (error) {
      unhear(handle);
      throw error;
    }
    this.started = true;
    this.slot = slotOf(this.id);
    engine.connections.seat(this.id, this);
    engine.connections.setTimeout(this.id, this.#timeout);
    if (this.#lifetime > 0) engine.connections.setLifetime(this.id, this.#lifetime);
    // Of a handle whose peer has gone already no event comes any more.
    if (handle.destroyed) engine.nextTick(() => this.close());
    else if (handle.readableEnded) engine.nextTick(() => this.closeGracefully());
    if (engine.active) this.resume();
    else this.suspend();
  }

  #end(gracefully: boolean): void {
    const { raw: handle, engine, id } = this;
    if (!handle) return;
    // Where the peer has ended as well, there is nothing to linger for.
    const lingers = gracefully && id !== 0 && !handle.readableEnded && !handle.destroyed;
    const broken = this.takeBroken();
    this.#forget();
    try {
      if (lingers) new Lingering(engine, id, handle).begin();
      else {
        if (id !== 0) leave(handle);
        engine.connections.close(id);
        release(handle, gracefully);
      }
    } catch (error) {
      this.fire("error", toError(error));
    }
    if (broken) this.fire("error", broken);
    this.fire("close");
  }

  #forget(): void {
    this.raw = undefined;
    this.id = 0;
    this.#timeout = this.#lifetime = 0;
    this.#writing?.close();
  }
}

ownMethods(Stream, "a stream", ["write", "drained", "resume"]);
