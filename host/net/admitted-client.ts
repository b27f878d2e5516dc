// The TLS handshake of an admitted client, before it is accepted. The client has a slot from its admission on.

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Connection } from "../engine/connections.ts";
import { isGone, release } from "../socket/handle.ts";
import { originOf, passOrigin } from "../socket/proxy-info.ts";
import { type Handshakes, hasGone } from "../socket/tls-handshake.ts";

/** Runs the TLS handshake on an admitted socket, and calls `done` with the encrypted one. If it fails, the connection is closed. */
export function shakeHands(
  engine: LoopEngine,
  handshakes: Handshakes,
  socket: Socket,
  id: number,
  done: (secure: TLSSocket) => void,
  lost?: () => void,
): void {
  const handshake = begun(engine, socket, id);
  handshake.lost = lost;
  // The client has reset the connection while it waited.
  if (hasGone(socket)) return handshake.ended();
  engine.connections.setTimeout(id, handshakes.seconds);
  const secured = (secure: TLSSocket): void => {
    const attempt = (task: () => void): void => {
      try {
        task();
      } catch (error) {
        engine.deliver("accept", () => {
          engine.connections.close(id);
          secure.destroy();
          throw error;
        });
      }
    };
    attempt(() => secure.on("error", ignore)); // until `done` is called: a stopped loop calls it later
    engine.deliver("accept", () => {
      // If the peer has gone since then, the socket emits nothing any more. On Bun it would also stay open.
      const isThere = !socket.destroyed;
      if (!isThere || !handshakes.isWelcome(secure)) {
        handshake.isThere = isThere;
        secure.destroy();
        return;
      }
      attempt(() => {
        if (!handshake.end()) return;
        secure.off("error", ignore);
        secure.allowHalfOpen = false; // the default of the runtime
        passOrigin(socket, secure);
        done(secure);
      });
    });
  };
  const ended = (): void => engine.deliver("close", () => handshake.ended());
  const failed = (error: Error): void => {
    if (!isGone(error)) handshake.isThere = true; // it speaks no TLS, or not ours
  };
  try {
    // One that came through a proxy has been read, and may have the beginning of TLS.
    if (originOf(socket)) handshakes.beginOn(socket, secured, ended, failed);
    else handshakes.begin(socket, secured, ended, failed);
  } catch (error) {
    handshake.abort();
    engine.supervisor.failed(error, "accept");
  }
}

function begun(engine: LoopEngine, socket: Socket, id: number): Handshake {
  try {
    return new Handshake(engine, socket, id);
  } catch (error) {
    socket.destroy(); // nothing else refers to it
    throw error;
  }
}

/** A connection whose handshake is under way. */
class Handshake implements Connection {
  readonly id: number;
  readonly #engine: LoopEngine;
  readonly #socket: Socket;
  #over = false;
  /** Whether the client was there, although its handshake fails. */
  isThere = false;
  /** Called if it fails. */
  lost: (() => void) | undefined;

  constructor(engine: LoopEngine, socket: Socket, id: number) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    engine.connections.seat(id, this);
    socket.on("error", ignore);
  }

  /** The handshake has succeeded, and the caller adopts the record. Returns false if the connection was closed before. */
  end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#socket.off("error", ignore);
    return true;
  }

  /** The connection has ended before the handshake was complete. */
  ended(): void {
    if (!this.#over && !this.isThere) this.#engine.admission.patience.found(this.id, true);
    this.abort();
  }

  expire(): void {
    this.abort();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#engine.connections.close(this.id);
    release(this.#socket, false);
    this.lost?.();
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

function ignore(): void {
  // The connection is being closed: its errors need no report.
}
