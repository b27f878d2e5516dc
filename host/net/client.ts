// class Client: one attempt to connect.

import { type Socket, type TcpSocketConnectOpts, connect, isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { IOLoopError, isError } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import { ownMethods } from "../base/methods.ts";
import { onAbort } from "../base/signals.ts";
import { nodeTls } from "../socket/node-tls.ts";
import {
  BOOLEAN,
  FUNCTION,
  HOST,
  PEER_PORT,
  type Rule,
  SECONDS,
  SIGNAL,
  TEXT,
  checkApart,
  checkOptions,
} from "../base/checks.ts";
import type { Id } from "../core/ids.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { ReactorPart } from "../reactor/emitters.ts";
import { HANDLE, type SocketHandle, type StreamHandle, release } from "../socket/handle.ts";
import { SOCKET_PATH } from "./socket-file.ts";
import { TCP_RULES, type TcpOptions, tune } from "../socket/tcp-options.ts";
import { CLIENT_TLS_RULES, type ClientTlsOptions, clientTls, usesTls } from "../socket/tls-options.ts";

/** Options of `Client#connect`, and of a loop's `client`. */
export interface ClientOptions extends TcpOptions, ClientTlsOptions {
  /** The address or name to connect to; default `"127.0.0.1"`. */
  address?: string | undefined;
  /** The port; default 80, with `tls` 443. */
  port?: number | undefined;
  /** The path of a UNIX domain socket, instead of address and port. */
  path?: string | undefined;
  /** A connected handle, instead of address and port. */
  handle?: StreamHandle | undefined;
  /** The address to connect from. */
  localAddress?: string | undefined;
  /** Which addresses of a name to use: those of IPv4 (4), those of IPv6 (6), or both (0, the default). */
  family?: 0 | 4 | 6 | undefined;
  /** The function that looks up names, with the arguments of `dns.lookup`, which is the default. */
  lookup?: NonNullable<TcpSocketConnectOpts["lookup"]> | undefined;
  /** Whether a loop's stream stays open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
  /** The initial `timeout` of a loop's stream, in seconds; default 15, 0 for never. */
  idleTimeout?: number | undefined;
  /** Gives the attempt up when it is aborted, with the reason of the signal as the error. An open connection stays. */
  signal?: AbortSignal | undefined;
  /** Seconds for the whole attempt, including the look-up of the name; default 10, 0 for no limit. */
  timeout?: number | undefined;
}

export interface ClientEvents {
  /** The connection is open. */
  connect: [handle: SocketHandle];
  /** The attempt has failed. */
  error: [error: NodeJS.ErrnoException];
}

const ADDRESS: Rule = { ...TEXT, allowed: "an IP address", range: (value: string) => isIP(value) !== 0 };

const FAMILY: Rule = {
  allowed: "0, 4 or 6",
  type: (value) => typeof value === "number",
  range: (value: number) => value === 0 || value === 4 || value === 6,
};
const SECONDS_TO_CONNECT = 10;

/** The rule of each option. */
export const CLIENT_RULES: Readonly<Record<string, Rule>> = {
  address: HOST,
  port: PEER_PORT,
  path: SOCKET_PATH,
  handle: HANDLE,
  localAddress: ADDRESS,
  family: FAMILY,
  lookup: FUNCTION,
  halfOpen: BOOLEAN,
  idleTimeout: SECONDS,
  signal: SIGNAL,
  timeout: SECONDS,
  ...TCP_RULES,
  ...CLIENT_TLS_RULES,
};

/** Opens one TCP or UNIX domain socket connection. Emits either `connect` or `error`, once. */
export class Client extends ReactorPart<ClientEvents> {
  /** @internal */
  static override readonly events: readonly string[] = namesOf<ClientEvents>({ connect: true, error: true });

  #handle: StreamHandle | undefined;
  #forgetSignal: (() => void) | undefined;
  /** The options of the attempt, each read once. @internal */
  options: ClientOptions = {};

  /** `reactor`: default that of the shared loop. */
  constructor(options: { reactor?: Reactor | undefined } = {}) {
    super(checkOptions("new Client", options, { reactor: REACTOR }).reactor);
  }

  /** The handle while it connects; undefined before and after. */
  get handle(): SocketHandle | undefined {
    return this.#handle as SocketHandle | undefined;
  }

  /**
   * Begins to connect, in the next tick of the running loop. `timeout` counts from that tick.
   *
   * @throws IOLoopError `ERR_IOLOOP_HANDLE_IN_USE` if the client is connecting already.
   */
  connect(options: ClientOptions = {}): void {
    this.begin("connect", options);
  }

  /** Cancels the attempt: no event is emitted any more. */
  close(): void {
    const handle = this.#handle;
    if (this.id === 0) return;
    try {
      this.#detach();
    } finally {
      this.engine.connections.close(this.#leave());
      if (handle) release(handle, false);
    }
  }

  /** Like `connect`; returns the id of the attempt. `what` is the called method, for error messages. @internal */
  begin(what: string, given: ClientOptions): Id {
    const options = checkOptions(what, given, CLIENT_RULES);
    checkApart(what, options, "path", "port", "handle", "localAddress");
    checkApart(what, options, "handle", "localAddress");
    if (this.id !== 0) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", `${what}: the client is connecting already`);
    const { engine } = this;
    const secure = usesTls(what, options) ? clientTls(options, what) : undefined; // throws if a file or PEM is invalid
    const id = engine.connections.open("handleConnect");
    this.id = id;
    this.options = options;
    engine.connections.seat(id, this);
    this.#forgetSignal = onAbort(options.signal, (reason) => this.#tell("error", () => this.#failed(reason as Error)));
    engine.nextTick(() => {
      if (this.id === id) this.#attempt(secure);
    });
    return id as Id;
  }

  /** @internal */
  expire(): void {
    const message = `Connect timeout: no connection to ${this.#where} within ${this.options.timeout ?? SECONDS_TO_CONNECT} s`;
    this.#failed(new IOLoopError("ERR_IOLOOP_CONNECT_TIMEOUT", message));
  }

  /** @internal */
  abort(): void {
    const message = `connect to ${this.#where} aborted: the loop's graceful stop timed out`;
    this.#failed(new IOLoopError("ERR_IOLOOP_ABORTED", message));
  }

  /** @internal */
  suspend(): void {
    this.#handle?.unref?.();
  }

  /** @internal */
  resume(): void {
    this.#handle?.ref?.();
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    return { isConnecting: this.id !== 0, to: this.id === 0 ? undefined : this.#where };
  }

  /** @internal */
  protected override get isUsed(): string {
    return "client connects";
  }

  get #where(): string {
    const { address, port, path, handle, tls } = this.options;
    if (path !== undefined) return path;
    if (handle) return "the other side of the handle";
    const host = address ?? "127.0.0.1";
    return `${isIP(host) === 6 ? `[${host}]` : host}:${port ?? (tls ? 443 : 80)}`;
  }

  #attempt(secure: ConnectionOptions | undefined): void {
    const { handle, timeout = SECONDS_TO_CONNECT } = this.options;
    if (handle?.destroyed) return this.#failed(closed('option "handle" is already closed'));
    this.engine.connections.setTimeout(this.id, timeout);
    const isConnected = handle !== undefined && !secure;
    try {
      this.#handle = open(this.options, secure);
      this.#handle.on("error", this.#onError).on("close", this.#onClose);
      if (!isConnected) this.#handle.on(secure ? "secureConnect" : "connect", this.#onConnect);
    } catch (error) {
      return this.#failed(error as Error); // the runtime checks some options only now
    }
    if (isConnected) this.#connected();
  }

  #onConnect = (): void =>
    this.#tell("connect", () => {
      this.#handle!.allowHalfOpen = false; // the default of the runtime
      this.#connected();
    });

  #onError = (error: Error): void => this.#tell("error", () => this.#failed(error));

  // Without an `error` before, the program has destroyed the handle.
  #onClose = (): void => this.#tell("close", () => this.#failed(closed("handle is closed")));

  // Only for this attempt: the event may wait for the loop to run, and another attempt may have begun by then.
  #tell(event: string, task: () => void): void {
    const { id } = this;
    this.engine.deliver(event, () => {
      if (this.id === id) task();
    });
  }

  #connected(): void {
    const { handle } = this;
    if (this.id === 0 || !handle) return;
    try {
      this.#detach();
      tune(handle, this.options);
    } catch (error) {
      return this.#failed(error as Error);
    }
    const id = this.#leave();
    this.engine.connections.connected(id, this.engine.now);
    this.engine.connections.offer(handle, id, () => this.fire("connect", handle));
  }

  #failed(error: Error): void {
    if (this.id === 0) return;
    this.engine.guard.run("close", () => this.close());
    // If a name has several addresses, the error of the first one says more than the AggregateError.
    const { errors } = (error ?? {}) as Partial<AggregateError>; // the reason of a signal can be anything
    this.fire("error", (Array.isArray(errors) ? errors.find(isError) : undefined) ?? error);
  }

  #leave(): number {
    const { id } = this;
    this.#forgetSignal?.();
    this.options = {};
    this.id = 0;
    this.#handle = undefined;
    return id;
  }

  #detach(): void {
    (this.#handle as Socket | undefined)
      ?.off("connect", this.#onConnect)
      .off("secureConnect", this.#onConnect)
      .off("error", this.#onError)
      .off("close", this.#onClose);
  }
}

ownMethods(Client, "a client");

// Returns the socket that begins to connect, or the connected handle if there is no TLS.
function open(options: ClientOptions, secure: ConnectionOptions | undefined): StreamHandle {
  const { address = "127.0.0.1", port = secure ? 443 : 80, path, handle, localAddress } = options;
  const { family, lookup } = options;
  const more = {
    ...(localAddress !== undefined && { localAddress }),
    ...(family !== undefined && { family }),
    ...(lookup !== undefined && { lookup }),
  };
  const where = path !== undefined ? { path } : { port, ...more };
  // Without a prototype: the runtime reads more options than these, and must not inherit any.
  if (!secure) return handle ?? connect({ __proto__: null, host: address, ...where, allowHalfOpen: true } as never);
  // The certificate must be valid for the address, even if the client connects to a path or uses a handle.
  const name = isIP(address) === 0 ? { servername: address } : {};
  const through = handle ? { socket: handle } : where;
  const all = { __proto__: null, allowHalfOpen: true, host: address, ...name, ...through, ...secure };
  return nodeTls().connect(all as never);
}

function closed(what: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", `connect: ${what}`);
}
