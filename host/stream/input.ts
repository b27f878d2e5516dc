// The input of a stream that is still to be delivered, and what it is delivered to: subscribers to `read`, or a consumer.

import { toBuffer } from "../base/bytes.ts";
import { CHUNK, check } from "../base/checks.ts";
import { IOLoopError } from "../base/errors.ts";
import type { Methods } from "../base/methods.ts";
import { BareSocket } from "../socket/bare-socket.ts";
import type { SocketHandle } from "../socket/handle.ts";
import type { Passing } from "../socket/read-buffers.ts";
import { type Consumer, inUse } from "./consumer.ts";
import { Inbox, LIMIT } from "./inbox.ts";
import { StreamState } from "./stream-state.ts";

/** A base of class Stream. */
export abstract class StreamInput extends StreamState {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a stream", unchecked: ["flow"] };
  /** @internal */
  inbox: Inbox | undefined;
  /** Receives the input instead of the subscribers to `read`. @internal */
  consumer: Consumer | undefined;
  /** Bytes received by the stream itself. @internal */
  protected bytesIn = 0;
  /** Bytes sent by the stream itself. @internal */
  bytesOut = 0;
  /** Whether `stop` was called. @internal */
  protected isPaused = false;

  /** Bytes received. */
  get bytesRead(): number {
    return this.consumer?.borrowed?.bytesRead ?? this.bytesIn;
  }

  /** The handle, if it is lent to a server, which reads and writes it without the stream. @internal */
  get lent(): SocketHandle | undefined {
    return this.consumer?.borrowed;
  }

  /** Continues reading, unless the stream is paused, its reader has no room, or the loop is stopped. @internal */
  flow(): void {
    if (this.isPaused || this.inbox?.isFull || this.consumer?.isFull || this.lent || !this.engine.active) return;
    try {
      this.raw?.resume();
    } catch (error) {
      this.broken(error);
    }
  }

  /** Whether input has a reader. @internal */
  get isRead(): boolean {
    if (!this.raw || this.isPaused) return false;
    const { consumer } = this;
    return consumer ? !consumer.isFull && consumer.wants !== false : this.hasSubscribers("read");
  }

  /** Whether the consumer has no room. @internal */
  get isFull(): boolean {
    return this.consumer?.isFull === true;
  }

  /** The consumer, if it reads much and passes it on. @internal */
  get passing(): Passing | undefined {
    return this.consumer?.passing;
  }

  /** Whether kept input may be taken now. @internal */
  get isGiving(): boolean {
    return !this.raw || (!this.isPaused && this.engine.active);
  }

  /** What reads the stream, for error messages. @internal */
  get user(): string | undefined {
    return this.consumer?.name ?? (this.hasSubscribers("read") ? "a subscriber to `read`" : undefined);
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
    const { user } = this;
    if (user !== undefined) throw inUse(what, user);
    this.consumer = consumer;
    this.inbox?.giveLater();
  }

  /** Ends the use of the stream by a consumer. @internal */
  release(consumer: Consumer): void {
    if (this.consumer !== consumer) return;
    this.consumer = undefined;
    this.flow();
  }

  /** Gives bytes back: whatever reads the stream next receives them first. */
  unread(chunk: string | Uint8Array): void {
    if (typeof chunk !== "string") check("unread: chunk", chunk, CHUNK);
    if (chunk.length === 0) return;
    (this.inbox ??= new Inbox(this)).unshift(toBuffer(chunk));
    this.giveAgain();
  }

  /** Sets how many bytes are kept for a read that waits for more than is usually kept. @internal */
  keepUpTo(bytes: number): void {
    (this.inbox ??= new Inbox(this)).limit = Math.max(LIMIT, bytes);
    this.flow();
  }

  /** Puts kept input back into a handle that the stream releases. It does not count as read. @internal */
  protected giveBack(handle: SocketHandle): void {
    if (this.inbox?.isEmpty !== false) return;
    this.checkGivesBack("startTls");
    const rest = this.inbox.takeAll();
    this.bytesIn -= rest.length;
    handle.unshift(rest);
  }

  /** Throws if input was kept whose handle has reported the end: it would not take the input back. @internal */
  protected checkGivesBack(what: string): void {
    const { raw } = this;
    if (this.inbox?.isEmpty !== false || raw instanceof BareSocket || !raw?.readableEnded) return;
    const message = `${what}: the peer has ended, and the input that was kept cannot be given back to the handle: read it first`;
    throw new IOLoopError("ERR_IOLOOP_UNEXPECTED_END", message);
  }

  /** @internal */
  protected override consumerLooks(): void {
    this.consumer?.look?.();
  }

  /** Delivers kept input again, after a pause. @internal */
  protected giveAgain(): void {
    this.inbox?.giveLater();
    if (this.consumer?.kept) this.engine.nextTick(() => this.consumer?.kept?.());
  }

  /** Passes a chunk to the reader. @internal */
  abstract give(chunk: Buffer): void;
}
