// Starts TLS on a stream that has used plain TCP, as the same connection.
//
// Until the handshake is complete, the stream has a consumer that is always full. Input that arrives meanwhile is not delivered: it is the
// beginning of TLS. Written data waits.

import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { OBJECT, type Rule, check, checkOptions, oneOf } from "../base/checks.ts";
import { IOLoopError, toError, withCode } from "../base/errors.ts";
import { silent } from "../base/signals.ts";
import { State } from "../core/core.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { SocketHandle } from "../socket/handle.ts";
import {
  CLIENT_TLS_RULES,
  type ClientTlsOptions,
  SERVER_TLS_RULES,
  type ServerTlsOptions,
  clientTls,
  usesTls,
} from "../socket/tls-options.ts";
import { type Consumer, inUse, isClosed } from "./consumer.ts";
import { type Shake, shakeAsClient, shakeAsServer } from "./tls-sides.ts";

const SECONDS = 10;

/** Options of `Stream#startTls`: those of `server` that begin with `tls` for a stream that was accepted, those of `client` for another. */
export type StartTlsOptions = (ServerTlsOptions | ClientTlsOptions) & {
  /** Which side of TLS this is. Required for a stream that you have made yourself; the loop knows the side of others. */
  side?: "server" | "client" | undefined;
};

/** What `startTls` needs of a stream. */
export interface Securable {
  readonly engine: LoopEngine;
  readonly raw: object | undefined;
  readonly record: number;
  readonly hasPeerEnded: boolean;
  consumer: Consumer | undefined;
  /** Starts, unless it has. */
  begin(): void;
  /** Makes further written data wait. `reached` is called once everything written before has been sent. */
  hold(reached: () => void): void;
  /** Releases the handle: paused, and with all unread input. */
  detach(): SocketHandle;
  /** Continues with another handle. */
  attach(handle: SocketHandle): void;
  idleAfter(seconds: number): void;
  finish(how: "drop", reason: "error", error: Error): void;
}

const SIDE: Rule = /* @__PURE__ */ oneOf("server", "client");
// By stream, as a property would cost memory in each: few are connected by a name and start TLS later.
const names = new WeakMap<object, string>();

/** Records the address that an outgoing stream was connected to. If it is a name, the certificate must be valid for it. */
export function connectedTo(stream: object, address: string): void {
  if (isIP(address) === 0) names.set(stream, address);
}

/** Starts TLS on a stream. Throws if an option is wrong, or another consumer has the stream; rejects with any later error. */
export function startTls(stream: Securable, options: StartTlsOptions): Promise<void> {
  check("startTls: options", options, OBJECT);
  if (!stream.raw && options.side === undefined) return silent(Promise.reject(isClosed("startTls"))); // its side is not known any more
  const shake = prepare(stream, options);
  if (stream.raw && stream.consumer) throw inUse("startTls", stream.consumer.name);
  const { encrypted } = (stream.raw ?? {}) as Partial<SocketHandle>;
  if (encrypted) checkLayers();
  const start = new TlsStart(stream, shake);
  start.promise.catch(ignore); // a rejection without a handler is silent
  start.begin();
  return start.promise;
}

function prepare(stream: Securable, given: StartTlsOptions): Shake {
  const { side: asked, ...own } = given;
  if (asked !== undefined) check('startTls: option "side"', asked, SIDE);
  const isServer = (asked ?? sideOf(stream)) === "server";
  const options = checkOptions<ServerTlsOptions | ClientTlsOptions>(
    "startTls",
    own,
    isServer ? SERVER_TLS_RULES : CLIENT_TLS_RULES,
  );
  if (!usesTls("startTls", { tls: true, ...options })) {
    const message = 'startTls: option "tls" must be true or not given, not false';
    throw withCode(new RangeError(message), "ERR_IOLOOP_OUT_OF_RANGE");
  }
  if (isServer) return shakeAsServer(given, options as ServerTlsOptions);
  const secure = clientTls(options as ClientTlsOptions, "startTls");
  const name = secure.servername ?? names.get(stream);
  if (name === undefined && secure.rejectUnauthorized !== false) {
    const message = 'startTls: option "tlsOptions.servername" is required, as the stream was not connected by a name';
    throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
  }
  return shakeAsClient(name === undefined ? secure : { host: name, servername: name, ...secure });
}

function sideOf({ engine, record }: Securable): "server" | "client" {
  const state = record === 0 ? State.LOOSE : engine.connections.stateOf(record);
  if (state === State.INCOMING || state === State.EXEMPT) return "server";
  if (state === State.OUTGOING) return "client";
  const message = 'startTls: option "side" is required for a stream that you have made yourself: "server" or "client"';
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

// Bun would treat the encrypted socket as a plain one, and on Deno the handshake never ends.
function checkLayers(): void {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun === undefined && deno === undefined) return;
  const message = `startTls: TLS over TLS is not supported on ${bun === undefined ? "Deno" : "Bun"}`;
  throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", message);
}

/** A handshake under way. */
class TlsStart implements Consumer {
  readonly name = "startTls";
  readonly isFull = true;
  readonly isBrief = true;
  readonly promise: Promise<void>;
  readonly #stream: Securable;
  readonly #shake: Shake;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  #hasBegun = false;
  #over: ((secure?: TLSSocket) => void) | undefined; // removes the listeners of the handshake from its socket

  constructor(stream: Securable, shake: Shake) {
    this.#stream = stream;
    this.#shake = shake;
    this.promise = new Promise((resolve, reject) => ([this.#resolve, this.#reject] = [resolve, reject]));
  }

  begin(): void {
    const stream = this.#stream;
    if (!stream.raw) return this.#reject(isClosed("startTls"));
    stream.consumer = this;
    stream.begin();
    stream.idleAfter(SECONDS);
    if (stream.hasPeerEnded) return stream.engine.nextTick(() => this.#fail(ended()));
    // In the next tick: the callback under way may still write to the stream.
    stream.hold(() => stream.engine.nextTick(() => this.#attempt(() => this.#handshake())));
  }

  received(): void {
    // The consumer is full: input is kept.
  }

  ended(): void {
    this.#fail(ended());
  }

  expired(): boolean {
    this.#fail(new IOLoopError("ERR_IOLOOP_TLS", "startTls: the handshake was not complete in time"));
    return true;
  }

  endsSoon(): boolean {
    return true; // what was written is sent after the handshake
  }

  closed(error: Error | undefined, done: () => void): void {
    this.#takeOff();
    this.#stream.consumer = undefined;
    this.#reject(error ?? isClosed("startTls"));
    done();
  }

  get #isCurrent(): boolean {
    return this.#stream.consumer === this && this.#stream.raw !== undefined;
  }

  #handshake(): void {
    if (!this.#isCurrent || this.#hasBegun) return;
    this.#hasBegun = true;
    const stream = this.#stream;
    const { engine } = stream;
    const socket = stream.detach();
    stream.idleAfter(this.#shake.seconds ?? SECONDS);
    // Before these are delivered, the loop may be stopped, and the stream may be closed.
    this.#over = this.#shake.begin(socket, {
      secured: (secure) => engine.deliver("tls", () => this.#attempt(() => this.#secured(secure))),
      failed: (error) => engine.deliver("tls", () => this.#fail(error ?? ended())),
    });
  }

  #secured(secure: TLSSocket): void {
    if (!this.#isCurrent) return void secure.destroy();
    if (secure.destroyed) return this.#fail(ended());
    this.#takeOff(secure);
    this.#stream.attach(secure);
    this.#resolve();
  }

  #fail(error: Error): void {
    if (this.#isCurrent) this.#stream.finish("drop", "error", error);
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  #takeOff(secure?: TLSSocket): void {
    const over = this.#over;
    this.#over = undefined;
    over?.(secure);
  }
}

function ended(): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_TLS", "startTls: the connection ended before the handshake was complete");
}

function ignore(): void {
  // The caller has the promise, and may handle its rejection.
}
