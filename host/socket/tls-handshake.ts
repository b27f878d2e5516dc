// TLS handshakes on the server's side, on sockets that other code has accepted.
//
// A `tls.Server` gets the sockets by its `connection` event, as documented, and never listens itself. It emits the encrypted socket, but
// not the one beneath; we find that by the addresses of both sides. UNIX domain sockets have no addresses: for them, each
// handshake under way has its own `tls.Server`, which is reused later.

import type { Socket } from "node:net";
import type { Server as TlsServer, TLSSocket, TlsOptions } from "node:tls";
import { COUNT, check } from "../base/checks.ts";
import { addressOf } from "./handle.ts";
import { nodeTls } from "./node-tls.ts";
import { systemPeer } from "./proxy-info.ts";

const HANDSHAKE_MS = 10_000;

type Secured = (secure: TLSSocket) => void;
type Failed = (error: Error) => void;

/** The callbacks of a pending handshake. */
interface Waiting {
  readonly secured: Secured;
  readonly failed: Failed | undefined;
}

/** A `tls.Server` for one handshake at a time. */
interface Lane {
  readonly server: TlsServer;
  waiting: Waiting;
}

/** Performs handshakes with clients. */
export class Handshakes {
  /** How many seconds a handshake may take. The caller of `begin` must enforce this. */
  readonly seconds: number;
  readonly #options: TlsOptions;
  readonly #note: (what: string) => void;
  readonly #optional: boolean;
  readonly #common: TlsServer;
  readonly #pending = new Map<string | undefined, Waiting>();
  readonly #lanes: Lane[] = [];

  /**
   * `options` are those of `tls.createServer`. `note` is called with a sentence about each handshake that fails. `what` is the name of
   * the called method, for error messages.
   */
  constructor(options: TlsOptions, note: (what: string) => void, what = "listen") {
    const { handshakeTimeout = HANDSHAKE_MS } = options;
    check(`${what}: option "tlsOptions.handshakeTimeout"`, handshakeTimeout, COUNT);
    const limit = handshakeTimeout || HANDSHAKE_MS; // 0 means the default, as in the runtime
    this.seconds = limit / 1000;
    this.#note = note;
    this.#optional = options.requestCert === true && options.rejectUnauthorized === false;
    // The caller has the deadline; that of the runtime must only not come first.
    this.#options = { ...options, allowHalfOpen: true, handshakeTimeout: limit * 2 + 1000 };
    this.#common = this.#make((secure) => this.#pending.get(addressOf(secure)));
  }

  /**
   * Begins a handshake on a socket. Calls `secured` with the encrypted socket if it succeeds, and `ended` when the socket has closed,
   * in any case. `failed` is called before that with the error of the handshake, if the runtime says it. Throws if the runtime rejects an
   * option that it checks only now.
   */
  begin(socket: Socket, secured: Secured, ended: () => void, failed?: Failed): void {
    this.beginOn(socket, secured, ended, failed);
    socket.resume();
  }

  /** Like {@link begin}, on a socket that may already have data, which is read first. */
  beginOn(socket: Socket, secured: Secured, ended: () => void, failed?: Failed): void {
    const address = addressOf(socket);
    // A client that ends its side during a handshake has given up. The encrypted socket copies this setting from the one beneath.
    socket.allowHalfOpen = false;
    const done: Secured = (secure) => {
      secure.allowHalfOpen = socket.allowHalfOpen = true;
      this.#pending.delete(address);
      secured(secure);
    };
    socket.once("close", () => {
      this.#pending.delete(address);
      ended();
    });
    const waiting = { secured: done, failed };
    if (address === undefined) {
      this.#inLane(socket, waiting);
    } else {
      this.#pending.set(address, waiting);
      this.#common.emit("connection", socket);
    }
  }

  /** Whether a peer is admitted after its handshake: if certificates are optional, one that is sent must be valid. */
  isWelcome(secure: TLSSocket): boolean {
    return !this.#optional || secure.authorized || Object.keys(secure.getPeerCertificate()).length === 0;
  }

  // `of` returns the pending handshake of an encrypted socket.
  #make(of: (secure: TLSSocket) => Waiting | undefined): TlsServer {
    const server = nodeTls().createServer(this.#options);
    server.on("secureConnection", (secure) => {
      const waiting = of(secure);
      if (waiting) waiting.secured(secure);
      else secure.destroy();
    });
    // The socket closes, which calls `ended`. `failed` reports the reason.
    server.on("tlsClientError", (error, secure) => {
      this.#note(`handshake failed: ${error.message}`);
      of(secure)?.failed?.(error);
    });
    return server;
  }

  // A failed handshake keeps its server, as later events of that one must not be mistaken for those of another handshake.
  #inLane(socket: Socket, { secured, failed }: Waiting): void {
    const lane = this.#lanes.pop() ?? this.#newLane();
    lane.waiting = {
      secured: (secure) => {
        lane.waiting = NONE;
        this.#lanes.push(lane);
        secured(secure);
      },
      failed,
    };
    lane.server.emit("connection", socket);
  }

  #newLane(): Lane {
    const lane: Lane = { server: this.#make(() => lane.waiting), waiting: NONE };
    return lane;
  }
}

/**
 * Whether the peer of a TCP socket has disconnected: after a reset, the socket has no remote address any more. A UNIX domain
 * socket never has one, and never counts as disconnected unless it is destroyed.
 */
export function hasGone(socket: Socket): boolean {
  return socket.destroyed || (systemPeer(socket).remotePort === undefined && socket.localPort !== undefined);
}

const NONE: Waiting = { secured: (secure) => secure.destroy(), failed: undefined };
