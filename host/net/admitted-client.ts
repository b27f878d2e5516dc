// The handshake of a server: between admission and the accept event.
//
// The clients are those of the listening server; a `tls.Server` is only given their sockets, the documented way of its
// `connection` event, and never listens itself. Which of the sockets a handshake was for, the addresses of both sides tell;
// where there are none (UNIX domain sockets), each gets a `tls.Server` of its own.

import type { Socket } from "node:net";
import type { Server as TlsServer, TLSSocket, TlsOptions } from "node:tls";
import { debug } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import type { Engine } from "../engine/engine.ts";
import { nodeTls } from "../socket/node-tls.ts";
import { COUNT, check } from "../base/checks.ts";
import type { Connection } from "../engine/connections.ts";
import { release } from "../socket/handle.ts";

const HANDSHAKE_MS = 10_000;

/** Shakes hands with clients. */
export class Handshakes {
  readonly #engine: Engine;
  readonly #options: TlsOptions;
  readonly #seconds: number;
  readonly #optional: boolean;
  readonly #server: TlsServer;
  readonly #pending = new Map<string, (secure: TLSSocket) => void>();

  constructor(engine: Engine, options: TlsOptions) {
    const { handshakeTimeout = HANDSHAKE_MS } = options;
    check('listen: option "tlsOptions.handshakeTimeout"', handshakeTimeout, COUNT);
    const limit = handshakeTimeout || HANDSHAKE_MS; // 0 is the default, as with the runtime
    this.#engine = engine;
    this.#seconds = limit / 1000;
    this.#optional = options.requestCert === true && options.rejectUnauthorized === false;
    // The deadline is the core's; that of the runtime only must not come first.
    this.#options = { ...options, allowHalfOpen: true, handshakeTimeout: limit * 2 + 1000 };
    this.#server = this.#make((secure) => {
      const done = this.#pending.get(addressOf(secure));
      if (done) done(secure);
      else secure.destroy();
    });
  }

  /** Shakes hands on an admitted socket, and calls back with the encrypted one. Failing that, the connection just ends. */
  begin(socket: Socket, id: number, done: (secure: TLSSocket) => void): void {
    const engine = this.#engine;
    if (socket.destroyed) return engine.connections.close(id); // it went while it waited: no event of it comes any more
    const handshake = new Handshake(engine, socket, id);
    const address = addressOf(socket);
    // Who ends his side in the middle of a handshake has given up. The encrypted socket takes this over from the one beneath.
    socket.allowHalfOpen = false;
    const secured = (secure: TLSSocket): void => {
      secure.allowHalfOpen = socket.allowHalfOpen = true;
      secure.on("error", ignore); // until somebody has it: the loop may be stopped
      this.#pending.delete(address);
      engine.deliver("accept", () => {
        // One whose peer has gone since then tells of it no more; on Bun it would also stay open.
        if (socket.destroyed || !this.#isWelcome(secure)) secure.destroy();
        else if (handshake.end()) {
          secure.off("error", ignore);
          secure.allowHalfOpen = false; // as the runtime makes them
          done(secure);
        }
      });
    };
    socket.once("close", () => {
      this.#pending.delete(address);
      engine.deliver("close", () => handshake.abort());
    });
    engine.connections.setTimeout(id, this.#seconds);
    try {
      if (socket.remotePort === undefined) {
        this.#make(secured).emit("connection", socket);
      } else {
        this.#pending.set(address, secured);
        this.#server.emit("connection", socket);
      }
    } catch (error) {
      handshake.abort();
      return engine.supervisor.failed(error, "accept"); // an option that the runtime looks at only when a client comes
    }
    socket.resume();
  }

  #make(secured: (secure: TLSSocket) => void): TlsServer {
    const server = nodeTls().createServer(this.#options);
    server.on("secureConnection", secured);
    // The socket closes, and that is what counts.
    server.on("tlsClientError", (error) => debug?.(this.#engine.core, `handshake failed: ${error.message}`));
    return server;
  }

  // Where certificates are optional, one that is there must be good.
  #isWelcome(secure: TLSSocket): boolean {
    return !this.#optional || secure.authorized || Object.keys(secure.getPeerCertificate()).length === 0;
  }
}

/** A connection whose handshake is under way. It has been admitted, and counts. */
class Handshake implements Connection {
  readonly id: number;
  readonly #engine: Engine;
  readonly #socket: Socket;
  #over = false;

  constructor(engine: Engine, socket: Socket, id: number) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    engine.connections.connections[slotOf(id)] = this;
    socket.on("error", ignore);
  }

  /** It has succeeded: the record is the caller's. False where it was over before. */
  end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#socket.off("error", ignore);
    return true;
  }

  expire(): void {
    this.abort();
  }

  abort(): void {
    if (!this.end()) return;
    this.#engine.connections.close(this.id);
    release(this.#socket, false);
  }

  close(): void {
    this.abort();
  }

  suspend(): void {
    this.#socket.unref();
  }

  resume(): void {
    this.#socket.ref();
  }
}

// One peer may come to several addresses of ours from one and the same port.
function addressOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}

function ignore(): void {
  // It is being closed; there is nobody to tell.
}
