// The read half of a stream, and its handle: what arrives, and when it may.

import { BOOLEAN, check } from "../base/checks.ts";
import { ownMethods } from "../base/methods.ts";
import { BareSocket } from "../socket/bare-socket.ts";
import { type AnyHandle, type SocketHandle, hold, isGone } from "../socket/handle.ts";
import type { CloseReason } from "./close-reason.ts";
import { type Consumer, inUse } from "./consumer.ts";
import { Inbox } from "./inbox.ts";
import { StreamState } from "./stream-state.ts";

/** How a connection ends: our side, and we linger; all of it; or with a reset. */
export type Ending = "linger" | "drop" | "reset";

/** The base of class Stream. */
export abstract class StreamReading extends StreamState {
  /** @internal */
  inbox: Inbox | undefined;
  /** Takes what arrives instead of the subscribers to `read`. @internal */
  consumer: Consumer | undefined;
  #bytesRead = 0;
  #halfOpen = false;
  #paused = false;
  #hasPeerEnded = false;

  /**
   * Whether the stream stays open when the peer has ended its side: then `end` is emitted, and the stream can write until it ends too.
   * Default false: it sends what is queued, and closes.
   */
  get halfOpen(): boolean {
    return this.#halfOpen;
  }

  set halfOpen(on: boolean) {
    check("halfOpen", on, BOOLEAN);
    this.#halfOpen = on;
  }

  /** Whether data, or the peer's end, waits to be read. Counts as activity. */
  get isReadable(): boolean {
    if (!this.raw) return false;
    this.touch(this.engine.clock.now());
    return this.raw.readableLength > 0 || this.raw.readableEnded || this.inbox?.isEmpty === false;
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.lent?.bytesRead ?? this.#bytesRead;
  }

  /** The handle, if it is lent to somebody who reads and writes it without the stream. @internal */
  get lent(): SocketHandle | undefined {
    return this.consumer?.borrowed;
  }

  /** @internal */
  override get isLent(): boolean {
    return this.consumer?.borrowed !== undefined;
  }

  /** @internal */
  override get isSecuring(): boolean {
    return this.consumer?.isBrief === true;
  }

  /** Whether the peer has ended its side. @internal */
  get hasPeerEnded(): boolean {
    return this.#hasPeerEnded;
  }

  /** Starts reading, or goes on after `stop`; also if the peer has ended its side meanwhile. */
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
      const handle = this.socket();
      if (handle && !this.lent && !this.isSecuring) hold(handle);
    } catch (error) {
      this.broken(error);
    }
  }

  /** @internal */
  suspend(): void {
    try {
      if (!this.lent && !this.isSecuring) this.raw?.pause();
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
    if (this.#paused || this.inbox?.isFull || this.consumer?.isFull || this.lent || !this.engine.active) return;
    try {
      this.raw?.resume();
    } catch (error) {
      this.broken(error);
    }
  }

  /** Whether what arrives is taken by somebody. @internal */
  get isRead(): boolean {
    if (!this.raw || this.#paused) return false;
    return this.consumer ? !this.consumer.isFull : this.hasSubscribers("read");
  }

  /** A second consumer is refused. @internal */
  protected override subscribing(name: string): void {
    if (name === "read" && this.consumer && !this.isSecuring) throw inUse('on: event "read"', this.consumer.name);
  }

  /** What was kept for a subscriber to `read` is emitted in the next tick. @internal */
  protected override subscribed(name: string): void {
    if (name === "read") this.inbox?.giveLater();
  }

  /** From here on what arrives goes to a consumer, what was kept first. @internal */
  consume(what: string, consumer: Consumer): void {
    const reader = this.consumer?.name ?? (this.hasSubscribers("read") ? "a subscriber to `read`" : undefined);
    if (reader !== undefined) throw inUse(what, reader);
    this.consumer = consumer;
    this.inbox?.giveLater();
  }

  /** @internal */
  get outlet(): AnyHandle | undefined {
    return this.started ? this.raw : undefined;
  }

  /** What has arrived is somebody else's, and not counted. @internal */
  protected giveBack(handle: SocketHandle): void {
    if (this.inbox?.isEmpty !== false) return;
    const rest = this.inbox.takeAll();
    this.#bytesRead -= rest.length;
    handle.unshift(rest);
  }

  /** Gives a chunk to the one that reads. @internal */
  give(chunk: Buffer): void {
    const { consumer } = this;
    if (!consumer) return this.fire("read", chunk);
    try {
      consumer.received(chunk);
      if (consumer.isFull) this.raw?.pause();
    } catch (error) {
      this.engine.supervisor.failed(error, "read");
    }
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
      if (this.inbox?.isEmpty !== false && this.isRead) this.give(chunk);
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
      // Nobody but the peer can have destroyed a bare connection; on Bun, one whose sides have both ended is just closed.
      const hasEnded = this.raw instanceof BareSocket && this.raw.writableEnded;
      const isReset = this.raw instanceof BareSocket && !hasEnded;
      if (hasEnded && !ended) this.#hasPeerEnded = true;
      if (!ended) this.finish("drop", isReset ? "reset" : "local");
      else if (!this.#paused && this.raw && !this.#hasPeerEnded) {
        // On Bun a socket that is destroyed on this side ends first.
        if (this.raw.destroyed) this.finish("drop", "local");
        else this.#peerEnded();
      }
    });
  }

  /** @internal */
  failed(error: Error): void {
    // It waits for the loop to run, and may be closed before.
    if (!this.engine.active && this.raw && !isGone(error)) this.keepBroken(error);
    this.engine.deliver("error", () => {
      this.inbox?.give();
      if (!this.raw) return;
      this.takeBroken(error);
      if (!isGone(error) && !this.isSecuring && (!this.consumer || this.hasSubscribers("error")))
        this.fire("error", error);
      // What a server says of its own accord, and not the system: it has answered 408, say.
      const isOfServer = this.lent !== undefined && !("syscall" in error);
      this.finish("drop", isGone(error) ? "reset" : isOfServer ? "local" : "error", error);
    });
  }

  #peerEnded(): void {
    this.#hasPeerEnded = true;
    if (this.hasEnded) this.finish("linger", "local"); // our end is answered
    else if (this.consumer) this.#endFor(this.consumer);
    else if (this.halfOpen) this.fire("end");
    else this.finishLater("peer");
  }

  // What waits for it comes first, even if it is more than it wanted.
  #endFor(consumer: Consumer): void {
    if (this.inbox?.isEmpty === false) this.give(this.inbox.takeAll());
    this.engine.guard.run("end", () => consumer.ended());
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

  /** Whether our side has ended. @internal */
  abstract get hasEnded(): boolean;

  /** Closes at once. @internal */
  abstract finish(how: Ending, reason: CloseReason, error?: Error): void;

  /** Closes as soon as what waits has been sent. @internal */
  abstract finishLater(reason: CloseReason): void;

  /** Becomes a connection with a record. @internal */
  protected abstract open(): void;
}

ownMethods(StreamReading, "a stream", ["received", "closed", "flow", "give", "suspend", "resume"]);
