// The members of a `net.Socket` that a duplex has, so that libraries accept it as one.

import { isIP } from "node:net";
import { FUNCTION, type Rule, check } from "../base/checks.ts";
import { localOf, peerOf } from "../socket/handle.ts";
import { Duplex } from "../socket/stream-classes.ts";
import type { Consumed } from "./consumer.ts";

const HIGH_WATER_MARK = 65_536;

const MILLISECONDS: Rule = {
  allowed: "a finite number of milliseconds, 0 or more",
  type: (value) => typeof value === "number",
  range: (value: number) => value >= 0 && Number.isFinite(value),
};

/** The address of one side of a connection. */
interface Place {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly family: string | undefined;
}

const NOWHERE: Place = { address: undefined, port: undefined, family: undefined };

type Settable = {
  readonly encrypted?: boolean;
  readonly authorized?: boolean;
  setNoDelay?(on: boolean): unknown;
  setKeepAlive?(on: boolean, milliseconds: number): unknown;
};

/** A Duplex with the members of a `net.Socket`. */
export abstract class SocketMembers extends Duplex {
  /** Always false: it is connected. */
  readonly connecting = false;
  /** Always false: it is connected. */
  readonly pending = false;
  /** Whether the connection uses TLS. */
  readonly encrypted: boolean;
  /** Whether the connection uses TLS, and the peer's certificate was verified. */
  readonly authorized: boolean;
  protected readonly source: Consumed;
  #local: Place | undefined;
  #peer: Place | undefined;
  #timeout = 0;
  #timer = 0;
  #since = 0; // when `setTimeout` was called
  #told = -1; // the activity after which `timeout` was emitted last

  /** @internal */
  constructor(source: Consumed) {
    super({
      allowHalfOpen: source.halfOpen,
      decodeStrings: false,
      readableHighWaterMark: HIGH_WATER_MARK,
      writableHighWaterMark: HIGH_WATER_MARK,
    });
    this.source = source;
    const { encrypted, authorized } = (source.raw ?? {}) as Settable;
    this.encrypted = encrypted === true;
    this.authorized = this.encrypted && authorized === true;
  }

  /** The peer's address. An address that was read while the connection was open stays readable after it has closed. */
  get remoteAddress(): string | undefined {
    return this.#remote.address;
  }

  /** The peer's port. */
  get remotePort(): number | undefined {
    return this.#remote.port;
  }

  /** `"IPv4"` or `"IPv6"`. */
  get remoteFamily(): string | undefined {
    return this.#remote.family;
  }

  /** The address of this side. */
  get localAddress(): string | undefined {
    return this.#here.address;
  }

  /** The port of this side. */
  get localPort(): number | undefined {
    return this.#here.port;
  }

  /** `"IPv4"` or `"IPv6"`. */
  get localFamily(): string | undefined {
    return this.#here.family;
  }

  /** Address, port and family of this side; an empty object if it has none. */
  address(): { address?: string; port?: number; family?: string } {
    const { address, port, family } = this.#here;
    return address === undefined || port === undefined || family === undefined ? {} : { address, port, family };
  }

  /** `"open"`, `"readOnly"`, `"writeOnly"` or `"closed"`. */
  get readyState(): "open" | "readOnly" | "writeOnly" | "closed" {
    if (this.readable) return this.writable ? "open" : "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  /** Bytes received. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  /** Bytes handed to the system. */
  get bytesWritten(): number {
    return this.source.bytesWritten;
  }

  /** The timeout that `setTimeout` has set, in milliseconds; undefined if there is none. */
  get timeout(): number | undefined {
    return this.#timeout || undefined;
  }

  /**
   * Emits `timeout` when nothing was received or sent for this many milliseconds; 0 for never. Unlike the `timeout` of the stream, it does
   * not close the connection.
   */
  setTimeout(milliseconds: number, cb?: () => void): this {
    check("setTimeout: milliseconds", milliseconds, MILLISECONDS);
    if (cb !== undefined) {
      check("setTimeout: callback", cb, FUNCTION);
      if (milliseconds > 0) this.once("timeout", cb);
      else this.off("timeout", cb);
    }
    this.forgetTimeout();
    if (milliseconds === 0 || this.destroyed || !this.source.raw) return this;
    this.#timeout = milliseconds;
    this.#since = this.source.engine.clock.now();
    this.#told = -1;
    this.#look(milliseconds);
    return this;
  }

  /** Sets whether the system sends small pieces at once (TCP_NODELAY); default true. */
  setNoDelay(on = true): this {
    (this.source.raw as Settable | undefined)?.setNoDelay?.(on);
    return this;
  }

  /** Sets whether the system probes the peer after this many milliseconds without data (SO_KEEPALIVE); default false. */
  setKeepAlive(on = false, milliseconds = 0): this {
    (this.source.raw as Settable | undefined)?.setKeepAlive?.(on, milliseconds);
    return this;
  }

  /** Makes the connection keep the process alive again. */
  ref(): this {
    if (this.source.engine.active) this.source.raw?.ref?.();
    return this;
  }

  /** Lets the process exit while the connection is open. */
  unref(): this {
    this.source.raw?.unref?.();
    return this;
  }

  /** Ends our side, and closes as soon as everything written has been sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Cancels `setTimeout`. */
  protected forgetTimeout(): void {
    if (this.#timer !== 0) this.source.engine.timers.remove(this.#timer);
    this.#timer = this.#timeout = 0;
  }

  get #remote(): Place {
    const { raw } = this.source;
    if (this.#peer?.address === undefined && raw) {
      const { remoteAddress, remotePort } = peerOf(raw);
      this.#peer = placeOf(remoteAddress, remotePort);
    }
    return this.#peer ?? NOWHERE;
  }

  get #here(): Place {
    const { raw } = this.source;
    if (this.#local?.address === undefined && raw) {
      const { localAddress, localPort } = localOf(raw);
      this.#local = placeOf(localAddress, localPort);
    }
    return this.#local ?? NOWHERE;
  }

  #look(after: number): void {
    this.#timer = this.source.engine.timers.make(Math.max(after, 1) / 1000, false, () => this.#expired());
  }

  // The timer is not restarted with each byte: when it fires, the last activity is checked.
  #expired(): void {
    const { engine, record, slot } = this.source;
    this.#timer = 0;
    if (record === 0 || this.destroyed) return;
    const last = Math.max(engine.core.activity[slot]!, this.#since);
    const silent = engine.clock.now() - last;
    const isTold = this.#told === last;
    this.#look(silent < this.#timeout ? this.#timeout - silent : this.#timeout);
    if (isTold || silent < this.#timeout) return;
    this.#told = last;
    this.emit("timeout");
  }
}

function placeOf(address: string | undefined, port: number | undefined): Place {
  const version = address === undefined ? 0 : isIP(address);
  return { address, port, family: version === 0 ? undefined : `IPv${version}` };
}
