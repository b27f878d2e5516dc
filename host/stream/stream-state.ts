// The state of a stream: its handle, its record, its addresses, its deadlines, and the reason of its close.

import { SECONDS, check } from "../base/checks.ts";
import { toError } from "../base/errors.ts";
import { type Id, slotOf } from "../core/ids.ts";
import { type AnyHandle, type SocketHandle, isReadByOthers, localOf, peerOf, plain } from "../socket/handle.ts";
import { type ProxyInfo, originOf } from "../socket/proxy-info.ts";
import { type TlsInfo, tlsOf } from "../socket/tls-info.ts";
import type { CloseReason } from "./close-reason.ts";
import { StreamEmitter } from "./stream-events.ts";

// The errors of streams that will emit `error` in the next tick, or when they are closed before it. In a map, as few streams have one.
const broken = new WeakMap<StreamState, Error>();

/** The base of the halves of class Stream. */
export abstract class StreamState extends StreamEmitter {
  /** The handle, a socket of the runtime or not; undefined once the stream is closed. @internal */
  raw: AnyHandle | undefined;
  /** @internal */
  started = false;
  #closeReason: CloseReason | undefined;
  #timeout = 15;
  #lifetime = 0;
  // Bytes that other code had read and written through the handle at the last check; undefined while no other code has the handle.
  #seen: number | undefined;

  /** The id of the connection in its loop; 0 before it has started. It stays readable after `close`. */
  declare id: Id;

  /** The handle; undefined once the stream is closed. Bytes that other code reads and writes through it count as activity. */
  get handle(): SocketHandle | undefined {
    const handle = this.socket();
    if (handle) this.share();
    return handle;
  }

  /** The peer's address; undefined if it has none, and once the stream is closed. Unlike `handle`, it makes no socket. */
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
   * Seconds the connection may be open, from when it was admitted or opened, whether it is idle or not. Then it closes at once, without a
   * `timeout` event. Default 0: no limit.
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

  /** What a proxy has sent about the client, if the server has the option `proxyProtocol`; undefined once the stream is closed. */
  get proxy(): ProxyInfo | undefined {
    return originOf(this.raw)?.proxy;
  }

  /** Why the stream has closed; undefined while it is open. */
  get closeReason(): CloseReason | undefined {
    return this.raw ? undefined : this.#closeReason;
  }

  /** The id of its record in the core; 0 without one. @internal */
  get record(): number {
    return this.started && this.raw ? this.id : 0;
  }

  /** The slot of its record. @internal */
  get slot(): number {
    return slotOf(this.id);
  }

  /** Whether the stream is closed, or its handle was stolen. */
  get isClosed(): boolean {
    return this.raw === undefined;
  }

  /** @internal */
  override get isOpen(): boolean {
    return this.record !== 0;
  }

  /** The handle as a socket of the runtime. @internal */
  socket(): SocketHandle | undefined {
    return (this.raw = plain(this.raw)) as SocketHandle | undefined;
  }

  /** Other code has the handle: bytes that it reads and writes count as activity from now on. @internal */
  share(): void {
    this.#seen ??= StreamState.#foreignBytes(this);
  }

  /** Whether a program that has the handle receives its data. @internal */
  protected get isReadByOthers(): boolean {
    return this.#seen !== undefined && isReadByOthers(this.raw);
  }

  /** Sets the idle deadline to this many seconds without activity, and does not change `timeout`; 0 for never. @internal */
  idleAfter(seconds: number): void {
    if (this.record !== 0) this.engine.connections.setTimeout(this.record, seconds);
  }

  /** Whether a TLS handshake is under way, which has a deadline of its own. @internal */
  abstract get isSecuring(): boolean;

  /** Records activity: bytes were received or sent. @internal */
  touch(now = this.engine.now): void {
    if (this.record !== 0) this.engine.core.activity[this.slot] = now;
  }

  /** The first bytes were sent. @internal */
  answered(): void {
    if (this.record !== 0) this.engine.admission.patience.answered(this.record);
  }

  /** The idle deadline has passed: if other code has used the handle since the last one, records activity. @internal */
  look(): void {
    this.consumerLooks();
    if (this.#seen === undefined || this.isSecuring) return;
    const bytes = StreamState.#foreignBytes(this);
    if (bytes === this.#seen) return;
    this.#seen = bytes;
    this.touch();
  }

  /** Records activity that only the consumer knows of. @internal */
  protected abstract consumerLooks(): void;

  /** Sets the deadlines of a connection that has got its record. @internal */
  protected setDeadlines(): void {
    this.idleAfter(this.#timeout);
    if (this.#lifetime > 0) this.lifetime = this.#lifetime;
  }

  /** @internal */
  protected forget(): void {
    this.raw = undefined;
    this.#timeout = this.#lifetime = 0;
  }

  /** Sets the reason of the close, unless there is one. @internal */
  endsFor(reason: CloseReason): void {
    this.#closeReason ??= reason;
  }

  /** A call into the handle has thrown: a user's Duplex, or the runtime when it is out of memory. Only this stream fails. @internal */
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

  /** Removes and returns the error that was not emitted yet; with `only`, only if it is that error. @internal */
  protected takeBroken(only?: Error): Error | undefined {
    const error = broken.get(this);
    if (only && error !== only) return undefined;
    broken.delete(this);
    return error;
  }

  /** Whether the handle is lent to a server, which reads and writes it. @internal */
  abstract get isLent(): boolean;

  /** @internal */
  abstract failed(error: Error): void;

  // Bytes that passed through the socket but not through the stream. All bytes count if the socket is encrypted, as it counts other bytes than
  // the stream does, and if it is lent, as the stream then shows the counts of the socket.
  static #foreignBytes(stream: StreamState): number {
    const { bytesRead, bytesWritten, encrypted } = (stream.raw ?? {}) as Partial<SocketHandle>;
    const all = (bytesRead ?? 0) + (bytesWritten ?? 0);
    return encrypted || stream.isLent ? all : all - stream.bytesRead - stream.bytesWritten;
  }
}
