// class Client: one attempt to connect.

import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { IOLoopError, isError } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import type { Methods } from "../base/methods.ts";
import { onAbort } from "../base/signals.ts";
import { checkOptions } from "../base/checks.ts";
import type { Id } from "../core/ids.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { ReactorPart } from "../reactor/emitters.ts";
import { type SocketHandle, type StreamHandle, release } from "../socket/handle.ts";
import { tune } from "../socket/tcp-options.ts";
import { clientTls, usesTls } from "../socket/tls-options.ts";
import { type ClientOptions, checkClientOptions, whereTo } from "./client-options.ts";
import { openPlain, openSecure } from "./opening.ts";
import { headerOf } from "./proxy-header.ts";

export interface ClientEvents {
  /** The connection is open. */
  connect: [handle: SocketHandle];
  /** The attempt has failed. */
  error: [error: NodeJS.ErrnoException];
}

const SECONDS_TO_CONNECT = 10;

/** Opens one TCP or UNIX domain socket connection. Emits either `connect` or `error`, once. */
export class Client extends ReactorPart<ClientEvents> {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a client" };
  /** @internal */
  static override readonly events: readonly string[] = /* @__PURE__ */ namesOf<ClientEvents>({
    connect: true,
    error: true,
  });

  #handle: StreamHandle | undefined;
  #next: ((handle: StreamHandle) => void) | undefined; // what follows when the plain handle is connected
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
    const options = checkClientOptions(what, given);
    if (this.id !== 0) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", `${what}: the client is connecting already`);
    const { engine } = this;
    const secure = usesTls(what, options) ? clientTls(options, what) : undefined; // throws if a file or PEM is invalid
    const header = options.proxyHeader && headerOf(what, options.proxyHeader);
    const id = engine.connections.open("handleConnect");
    this.id = id;
    this.options = options;
    engine.connections.seat(id, this);
    this.#forgetSignal = onAbort(options.signal, (reason) => this.#tell("error", () => this.#failed(reason as Error)));
    engine.nextTick(() => {
      if (this.id === id) this.#attempt(secure, header);
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
    return whereTo(this.options);
  }

  #attempt(secure: ConnectionOptions | undefined, header: Buffer | undefined): void {
    const { options } = this;
    if (options.handle?.destroyed) return this.#failed(closed('option "handle" is already closed'));
    this.engine.connections.setTimeout(this.id, options.timeout ?? SECONDS_TO_CONNECT);
    const isPlain = !secure || header !== undefined;
    if (header) this.#next = (plain) => this.#send(header, plain, secure);
    const open = (): StreamHandle => (isPlain ? openPlain(options, secure ? 443 : 80) : openSecure(options, secure));
    const isConnected = options.handle !== undefined && isPlain;
    this.#open(open, isConnected ? undefined : isPlain ? "connect" : "secureConnect");
  }

  // `event` is emitted when the handle is connected; undefined if it is.
  #open(open: () => StreamHandle, event: "connect" | "secureConnect" | undefined): void {
    try {
      this.#handle = open();
      this.#handle.on("error", this.#onError).on("close", this.#onClose);
      if (event) this.#handle.on(event, this.#onConnect);
    } catch (error) {
      return this.#failed(error as Error); // the runtime checks some options only now
    }
    if (!event) this.#connected();
  }

  // Sends the header in plain. TLS begins once the system has it.
  #send(header: Buffer, plain: StreamHandle, secure: ConnectionOptions | undefined): void {
    if (!secure) {
      plain.write(header);
      return this.#connected();
    }
    const sent = (): void => {
      const { options } = this;
      this.#open(() => {
        this.#detach();
        plain.on("error", ignore);
        return openSecure(options, secure, plain);
      }, "secureConnect");
    };
    plain.write(header, (error) => {
      if (!error) this.#tell("connect", sent);
    });
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
    const next = this.#next;
    this.#next = undefined;
    try {
      if (next) return next(handle);
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
    this.#handle = this.#next = undefined;
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

function closed(what: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_HANDLE_CLOSED", `connect: ${what}`);
}

function ignore(): void {
  // The encrypted socket on top reports what matters.
}
