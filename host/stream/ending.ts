// How a stream begins and ends: its record, the end of our side, and the close of its handle.

import { Due } from "../core/core.ts";
import type { Id } from "../core/ids.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import type { Methods } from "../base/methods.ts";
import {
  type AnyHandle,
  type SocketHandle,
  endSide,
  hear,
  hearEnd,
  keepsNothing,
  leave,
  release,
  reset,
  unhear,
} from "../socket/handle.ts";
import { passOrigin, takeRest } from "../socket/proxy-info.ts";
import { type CloseReason, errorFor, isOfPeer } from "./close-reason.ts";
import { tellClosed } from "./endings.ts";
import { inUse } from "./consumer.ts";
import { failureOf, whileFailing } from "./failing.ts";
import { type Borrower, Lent } from "./lent.ts";
import { Lingering } from "./lingering.ts";
import { type Ending, StreamReading } from "./reading.ts";
import type { Writing } from "./writing.ts";

const [ENDS_NEXT, ENDED] = [1, 2]; // the first: as soon as nothing waits

const INTERNAL = ["drained", "finish", "finishLater", "forget", "join", "open", "rested", "resume"]; // need no check

/** The base of class Stream. */
export abstract class StreamEnding extends StreamReading {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a stream", unchecked: INTERNAL };
  /** @internal */
  protected writing: Writing | undefined;
  #closesNext = false; // whether it closes as soon as nothing waits
  #side = 0; // ours: open, or one of these

  /** Set while an answer is being made, it keeps a silent connection from being displaced by a waiting client; default false. */
  busy = false;

  /** Whether data, or a `write` callback, waits. */
  get isWriting(): boolean {
    return this.writing?.isWaiting === true;
  }

  /** How many of the bytes written something may still refer to. @internal */
  get bytesKept(): number {
    return this.writing?.isShown === true || !keepsNothing(this.raw) ? Infinity : this.bytesWaiting;
  }

  /** @internal */
  override get hasEnded(): boolean {
    return this.#side === ENDED;
  }

  /** Whether `end` was called. @internal */
  get isEnding(): boolean {
    return this.#side !== 0;
  }

  /** Closes at once. Data that has not been handed to the system is dropped. */
  close(): void {
    this.finish("drop", "local");
  }

  /**
   * Closes as soon as everything written has been sent; at once if nothing waits. Input is delivered until then. The connection ends our
   * side first, and discards further input until the peer has ended: for 2 s, or 1 MiB, at most.
   */
  closeGracefully(): void {
    this.finishLater("local");
  }

  /**
   * Removes the handle from the loop and returns it, paused and without listeners of the loop. No byte is lost, and written data is still
   * sent. The slot becomes free, and the id is spent. Returns undefined if the stream is closed.
   *
   * @throws IOLoopError `ERR_IOLOOP_STREAM_IN_USE` while a duplex or a web stream of it exists; `ERR_IOLOOP_UNEXPECTED_END` if the peer has
   * ended, and input is left that was not read.
   */
  stealHandle(): SocketHandle | undefined {
    const { consumer, record } = this;
    if (consumer && !consumer.borrowed) throw inUse("stealHandle", consumer.name);
    this.checkGivesBack("stealHandle");
    try {
      if (!consumer) this.raw?.pause(); // first: a socket that is made now must not begin to read
      const handle = this.socket();
      if (!handle) return undefined;
      this.writing?.handOver(handle);
      if (this.inbox?.isEmpty === false) handle.unshift(this.inbox.takeAll());
      handle.ref?.();
      if (record !== 0) unhear(handle);
      this.endsFor("stolen");
      this.engine.connections.close(record);
      this.forget();
      tellClosed(this);
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
    this.engine.connections.adopt(this.record);
    return this.id;
  }

  /** @internal */
  expire(answer: number): void {
    if (answer === Due.LIFETIME) return this.finish("drop", "lifetime");
    if (this.consumer?.expired?.()) return;
    whileFailing(this, "timeout", undefined, () => this.fire("timeout"));
    this.finish("drop", "timeout");
  }

  /** A waiting client needs the slot. @internal */
  displace(): void {
    const { record, engine, consumer } = this;
    const before = engine.core.activity[this.slot];
    this.look();
    if (this.busy || this.isWriting || engine.core.activity[this.slot] !== before || record === 0) return;
    if (!consumer) this.finish("linger", "displaced");
    else consumer.displace?.();
  }

  /** A graceful stop has timed out. @internal */
  abort(): void {
    this.finish("drop", "stopping");
  }

  /** @internal */
  override resume(): void {
    super.resume();
    if (this.isWriting) this.writing!.flushLater();
  }

  /** Nothing waits any more. @internal */
  drained(): void {
    if (this.#closesNext) this.finish("linger", "local");
    else if (this.#side === ENDS_NEXT) StreamEnding.#endSide(this);
  }

  /** @internal */
  rested(): void {
    this.writing = undefined;
  }

  /** Ends our side as soon as all waiting data has been sent. @internal */
  endLater(): void {
    if (!this.raw || this.#side !== 0) return;
    this.#side = ENDS_NEXT;
    if (!this.started) this.open();
    if (!this.isWriting) StreamEnding.#endSide(this);
  }

  /** @internal */
  override finishLater(reason: CloseReason): void {
    if (!this.raw) return;
    this.endsFor(failureOf(this)?.reason ?? reason);
    if (this.consumer?.endsSoon?.() || this.isWriting) {
      this.#closesNext = true;
      if (!this.started) this.open();
    } else {
      this.finish("linger", reason);
    }
  }

  /** @internal */
  override finish(how: Ending, given: CloseReason, cause?: Error): void {
    const { raw: handle, consumer, engine, record } = this;
    if (!handle) return;
    const { reason, error } = failureOf(this) ?? { reason: given, error: cause };
    this.endsFor(reason);
    // If the peer has ended as well, there is no input to wait for.
    const lingers = how === "linger" && record !== 0 && !handle.readableEnded && !handle.destroyed;
    const broken = this.takeBroken();
    const isLeft = isOfPeer(reason);
    const left = consumer?.hasLeft ? consumer.hasLeft(reason) : isLeft && this.bytesWritten === 0;
    if (record !== 0) engine.admission.patience.closed(record, left, isLeft);
    this.forget();
    try {
      if (lingers) new Lingering(engine, record, handle, consumer?.borrowed && consumer).begin();
      else {
        if (record !== 0) leave(handle);
        engine.connections.close(record);
        if (how === "reset") reset(handle as SocketHandle);
        else release(handle, how === "linger");
      }
    } catch (failure) {
      this.fire("error", toError(failure));
    }
    tellClosed(this, broken ?? error);
    if (broken && (!consumer || this.hasSubscribers("error"))) this.fire("error", broken);
    if (!consumer) return this.fire("close");
    engine.guard.run("close", () => consumer.closed(errorFor(reason, broken ?? error), () => hasClosed(this)));
  }

  /** Makes this a connection of the loop whose socket the borrower reads and writes, perhaps with TLS. Returns its id. @internal */
  lend(borrower: (socket: SocketHandle) => Borrower | undefined, speaksTls: boolean): Id {
    const offered = this.raw!;
    const socket = this.socket()!;
    this.consumer = new Lent(socket, borrower(socket), speaksTls, this);
    hearEnd(socket, this);
    StreamEnding.#enter(this, offered, socket);
    this.share();
    this.engine.connections.adopt(this.record);
    if (socket.destroyed) this.engine.nextTick(() => this.finish("drop", "reset")); // while it waited
    if (this.engine.active) this.resume();
    else this.suspend();
    return this.id;
  }

  /** Starts, unless it has. @internal */
  begin(): void {
    if (!this.started) this.open();
  }

  /** Releases the handle: paused, and with all unread input. @internal */
  detach(): SocketHandle {
    this.raw!.pause(); // first: a socket that is made now must not begin to read
    const handle = this.socket()!;
    unhear(handle);
    this.giveBack(handle);
    return handle;
  }

  /** Continues with another handle, on top of the released one. Nothing is delivered before the next tick. @internal */
  attach(handle: SocketHandle): void {
    hear(handle, this);
    passOrigin(this.raw!, handle);
    this.raw = handle;
    this.consumer = undefined;
    this.idleAfter(this.timeout);
    this.engine.nextTick(() => this.flow());
    this.writing!.letGo();
  }

  /** @internal */
  protected override open(): void {
    const handle = this.raw!;
    hear(handle, this);
    StreamEnding.#enter(this, handle, handle);
    const rest = takeRest(handle);
    if (rest) this.received(rest);
    // If the peer has already gone, the handle emits nothing any more.
    const { engine } = this;
    if (handle.destroyed) engine.nextTick(() => this.disconnected(false));
    else if (handle.readableEnded) engine.nextTick(() => this.disconnected(true));
    if (engine.active) this.resume();
    else this.suspend();
  }

  // Claims the record of the offered handle, or opens one if there is none.
  static #enter(stream: StreamEnding, offered: object, handle: AnyHandle): void {
    const { engine } = stream;
    try {
      stream.id = (engine.connections.claim(offered) ?? engine.connections.open("handleTrack")) as Id;
    } catch (error) {
      unhear(handle);
      throw error;
    }
    stream.started = true;
    engine.connections.seat(stream.id, stream);
    stream.setDeadlines();
  }

  /** @internal */
  protected override forget(): void {
    super.forget();
    this.writing?.close();
  }

  static #endSide(stream: StreamEnding): void {
    stream.#side = ENDED;
    try {
      stream.raw = endSide(stream.raw!);
    } catch (error) {
      return stream.broken(error);
    }
    if (stream.hasPeerEnded) stream.finish("linger", "peer");
  }
}

// The consumer may close later than the connection: outside a dispatch of the loop, or after the loop has stopped.
function hasClosed(stream: StreamEnding): void {
  const active = stream.engine.begin();
  try {
    stream.fire("close");
  } finally {
    if (active) stream.engine.end();
  }
}
