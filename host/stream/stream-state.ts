// What a stream is, whatever it does: its handle, its record, whom it is connected to, and why it has closed.

import { SECONDS, check } from "../base/checks.ts";
import { toError } from "../base/errors.ts";
import type { Id } from "../core/ids.ts";
import { type AnyHandle, type SocketHandle, localOf, peerOf, plain } from "../socket/handle.ts";
import { type TlsInfo, tlsOf } from "../socket/tls-info.ts";
import type { CloseReason } from "./close-reason.ts";
import { StreamEmitter } from "./stream-events.ts";

// Of streams that have failed and will emit so in the next tick, or when they are closed before it. Few ever do.
const broken = new WeakMap<StreamState, Error>();

/** The base of the halves of class Stream. */
export abstract class StreamState extends StreamEmitter {
  /** The handle as it is; undefined once the stream is closed. @internal */
  raw: AnyHandle | undefined;
  /** @internal */
  started = false;
  /** The id of its record in the core; 0 without one. @internal */
  record = 0;
  /** The slot in its id. @internal */
  slot = 0;
  #closeReason: CloseReason | undefined;
  #timeout = 15;
  #lifetime = 0;
  // Bytes that others had read and written through the handle when it was looked at last; undefined while nobody else has it.
  #seen: number | undefined;

  /** The id of the connection in its loop; 0 before it has started. It stays readable after `close`. */
  declare id: Id;

  /** The handle; undefined once the stream is closed. What others read and write through it counts as activity. */
  get handle(): SocketHandle | undefined {
    const handle = this.socket();
    if (handle) this.share();
    return handle;
  }

  /** The peer's address; undefined if it has none, and once the stream is closed. Makes no socket, as `handle` does. */
  get remoteAddress(): string | undefined {
    return peerOf(this.raw).remoteAddress;
  }

  /** The peer's port; undefined if it has none, and once the stream is closed. */
  get remotePort(): number | undefined {
    return peerOf(this.raw).remotePort;
  }

  /** The address of this side; undefined if it has none, and once the stream is closed. */
  get localAddress(): string | undefined {
    return localOf(this.raw).localAddress;
  }

  /** The port of this side; undefined if it has none, and once the stream is closed. */
  get localPort(): number | undefined {
    return localOf(this.raw).localPort;
  }

  /** Seconds without a byte read or written after which the stream closes; default 15, 0 for never. Setting it restarts the count. */
  get timeout(): number {
    return this.#timeout;
  }

  set timeout(seconds: number) {
    check("timeout", seconds, SECONDS);
    if (!this.raw) return;
    this.#timeout = seconds;
    if (!this.isSecuring) this.idleAfter(seconds);
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
    if (this.record !== 0) this.engine.connections.setLifetime(this.record, seconds);
  }

  /** What TLS has agreed on; undefined without TLS, and once the stream is closed. */
  get tls(): TlsInfo | undefined {
    return tlsOf(this.raw);
  }

  /** Why the stream has closed; undefined while it is open. */
  get closeReason(): CloseReason | undefined {
    return this.raw ? undefined : this.#closeReason;
  }

  /** @internal */
  override get isOpen(): boolean {
    return this.record !== 0;
  }

  /** The handle as a socket of the runtime. @internal */
  socket(): SocketHandle | undefined {
    return (this.raw = plain(this.raw)) as SocketHandle | undefined;
  }

  /** Somebody else has the handle: what they read and write counts as activity from here on. @internal */
  share(): void {
    this.#seen ??= this.#foreignBytes();
  }

  /** The connection is idle after so many seconds without activity, whatever `timeout` says; 0 for never. @internal */
  idleAfter(seconds: number): void {
    if (this.record !== 0) this.engine.connections.setTimeout(this.record, seconds);
  }

  /** Whether a TLS handshake is under way, which has a deadline of its own. @internal */
  abstract get isSecuring(): boolean;

  /** Something has come or gone. @internal */
  touch(now = this.engine.now): void {
    if (this.record !== 0) this.engine.core.activity[this.slot] = now;
  }

  /** The idle deadline has come: what others did with the handle since the last one is activity. @internal */
  look(): void {
    if (this.#seen === undefined || this.isSecuring) return;
    const bytes = this.#foreignBytes();
    if (bytes === this.#seen) return;
    this.#seen = bytes;
    this.touch();
  }

  /** Sets the deadlines of a connection that has got its record. @internal */
  protected setDeadlines(): void {
    this.idleAfter(this.#timeout);
    if (this.#lifetime > 0) this.lifetime = this.#lifetime;
  }

  /** @internal */
  protected forget(): void {
    this.raw = undefined;
    this.record = 0;
    this.#timeout = this.#lifetime = 0;
  }

  /** The first reason counts. @internal */
  endsFor(reason: CloseReason): void {
    this.#closeReason ??= reason;
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

  /** Keeps an error that waits for the loop to run: the stream may be closed before. @internal */
  protected keepBroken(error: Error): void {
    if (!broken.has(this)) broken.set(this, error);
  }

  /** What {@link broken} was given and nobody has been told; with `only`, that error alone. @internal */
  protected takeBroken(only?: Error): Error | undefined {
    const error = broken.get(this);
    if (only && error !== only) return undefined;
    broken.delete(this);
    return error;
  }

  /** Whether somebody else reads and writes the handle. @internal */
  abstract get isLent(): boolean;

  /** @internal */
  abstract failed(error: Error): void;

  // Bytes that passed the socket and not the stream. An encrypted socket counts other bytes than the stream does, and a stream whose socket
  // is lent shows the socket's: then all count.
  #foreignBytes(): number {
    const { bytesRead, bytesWritten, encrypted } = (this.raw ?? {}) as Partial<SocketHandle>;
    const all = (bytesRead ?? 0) + (bytesWritten ?? 0);
    return encrypted || this.isLent ? all : all - this.bytesRead - this.bytesWritten;
  }
}
