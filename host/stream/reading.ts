// The read half of a stream, and its handle: what arrives, and when it may.

import { toError } from "../base/errors.ts";
import { ownMethods } from "../base/methods.ts";
import { type AnyHandle, type SocketHandle, hold, isGone, peerOf, plain } from "../socket/handle.ts";
import { Inbox } from "./inbox.ts";
import { StreamEmitter } from "./stream-events.ts";

// Of streams that have failed and will tell so in the next tick, or when they are closed before it. Few ever do.
const broken = new WeakMap<StreamReading, Error>();

/** The base of class Stream. */
export abstract class StreamReading extends StreamEmitter {
  /** The handle as it is; undefined once the stream is closed. @internal */
  raw: AnyHandle | undefined;
  /** @internal */
  started = false;
  /** The slot in its id. @internal */
  slot = 0;
  /** @internal */
  inbox: Inbox | undefined;
  #bytesRead = 0;
  #paused = false;

  /** The handle; undefined once the stream is closed. */
  get handle(): SocketHandle | undefined {
    return (this.raw = plain(this.raw)) as SocketHandle | undefined;
  }

  /** The peer's address; undefined where it has none, and once the stream is closed. Asking for it needs no handle. */
  get remoteAddress(): string | undefined {
    return peerOf(this.raw).remoteAddress;
  }

  /** The peer's port, likewise. */
  get remotePort(): number | undefined {
    return peerOf(this.raw).remotePort;
  }

  /** Whether data, or the peer's end, waits to be read. Counts as activity. */
  get isReadable(): boolean {
    if (!this.raw) return false;
    this.touch(this.engine.clock.now());
    return this.raw.readableLength > 0 || this.raw.readableEnded || this.inbox?.isEmpty === false;
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Starts reading, or goes on after `stop`: also where the peer has ended its side meanwhile. */
  start(): void {
    if (!this.raw) return;
    this.#paused = false;
    if (!this.started) return this.open();
    this.inbox?.giveLater();
    this.flow();
    if (this.raw?.readableEnded) this.engine.nextTick(() => this.closed(true));
  }

  /** Pauses reading. Writing goes on, and so does the inactivity timeout. */
  stop(): void {
    this.#paused = true;
    try {
      if (this.handle) hold(this.handle);
    } catch (error) {
      this.broken(error);
    }
  }

  /** @internal */
  suspend(): void {
    try {
      this.raw?.pause();
      this.raw?.unref?.();
    } catch (error) {
      this.broken(error);
    }
  }

  /** @internal */
  resume(): void {
    try {
      this.raw?.ref?.();
    } catch (error) {
      this.broken(error);
    }
    this.flow();
  }

  /** Reads, unless something is in the way. @internal */
  flow(): void {
    if (this.#paused || this.inbox?.isFull || !this.engine.active) return;
    try {
      this.raw?.resume();
    } catch (error) {
      this.broken(error);
    }
  }

  /** Whether what arrives is taken by somebody. @internal */
  get isRead(): boolean {
    return this.raw !== undefined && !this.#paused && this.hasSubscribers("read");
  }

  /** What was kept for a subscriber to `read` is emitted in the next tick. @internal */
  protected override subscribed(name: string): void {
    if (name === "read") this.inbox?.giveLater();
  }

  /** @internal */
  get outlet(): AnyHandle | undefined {
    return this.started ? this.raw : undefined;
  }

  /** @internal */
  touch(now = this.engine.now): void {
    if (this.id !== 0) this.engine.core.activity[this.slot] = now;
  }

  /** @internal */
  received(chunk: Buffer): void {
    if (!this.raw) return;
    this.#bytesRead += chunk.length;
    const { engine } = this;
    if (!engine.begin()) {
      this.touch(engine.clock.now());
      return this.#keep(chunk);
    }
    try {
      this.touch();
      if (this.inbox?.isEmpty !== false && this.isRead) this.fire("read", chunk);
      else this.#keep(chunk);
    } finally {
      engine.end();
    }
  }

  /** @internal */
  closed(ended: boolean): void {
    if (ended && this.#paused) return; // the peer's end waits for `start`, as its data does
    this.engine.deliver("close", () => {
      this.inbox?.give();
      if (!ended) this.close();
      else if (!this.#paused) this.closeGracefully();
    });
  }

  /** @internal */
  failed(error: Error): void {
    // It waits for the loop to run, and may be closed before.
    if (!this.engine.active && this.raw && !isGone(error) && !broken.has(this)) broken.set(this, error);
    this.engine.deliver("error", () => {
      this.inbox?.give();
      if (!this.raw) return;
      if (error === broken.get(this)) broken.delete(this);
      if (!isGone(error)) this.fire("error", error);
      this.close();
    });
  }

  #keep(chunk: Buffer): void {
    const inbox = (this.inbox ??= new Inbox(this));
    inbox.push(chunk);
    inbox.giveLater();
    if (!inbox.isFull) return;
    try {
      this.raw!.pause();
    } catch (error) {
      this.broken(error);
    }
  }

  /** A call into the handle has thrown: a Duplex of the user's, or the runtime for want of memory. It costs this stream alone. @internal */
  broken(error: unknown): void {
    if (broken.has(this)) return this.engine.supervisor.failed(error, "error");
    broken.set(this, toError(error));
    this.engine.nextTick(() => {
      const first = broken.get(this);
      if (first) this.failed(first);
    });
  }

  /** What {@link broken} was told and nobody else has been. @internal */
  protected takeBroken(): Error | undefined {
    const error = broken.get(this);
    broken.delete(this);
    return error;
  }

  /** @internal */
  abstract close(): void;

  /** @internal */
  abstract closeGracefully(): void;

  /** Becomes a connection with a record. @internal */
  protected abstract open(): void;
}

ownMethods(StreamReading, "a stream", ["received", "closed", "touch", "flow", "suspend", "resume"]);
