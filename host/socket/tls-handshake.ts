// The handshake of a server's side, on sockets that somebody else has accepted.
//
// A `tls.Server` is only given the sockets, the documented way of its `connection` event, and never listens itself. It tells of an
// encrypted socket, not of the one beneath: which one that was, the addresses of both sides say. Where there are none (UNIX domain
// sockets), each handshake under way has a `tls.Server` to itself, which the next one gets after it.

import type { Socket } from "node:net";
import type { Server as TlsServer, TLSSocket, TlsOptions } from "node:tls";
import { COUNT, check } from "../base/checks.ts";
import { nodeTls } from "./node-tls.ts";

const HANDSHAKE_MS = 10_000;

type Secured = (secure: TLSSocket) => void;

/** A `tls.Server` for one handshake at a time. */
interface Lane {
  readonly server: TlsServer;
  secured: Secured;
}

/** Shakes hands with clients. */
export class Handshakes {
  /** How long one may take, in seconds. Whoever begins it sees to that. */
  readonly seconds: number;
  readonly #options: TlsOptions;
  readonly #note: (what: string) => void;
  readonly #optional: boolean;
  readonly #common: TlsServer;
  readonly #pending = new Map<string, Secured>();
  readonly #lanes: Lane[] = [];

  /** `options`: of `tls.createServer`. `note` is given a sentence about each handshake that fails. */
  constructor(options: TlsOptions, note: (what: string) => void) {
    const { handshakeTimeout = HANDSHAKE_MS } = options;
    check('listen: option "tlsOptions.handshakeTimeout"', handshakeTimeout, COUNT);
    const limit = handshakeTimeout || HANDSHAKE_MS; // 0 is the default, as with the runtime
    this.seconds = limit / 1000;
    this.#note = note;
    this.#optional = options.requestCert === true && options.rejectUnauthorized === false;
    // The deadline is the caller's; that of the runtime only must not come first.
    this.#options = { ...options, allowHalfOpen: true, handshakeTimeout: limit * 2 + 1000 };
    this.#common = this.#make((secure) => {
      const done = this.#pending.get(addressOf(secure));
      if (done) done(secure);
      else secure.destroy();
    });
  }

  /**
   * Shakes hands on a socket. Calls `secured` with the encrypted one where that succeeds, and `ended` when the socket is closed,
   * whatever came before. Throws what the runtime makes of an option that it looks at only now.
   */
  begin(socket: Socket, secured: Secured, ended: () => void): void {
    const address = addressOf(socket);
    // Who ends his side in the middle of a handshake has given up. The encrypted socket takes this over from the one beneath.
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
    if (socket.remotePort === undefined) {
      this.#inLane(socket, done);
    } else {
      this.#pending.set(address, done);
      this.#common.emit("connection", socket);
    }
    socket.resume();
  }

  /** Whether a peer is admitted after its handshake: where certificates are optional, a certificate is verified if there is one. */
  isWelcome(secure: TLSSocket): boolean {
    return !this.#optional || secure.authorized || Object.keys(secure.getPeerCertificate()).length === 0;
  }

  #make(secured: Secured): TlsServer {
    const server = nodeTls().createServer(this.#options);
    server.on("secureConnection", secured);
    // The socket closes, and that is what counts.
    server.on("tlsClientError", (error) => this.#note(`handshake failed: ${error.message}`));
    return server;
  }

  // One that has failed keeps its server: what it may still tell must not be taken for the next one's.
  #inLane(socket: Socket, done: Secured): void {
    const lane = this.#lanes.pop() ?? this.#newLane();
    lane.secured = (secure) => {
      lane.secured = refuse;
      this.#lanes.push(lane);
      done(secure);
    };
    lane.server.emit("connection", socket);
  }

  #newLane(): Lane {
    const lane: Lane = { server: this.#make((secure) => lane.secured(secure)), secured: refuse };
    return lane;
  }
}

/**
 * Whether the peer of a TCP socket has gone: reset, it has no address any more. A UNIX domain socket, which has none at all,
 * never looks like that.
 */
export function hasGone(socket: Socket): boolean {
  return socket.destroyed || (socket.remotePort === undefined && socket.localPort !== undefined);
}

// One peer may come to several addresses of ours from one and the same port.
function addressOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

function refuse(secure: TLSSocket): void {
  secure.destroy();
}
