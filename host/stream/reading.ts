// The read half of a stream: reads from the handle, pauses it, and delivers the input.

import { BOOLEAN, check } from "../base/checks.ts";
import type { Methods } from "../base/methods.ts";
import { BareSocket } from "../socket/bare-socket.ts";
import { type AnyHandle, hold, isGone, pauseFull } from "../socket/handle.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Consumer } from "./consumer.ts";
import { whileFailing } from "./failing.ts";
import { Inbox } from "./inbox.ts";
import { StreamInput } from "./input.ts";

/** How a connection ends: our side first, and it lingers; both sides at once; or with a reset. */
export type Ending = "linger" | "drop" | "reset";

/** The base of class Stream. */
export abstract class StreamReading extends StreamInput {
  /** @internal */
  static override readonly ownMethods: Methods = {
    of: "a stream",
    unchecked: ["received", "disconnected", "give", "suspend", "resume"],
  };
  #halfOpen = false;
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
    this.isPaused = false;
    if (!this.started) return this.open();
    this.giveAgain();
    this.flow();
    if (this.#hasPeerEnded) StreamReading.#endAgain(this);
    else if (this.raw?.readableEnded) this.engine.nextTick(() => this.disconnected(true));
  }

  /** Pauses reading. Writing and the idle timeout continue. */
  stop(): void {
    this.isPaused = true;
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
    if (this.consumer) this.giveAgain();
    this.flow();
  }

  /** @internal */
  get outlet(): AnyHandle | undefined {
    return this.started ? this.raw : undefined;
  }

  /** Passes a chunk to the reader. @internal */
  give(chunk: Buffer): void {
    const { consumer } = this;
    if (!consumer) return this.fire("read", chunk);
    try {
      consumer.received(chunk);
      if (consumer.isFull) pauseFull(this.raw);
    } catch (error) {
      this.engine.supervisor.failed(error, "read");
    }
  }

  /** @internal */
  received(chunk: Buffer): void {
    if (!this.raw) return;
    this.bytesIn += chunk.length;
    const { engine } = this;
    if (!engine.begin()) {
      this.touch(engine.clock.now());
      return StreamReading.#keep(this, chunk);
    }
    try {
      this.touch();
      const { consumer } = this;
      if (this.isPaused || this.inbox?.isEmpty === false) StreamReading.#keep(this, chunk);
      else if (consumer) {
        if ((consumer.isFull && !consumer.passing) || consumer.wants === false) StreamReading.#keep(this, chunk);
        else this.give(chunk);
      } else if (this.hasSubscribers("read")) this.emit("read", chunk); // not `fire`, which costs more
      else StreamReading.#keep(this, chunk);
    } catch (error) {
      engine.supervisor.failed(error, "read");
    } finally {
      engine.end();
    }
  }

  /** @internal */
  disconnected(ended: boolean): void {
    if (ended && this.isPaused) return; // the peer's end waits for `start`, as its data does
    this.engine.deliver("close", () => {
      this.inbox?.give();
      // Only the peer can have destroyed a bare connection. On Bun, one whose two sides have ended is closed without another event.
      const hasEnded = this.raw instanceof BareSocket && this.raw.writableEnded;
      const isReset = this.raw instanceof BareSocket && !hasEnded;
      if (hasEnded && !ended) {
        this.#hasPeerEnded = true;
        if (this.consumer) StreamReading.#giveEnd(this, this.consumer);
      }
      if (!ended) this.finish("drop", isReset ? "reset" : "local");
      else if (!this.isPaused && this.raw && !this.#hasPeerEnded) {
        // On Bun a socket that this side destroys emits its end first.
        if (this.raw.destroyed) this.finish("drop", "local");
        else StreamReading.#peerEnded(this);
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
      // An error that the server made, and not the system: for example, after it has answered 408.
      const isOfServer = this.lent !== undefined && !("syscall" in error);
      const reason = isGone(error) ? "reset" : isOfServer ? "local" : "error";
      if (!isGone(error) && !this.isSecuring && (!this.consumer || this.hasSubscribers("error")))
        whileFailing(this, reason, error, () => this.fire("error", error));
      this.finish("drop", reason, error);
    });
  }

  static #peerEnded(stream: StreamReading): void {
    stream.#hasPeerEnded = true;
    if (stream.record !== 0) stream.engine.admission.patience.ended(stream.record, stream.bytesWritten > 0);
    if (!stream.hasEnded) return StreamReading.#endOf(stream, stream.consumer);
    if (stream.consumer) StreamReading.#giveEnd(stream, stream.consumer);
    stream.finish("linger", "local"); // both sides have ended, ours first
  }

  static #endOf(stream: StreamReading, consumer: Consumer | undefined): void {
    if (consumer) {
      StreamReading.#giveEnd(stream, consumer);
      if (!consumer.onlyReads || !stream.raw) return; // it may have closed the stream
    }
    if (stream.halfOpen) stream.fire("end");
    else stream.finishLater("peer");
  }

  // A consumer that takes all gets kept input first, even if it has no room. One that asks for input takes the rest later.
  static #giveEnd(stream: StreamReading, consumer: Consumer): void {
    if (stream.inbox?.isEmpty === false && consumer.wants === undefined) stream.give(stream.inbox.takeAll());
    stream.engine.guard.run("end", () => consumer.ended());
  }

  /** If the peer has ended before there was this consumer, it gets what was kept, and then the end. @internal */
  override consume(what: string, consumer: Consumer): void {
    super.consume(what, consumer);
    if (this.#hasPeerEnded) StreamReading.#endAgain(this);
  }

  static #endAgain(stream: StreamReading): void {
    stream.engine.nextTick(() => {
      const { consumer } = stream;
      if (consumer && stream.raw && !stream.isPaused && consumer.wants === undefined && !consumer.isBrief)
        StreamReading.#giveEnd(stream, consumer);
    });
  }

  static #keep(stream: StreamReading, chunk: Buffer): void {
    if (stream.isReadByOthers) return; // it is not lost
    const inbox = (stream.inbox ??= new Inbox(stream));
    inbox.push(chunk);
    inbox.giveLater();
    stream.consumer?.kept?.();
    if (!inbox.isFull) return;
    try {
      stream.raw?.pause();
    } catch (error) {
      stream.broken(error);
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
