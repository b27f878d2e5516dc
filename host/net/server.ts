// class Server: a listening socket, whose clients wait in line until the core admits them.

import { type AddressInfo, type Server as NetServer, type Socket, createServer } from "node:net";
import type { BareSocket } from "../socket/bare-socket.ts";
import { listenOnBun } from "../socket/bun-socket.ts";
import { Code, slotOf } from "../core/core.ts";
import { IOLoopError } from "../base/errors.ts";
import { canReusePort, listen, removeStaleSocket } from "./bind.ts";
import { LISTENER_RULES, type ListenerOptions } from "./listener-options.ts";
import { acceptOnNode } from "../socket/node-socket.ts";
import { POSITIVE, checkOptions } from "../base/checks.ts";
import { type Id, REACTOR, type Reactor } from "../reactor/reactor.ts";
import { ReactorPart } from "../reactor/reactor-part.ts";
import { Run } from "../engine/run.ts";
import { type StreamHandle, plain } from "../socket/handle.ts";
import { Handshakes } from "./admitted-client.ts";
import { serverTls } from "../socket/tls-options.ts";
import { WaitingClient, turnAway } from "./waiting-client.ts";

export type ServerEvents = {
  /** A client has been admitted, and with TLS, has shaken hands. Its handle is paused; a `tls.TLSSocket` with TLS. */
  accept: [handle: Socket];
  /** Listening failed; the acceptor is gone. */
  error: [error: Error];
};

// Clients wait in our line: that of the system only has to hold those who come within one turn.
const SYSTEM_BACKLOG = 511;

/** Accepts TCP and UNIX domain socket connections. */
export class Server extends ReactorPart<ServerEvents> {
  readonly #multiAccept: number | undefined;
  #handle: NetServer | undefined;
  #accepting = true;
  #handshakes: Handshakes | undefined;
  /** Takes what comes in before subscribers do: a loop's, which needs no socket where nobody looks at it. @internal */
  taker: ((handle: StreamHandle) => unknown) | undefined;
  #ready = attempt();

  /**
   * A server that does not listen yet. `reactor`: default that of the shared loop. `multiAccept`: how many clients are
   * admitted a tick, where the reactor has no loop that says so; default 50.
   */
  constructor(options: { reactor?: Reactor | undefined; multiAccept?: number | undefined } = {}) {
    checkOptions("new Server", options, { reactor: REACTOR, multiAccept: POSITIVE });
    super(options.reactor);
    this.#multiAccept = options.multiAccept;
  }

  /** The listening handle; undefined before `listen` and after `close`. */
  get handle(): NetServer | undefined {
    return this.#handle;
  }

  /** The port it listens on, at once after `listen` for an address literal; undefined for a UNIX domain socket. */
  get port(): number | undefined {
    const address = this.#handle?.address();
    return typeof address === "object" ? address?.port : undefined;
  }

  /** Whether clients are admitted: not stopped, not closed. */
  get isAccepting(): boolean {
    return this.#accepting && this.#handle !== undefined;
  }

  /** Resolves when it listens; rejects with the error when it cannot. Needs no running loop. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Binds and listens. What fails later than the check of the options is an `error` event. */
  listen(options: ListenerOptions = {}): void {
    checkOptions("listen", options, LISTENER_RULES);
    if (this.#handle) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", "The server is listening already");
    if (this.#ready.hasEnded) this.#ready = attempt();
    const { address = "127.0.0.1", port = 0, path, fd, reuse = false } = options;
    if (reuse && !canReusePort()) {
      throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", 'This runtime cannot share a port: option "reuse"');
    }
    this.#handshakes = options.tls ? new Handshakes(this.engine, serverTls(options)) : undefined;
    const { backlog = 511, overflow = "wait", waitTimeout = 60, singleAccept = false } = options;
    const seats = overflow === "drop" ? 0 : backlog;
    const { engine } = this;
    const { calls } = engine.core;
    this.record();
    calls.handleAcceptorLimits(this.id, seats, waitTimeout * 1000, singleAccept ? 1 : 0);
    if (this.#multiAccept !== undefined && !this.reactor.hasLoop) calls.handleLimits(1000, 0, this.#multiAccept);

    const handle = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    this.#handle = handle;
    handle.on("connection", this.#connected);
    handle.on("listening", () => {
      if (this.#handle === handle) {
        acceptOnNode(handle, this.#connected);
        this.#ready.settle();
      } else {
        handle.close(); // closed while its name was looked up
      }
    });
    const where = fd !== undefined ? { fd } : path !== undefined ? { path } : { host: address, port };
    const listening = { ...where, backlog: Math.max(backlog, SYSTEM_BACKLOG), ...(reuse && { reusePort: true }) };
    const begin = (): void => {
      try {
        listenOnBun(handle, this.#connected, () => listen(handle, listening));
      } catch (error) {
        this.close(); // the runtime may have been told not to
        throw error;
      }
    };
    handle.on("error", (error: NodeJS.ErrnoException) => {
      if (path === undefined || error.code !== "EADDRINUSE") return this.#failed(handle, error);
      void removeStaleSocket(path).then((removed) => {
        if (!removed) this.#failed(handle, error);
        else if (this.#handle === handle) begin();
      });
    });
    engine.resources.add(this);
    if (!engine.active) this.suspend();
    calls.handleAcceptorListen(this.id, this.#accepting ? 1 : 0);
    begin();
    engine.ask();
  }

  /** Goes on admitting clients. */
  start(): void {
    this.#listen(true);
  }

  /** Admits no clients; they wait. */
  stop(): void {
    this.#listen(false);
  }

  /** Ends listening at once; of a failure that was not told yet, nothing is. Connections live on; clients that still wait are reset. */
  close(): void {
    const { engine } = this;
    engine.resources.delete(this);
    if (this.id !== 0) {
      engine.table.closeAcceptor(this.id);
      this.id = 0;
    }
    const handle = this.#handle;
    if (!handle) return;
    this.#handle = undefined;
    this.#ready.fail(new IOLoopError("ERR_IOLOOP_ABORTED", "The server was closed before it listened"));
    this.#ready.settle();
    handle.off("connection", this.#connected);
    handle.on("connection", refuse);
    handle.close();
    engine.ask();
  }

  /** A port that was free a moment ago, on 127.0.0.1. */
  static generatePort(): Promise<number> {
    return new Promise((resolve, reject) => {
      const probe = createServer();
      probe.once("error", reject);
      probe.listen({ host: "127.0.0.1", port: 0 }, () => {
        const { port } = probe.address() as AddressInfo;
        probe.close(() => resolve(port));
      });
    });
  }

  /** Its record in the core, made where there is none. @internal */
  record(): Id {
    if (this.id === 0) {
      this.id = this.engine.table.openAcceptor();
      this.engine.table.acceptors[slotOf(this.id)] = this;
    }
    return this.id as Id;
  }

  /** @internal */
  suspend(): void {
    this.#handle?.unref();
  }

  /** @internal */
  resume(): void {
    this.#handle?.ref();
  }

  #listen(on: boolean): void {
    this.#accepting = on;
    if (this.id === 0 || !this.#handle) return;
    this.engine.core.calls.handleAcceptorListen(this.id, on ? 1 : 0);
    this.engine.ask();
  }

  #connected = (socket: Socket | BareSocket): void => {
    const { engine } = this;
    const id = engine.core.opened(engine.core.calls.handleAccept(this.id, engine.clock.now()));
    if (id < 0) return turnAway(engine, socket, id === Code.DROP_BACKLOG ? "backlog" : "full");
    new WaitingClient(engine, socket, id, this.#admitted).wait();
  };

  #admitted = (socket: Socket | BareSocket, id: number): void => {
    if (!this.#handshakes) return this.#accept(socket, id);
    this.#handshakes.begin(plain(socket), id, (secure) => this.#accept(secure, id));
  };

  #accept(socket: Socket | BareSocket, id: number): void {
    const { engine, taker } = this;
    const isWanted = !taker || this.hasSubscribers("accept");
    const handle = isWanted ? plain(socket) : socket;
    engine.table.offer(handle, id, () => {
      if (taker) engine.guard.call(taker, handle, "accept");
      if (isWanted) this.fire("accept", handle as Socket);
    });
  }

  // Of a handle that was closed meanwhile nothing is told: another one may listen.
  #failed(handle: NetServer, error: Error): void {
    if (this.#handle !== handle) return;
    this.#ready.fail(error);
    this.#ready.settle();
    // With a socket that listens, one accept has failed (no descriptor left, say): the next may not.
    if (handle.listening) return this.engine.report("accept", () => this.engine.supervisor.failed(error, "accept"));
    this.engine.deliver("error", () => {
      if (this.#handle !== handle) return;
      this.close();
      this.fire("error", error);
    });
  }
}

// Who does not ask need not hear: there is the `error` event.
function attempt(): Run {
  const run = new Run();
  run.promise.catch(() => {});
  return run;
}

function refuse(socket: Socket): void {
  socket.destroy();
}
