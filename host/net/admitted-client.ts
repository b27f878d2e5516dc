// A client that has been admitted, and shakes hands before it is accepted. It counts from its admission on.

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Connection } from "../engine/connections.ts";
import { release } from "../socket/handle.ts";
import { type Handshakes, hasGone } from "../socket/tls-handshake.ts";

/** Shakes hands on an admitted socket, and calls back with the encrypted one. Failing that, the connection just ends. */
export function shakeHands(
  engine: LoopEngine,
  handshakes: Handshakes,
  socket: Socket,
  id: number,
  done: (secure: TLSSocket) => void,
): void {
  const handshake = begun(engine, socket, id);
  // One that was reset while it waited is not worth a handshake.
  if (hasGone(socket)) return handshake.abort();
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
    attempt(() => secure.on("error", ignore)); // until somebody has it: the loop may be stopped
    engine.deliver("accept", () => {
      // One whose peer has gone since then tells of it no more; on Bun it would also stay open.
      if (socket.destroyed || !handshakes.isWelcome(secure)) {
        secure.destroy();
        return;
      }
      attempt(() => {
        if (!handshake.end()) return;
        secure.off("error", ignore);
        secure.allowHalfOpen = false; // as the runtime makes them
        done(secure);
      });
    });
  };
  const ended = (): void => engine.deliver("close", () => handshake.abort());
  try {
    handshakes.begin(socket, secured, ended);
  } catch (error) {
    handshake.abort();
    engine.supervisor.failed(error, "accept");
  }
}

function begun(engine: LoopEngine, socket: Socket, id: number): Handshake {
  try {
    return new Handshake(engine, socket, id);
  } catch (error) {
    socket.destroy(); // nobody else has it
    throw error;
  }
}

/** A connection whose handshake is under way. */
class Handshake implements Connection {
  readonly id: number;
  readonly #engine: LoopEngine;
  readonly #socket: Socket;
  #over = false;

  constructor(engine: LoopEngine, socket: Socket, id: number) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    engine.connections.seat(id, this);
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
    if (this.#over) return;
    this.#over = true;
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

function ignore(): void {
  // It is being closed; there is nobody to tell.
}
