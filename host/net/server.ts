// class Server: a listening socket, whose clients wait in a queue until the core admits them.

import { type Server as NetServer, type Socket, createServer } from "node:net";
import { ClosingListener } from "./closing-listener.ts";
import type { DropReason } from "../engine/connections.ts";
import type { BareSocket } from "../socket/bare-socket.ts";
import { Deferred } from "../base/deferred.ts";
import { debug } from "../core/debug.ts";
import { IOLoopError } from "../base/errors.ts";
import type { Methods } from "../base/methods.ts";
import { onAbort } from "../base/signals.ts";
import { bind } from "./bind.ts";
import { type ListenerOptions, checkListenerOptions, isShared, limitsOf, whereToListen } from "./listener-options.ts";
import { SERVER_EVENTS, type ServerEvents, checkAccepting, freePort, refuse, whenClosed } from "./server-handle.ts";
import { SocketFile } from "./socket-file.ts";
import { acceptOnNode } from "../socket/node-socket.ts";
import { POSITIVE, checkOptions } from "../base/checks.ts";
import type { Id } from "../core/ids.ts";
import { REACTOR, type Reactor } from "../reactor/reactor.ts";
import { Disposable } from "./disposable.ts";
import { keyOf } from "../socket/address-key.ts";
import { type StreamHandle, peerOf, plain } from "../socket/handle.ts";
import { shakeHands } from "./admitted-client.ts";
import { proxiedClients, whenKnown } from "./proxied-clients.ts";
import { Handshakes } from "../socket/tls-handshake.ts";
import type { Terms } from "./terms.ts";
import { serverTls, usesTls } from "../socket/tls-options.ts";
import { Tuning } from "../socket/tuning.ts";
import { fails, letWait } from "./waiting-client.ts";

/** Accepts TCP and UNIX domain socket connections. */
export class Server extends Disposable<ServerEvents> {
  /** @internal */
  static override readonly ownMethods: Methods = { of: "a server" };
  /** @internal */
  static override readonly events: readonly string[] = SERVER_EVENTS;
  readonly #multiAccept: number | undefined;
  #handle: NetServer | undefined;
  #accepting = true;
  #terms: Terms | undefined; // of clients that come now
  /** Called with each handle before subscribers to `accept`. It is a loop's, and needs no socket. @internal */
  taker: ((handle: StreamHandle) => unknown) | undefined;
  /** Whether its clients count against no limit of the loop, and it goes on during a graceful stop. @internal */
  isExempt = false;
  #ready = new Deferred().silent(); // the `error` event reports a failure, too
  #record = 0; // the core's id of the acceptor, kept after `end` while clients wait
  #closing: ClosingListener | undefined;
  #isShared = false;
  #backlog = 0; // of the system
  #accepted = 0;
  #forgetSignal: (() => void) | undefined;
  /** The handshake of an admitted client has failed. @internal */
  protected lost: (() => void) | undefined;

  /** `reactor`: default that of the shared loop. `multiAccept`: clients admitted per tick if the reactor has no loop; default 50. */
  constructor(options: { reactor?: Reactor | undefined; multiAccept?: number | undefined } = {}) {
    const given = checkOptions("new Server", options, { reactor: REACTOR, multiAccept: POSITIVE });
    super(given.reactor);
    this.#multiAccept = given.multiAccept;
  }

  /** The listening handle; undefined before `listen` and after `close`. */
  get handle(): NetServer | undefined {
    return this.#handle;
  }

  /** The port it listens on, known at once after `listen` if `address` is an IP address; undefined for a UNIX domain socket. */
  get port(): number | undefined {
    const address = this.#handle?.address();
    return typeof address === "object" ? address?.port : undefined;
  }

  /** Whether it listens and admits clients: not stopped, not closed. */
  get isAccepting(): boolean {
    return this.#accepting && this.#handle?.listening === true;
  }

  /** Resolves when the server listens; rejects with the error if it cannot. Needs no running loop. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Binds and listens. Throws if an option is wrong, or the server listens already. Later failures are `error` events. */
  listen(options: ListenerOptions = {}): void {
    this.begin("listen", options);
  }

  /** Like `listen`; returns the options, each read once. `what` is the called method, for error messages. @internal */
  begin(what: string, given: ListenerOptions): ListenerOptions {
    const options = checkListenerOptions(what, given);
    if (this.#handle) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", `${what}: the server is listening already`);
    const { exempt = false } = options;
    if (!exempt) checkAccepting(this.engine, what);
    if (this.#ready.hasEnded) this.#ready = new Deferred().silent();
    const { engine } = this;
    const note = (what: string): void => debug?.(engine.core, what);
    const handshakes = usesTls(what, options) ? new Handshakes(serverTls(options, what), note, what) : undefined;
    this.#closing?.close();
    if (this.id !== 0 && exempt !== this.isExempt) this.close(); // the loop knows it as another kind
    this.isExempt = exempt;
    const record = this.record();
    this.#isShared = isShared(options);
    const terms: Terms = (this.#terms = {
      tuning: new Tuning({ noDelay: options.noDelay ?? true, keepAlive: options.keepAlive }, engine.guard),
      handshakes,
      lifetime: options.lifetime ?? 0,
      proxied: proxiedClients(engine, options, (socket) => this.#arrived(socket, record, terms)),
      admitted: (socket, id) => this.admitted(socket, id, terms),
    });
    engine.acceptors.limit(this.id, limitsOf(options));
    try {
      this.#open(what, options);
    } catch (error) {
      this.close(); // the runtime may have no permission to listen
      throw error;
    }
    this.#forgetSignal = onAbort(options.signal, () => this.close());
    return options;
  }

  #open(what: string, options: ListenerOptions): void {
    const { engine } = this;
    const where = whereToListen(what, options);
    const { path, noDelay = true } = options;
    this.#backlog = where.backlog;
    if (this.#multiAccept !== undefined && !this.reactor.hasLoop) engine.admission.limits(1000, 0, this.#multiAccept);
    const handle = Object.assign(createServer({ pauseOnConnect: true, allowHalfOpen: true }), { noDelay });
    this.#handle = handle;
    const file = path === undefined ? undefined : new SocketFile(path, options.mode);
    const notAccepted = (error: unknown): void => fails(engine, error);
    const isOurs = (): boolean => this.#handle === handle;
    handle.on("connection", this.#connected);
    const listens = (): void => {
      if (!isOurs()) return void handle.close(); // closed while its name was looked up
      acceptOnNode(handle, this.#connected, notAccepted);
      if (!this.#isShared) this.#terms!.tuning.inherit(handle, this.#backlog);
      this.#ready.settle();
    };
    handle.on("listening", () => engine.guard.run("accept", listens));
    whenClosed(handle, isOurs, () => this.close());
    engine.resources.add(this);
    if (!engine.active) this.suspend();
    engine.acceptors.listen(this.id, this.#accepting);
    bind(handle, where, file, this.#connected, notAccepted, (error) => this.#failed(handle, error));
  }

  /** Admits clients again after `stop`. */
  start(): void {
    this.#listen(true);
  }

  /** Stops admitting clients; they wait. */
  stop(): void {
    this.#listen(false);
  }

  /**
   * Stops listening immediately. Connections stay open. Clients that wait to be admitted are reset, and `drop` is emitted for each. A
   * listen error that has not been reported yet never will be.
   */
  close(): void {
    this.closeFor("closed");
  }

  /** Like {@link close}. `reason` is why waiting clients are reset. @internal */
  closeFor(reason: DropReason): void {
    const { engine } = this;
    engine.guard.run("close", () => this.#closing?.close());
    this.#terms?.proxied?.close(reason);
    const handle = this.#leave();
    if (handle) {
      engine.guard.run("close", () => this.#shut(handle));
      engine.guard.run("close", () => handle.close());
    }
    if (this.#record !== 0) engine.acceptors.close(this.#record, this, reason);
    this.#record = 0;
    engine.ask();
  }

  /**
   * Ends accepting: the id is spent, and the socket closes as soon as the clients in the queue of the system have been accepted.
   * Waiting clients are still admitted. @internal
   */
  end(): void {
    const [engine, record, proxied, handle] = [this.engine, this.#record, this.#terms?.proxied, this.#leave()];
    if (!handle) return this.close(); // known to the loop, but it does not listen
    proxied?.hurry();
    const closed = (): void => {
      this.#closing = undefined;
      engine.guard.run("closing", () => this.#shut(handle));
      whenKnown(proxied, () => engine.acceptors.ended(record, this));
    };
    this.#closing = new ClosingListener(engine.guard, handle, () => this.#accepted, this.#backlog, closed);
    this.#closing.begin(this.#isShared, engine.active);
  }

  /** @internal */
  endNow = (): void => this.#closing?.close();

  /** A port that was free a moment ago, on 127.0.0.1. */
  static generatePort(): Promise<number> {
    return freePort();
  }

  /** Returns its id. Opens its record in the core if it has none. @internal */
  record(): Id {
    if (this.id === 0) this.id = this.#record = this.engine.acceptors.open(this);
    return this.id as Id;
  }

  /** @internal */
  suspend(): void {
    this.#handle?.unref();
    this.#closing?.suspend();
  }

  /** @internal */
  resume(): void {
    this.#handle?.ref();
    this.#closing?.resume();
  }

  /** @internal */
  override facts(): Record<string, unknown> {
    return { isListening: this.#handle?.listening ?? false, port: this.port, isAccepting: this.isAccepting };
  }

  /** @internal */
  protected override get isUsed(): string {
    return "server listens";
  }

  #listen(on: boolean): void {
    this.#accepting = on;
    if (this.#record !== 0 && (this.#handle || this.id === 0)) this.engine.acceptors.listen(this.#record, on);
  }

  #leave(): NetServer | undefined {
    const handle = this.#handle;
    this.#forgetSignal?.();
    this.#handle = undefined;
    this.id = 0;
    if (handle && !this.#ready.hasEnded) {
      this.#ready.end(new IOLoopError("ERR_IOLOOP_ABORTED", "listen: the server was closed before it listened"));
    }
    return handle;
  }

  #shut(handle: NetServer): void {
    this.engine.resources.delete(this);
    handle.off("connection", this.#connected);
    handle.on("connection", refuse);
  }

  #connected = (socket: Socket | BareSocket): void => {
    this.#accepted++;
    const terms = this.#terms!; // it has listened
    terms.tuning.accepted(socket);
    if (terms.proxied) terms.proxied.connected(socket);
    else this.#arrived(socket, this.#record, terms);
  };

  #arrived(socket: Socket | BareSocket, record: number, { admitted, proxied }: Terms): void {
    const id = this.engine.acceptors.accept(record, () => keyOf(peerOf(socket).remoteAddress));
    letWait(this.engine, socket, id, admitted, proxied?.line);
  }

  /** @internal */
  protected admitted = (socket: Socket | BareSocket, id: number, { proxied, tuning, handshakes, lifetime }: Terms) => {
    proxied?.handedOn(socket);
    tuning.admitted(socket);
    if (!handshakes) return this.#accept(socket, id);
    if (lifetime > 0) this.engine.connections.setLifetime(id, lifetime);
    shakeHands(this.engine, handshakes, plain(socket), id, (secure) => this.#accept(secure, id), this.lost);
  };

  #accept(socket: Socket | BareSocket, id: number): void {
    const { engine, taker } = this;
    const isWanted = !taker || this.hasSubscribers("accept");
    const handle = isWanted ? plain(socket) : socket;
    engine.connections.offer(handle, id, () => {
      if (taker) engine.guard.call(taker, handle, "accept");
      if (isWanted) this.fire("accept", handle as Socket);
    });
  }

  // Errors of a handle that was closed meanwhile are dropped: another one may be listening.
  #failed(handle: NetServer, error: Error): void {
    if (this.#handle !== handle) return;
    this.#ready.end(error);
    // If the socket listens, one accept has failed, as when no descriptor is left. The next one may succeed.
    if (handle.listening) return this.engine.report("accept", () => this.engine.supervisor.failed(error, "accept"));
    this.engine.deliver("error", () => {
      if (this.#handle !== handle) return;
      this.close();
      this.fire("error", error);
    });
  }
}
