// The read half of a stream: reads from the handle, pauses it, and delivers the input.

import { BOOLEAN, check } from "../base/checks.ts";
import { ownMethods } from "../base/methods.ts";
import { BareSocket } from "../socket/bare-socket.ts";
import { type AnyHandle, type SocketHandle, hold, isGone } from "../socket/handle.ts";
import type { CloseReason } from "./close-reason.ts";
import { type Consumer, inUse } from "./consumer.ts";
import { Inbox } from "./inbox.ts";
import { StreamState } from "./stream-state.ts";

/** How a connection ends: our side first, and it lingers; both sides at once; or with a reset. */
export type Ending = "linger" | "drop" | "reset";

/** The base of class Stream. */
export abstract class StreamReading extends StreamState {
  /** @internal */
  inbox: Inbox | undefined;
  /** Receives the input instead of the subscribers to `read`. @internal */
  consumer: Consumer | undefined;
  #bytesRead = 0;
  #halfOpen = false;
  #paused = false;
  #hasPeerEnded = false;

  /**
   * Whether the stream stays open when the peer has ended its side. If true, `end` is emitted, and the stream can write until it ends too.
   * If false (the default), it sends what is queued, and closes.
   */
  get halfOpen(): boolean {
    return this.#halfOpen;
  }

  set halfOpen(on: boolean) {
    check("halfOpen", on, BOOLEAN);
    this.#halfOpen = on;
  }

  /** Whether data, or the peer's end, waits to be read. Reading this property counts as activity. */
  get isReadable(): boolean {
    if (!this.raw) return false;
    this.touch(this.engine.clock.now());
    return this.raw.readableLength > 0 || this.raw.readableEnded || this.inbox?.isEmpty === false;
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.lent?.bytesRead ?? this.#bytesRead;
  }

  /** The handle, if it is lent to a server, which reads and writes it without the stream. @internal */
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

  /** Starts reading, or continues after `stop`. If the peer has ended its side meanwhile, its end is delivered. */
  start(): void {
    if (!this.raw) return;
    this.#paused = false;
    if (!this.started) return this.open();
    this.inbox?.giveLater();
    this.flow();
    if (this.raw?.readableEnded) this.engine.nextTick(() => this.closed(true));
  }

  /** Pauses reading. Writing and the idle timeout continue. */
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

  /** Continues reading, unless the stream is paused, its reader has no room, or the loop is stopped. @internal */
  flow(): void {
    if (this.#paused || this.inbox?.isFull || this.consumer?.isFull || this.lent || !this.engine.active) return;
    try {
      this.raw?.resume();
    } catch (error) {
      this.broken(error);
    }
  }

  /** Whether input has a reader. @internal */
  get isRead(): boolean {
    if (!this.raw || this.#paused) return false;
    return this.consumer ? !this.consumer.isFull : this.hasSubscribers("read");
  }

  /** Throws if the stream has a consumer: it would not share the input. @internal */
  protected override subscribing(name: string): void {
    if (name === "read" && this.consumer && !this.isSecuring) throw inUse('on: event "read"', this.consumer.name);
  }

  /** Delivers kept input in the next tick if there is a new subscriber to `read`. @internal */
  protected override subscribed(name: string): void {
    if (name === "read") this.inbox?.giveLater();
  }

  /** Delivers all further input to a consumer, kept input first. `what` is the called method. @internal */
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

  /** Puts kept input back into a handle that the stream releases. It does not count as read. @internal */
  protected giveBack(handle: SocketHandle): void {
    if (this.inbox?.isEmpty !== false) return;
    const rest = this.inbox.takeAll();
    this.#bytesRead -= rest.length;
    handle.unshift(rest);
  }

  /** Passes a chunk to the reader. @internal */
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
      if (this.#paused || this.inbox?.isEmpty === false || this.consumer?.isFull) this.#keep(chunk);
      else if (this.consumer) this.give(chunk);
      else if (this.hasSubscribers("read")) this.emit("read", chunk); // not `fire`, which costs more
      else this.#keep(chunk);
    } catch (error) {
      engine.supervisor.failed(error, "read");
    } finally {
      engine.end();
    }
  }

  /** @internal */
  closed(ended: boolean): void {
    if (ended && this.#paused) return; // the peer's end waits for `start`, as its data does
    this.engine.deliver("close", () => {
      this.inbox?.give();
      // Only the peer can have destroyed a bare connection. On Bun, one whose two sides have ended is closed without another event.
      const hasEnded = this.raw instanceof BareSocket && this.raw.writableEnded;
      const isReset = this.raw instanceof BareSocket && !hasEnded;
      if (hasEnded && !ended) this.#hasPeerEnded = true;
      if (!ended) this.finish("drop", isReset ? "reset" : "local");
      else if (!this.#paused && this.raw && !this.#hasPeerEnded) {
        // On Bun a socket that this side destroys emits its end first.
        if (this.raw.destroyed) this.finish("drop", "local");
        else this.#peerEnded();
      }
    });
  }

  /** @internal */
  failed(error: Error): void {
    // The event waits for the loop to run, and the stream may be closed before.
    if (!this.engine.active && this.raw && !isGone(error)) this.keepBroken(error);
    this.engine.deliver("error", () => {
      this.inbox?.give();
      if (!this.raw) return;
      this.takeBroken(error);
      if (!isGone(error) && !this.isSecuring && (!this.consumer || this.hasSubscribers("error")))
        this.fire("error", error);
      // An error that the server made, and not the system: for example, after it has answered 408.
      const isOfServer = this.lent !== undefined && !("syscall" in error);
      this.finish("drop", isGone(error) ? "reset" : isOfServer ? "local" : "error", error);
    });
  }

  #peerEnded(): void {
    this.#hasPeerEnded = true;
    if (this.hasEnded) this.finish("linger", "local"); // both sides have ended, ours first
    else if (this.consumer) this.#endFor(this.consumer);
    else if (this.halfOpen) this.fire("end");
    else this.finishLater("peer");
  }

  // Delivers kept input first, even if the consumer has no room.
  #endFor(consumer: Consumer): void {
    if (this.inbox?.isEmpty === false) this.give(this.inbox.takeAll());
    this.engine.guard.run("end", () => consumer.ended());
  }

  #keep(chunk: Buffer): void {
    if (this.isReadByOthers) return; // it is not lost
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

  /** Closes as soon as all waiting data has been sent. @internal */
  abstract finishLater(reason: CloseReason): void;

  /** Opens the record of the stream in the core, and starts. @internal */
  protected abstract open(): void;
}

ownMethods(StreamReading, "a stream", ["received", "closed", "flow", "give", "suspend", "resume"]);
