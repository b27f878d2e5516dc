// A client that the system has accepted and the core has not admitted yet.

import type { Socket } from "node:net";
import type { BareSocket } from "./bare-socket.ts";
import { slotOf } from "./core.ts";
import { debug, show } from "./debug.ts";
import type { Engine } from "./engine.ts";
import type { Client, DropInfo } from "./parts.ts";
import { plain } from "./stream-handle.ts";

type Admitted = (socket: Socket | BareSocket, id: number) => void;

/** Holds an accepted socket, paused and unread, until the core admits it or gives it up. */
export class WaitingClient implements Client {
  readonly id: number;
  readonly #engine: Engine;
  readonly #socket: Socket | BareSocket;
  readonly #admitted: Admitted;

  constructor(engine: Engine, socket: Socket | BareSocket, id: number, admitted: Admitted) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    this.#admitted = admitted;
  }

  /** Joins the line. Where the gate is open, its turn has come before this returns. */
  wait(): void {
    const engine = this.#engine;
    const { connections } = engine.table;
    const slot = slotOf(this.id);
    connections[slot] = this;
    debug?.(engine.core, `connection ${show(this.id)} waits`);
    engine.askForOne();
    if (connections[slot] !== this) return;
    // Its end, or reset, is found when its turn has come: what it sent before that is read first.
    this.#socket.on("error", ignore);
    if (!engine.active) this.suspend();
    engine.rearm();
  }

  admit(): void {
    debug?.(this.#engine.core, `connection ${show(this.id)} admitted`);
    this.#engine.table.connections[slotOf(this.id)] = undefined;
    this.#socket.off("error", ignore);
    this.#socket.setNoDelay(true);
    this.#admitted(this.#socket, this.id);
  }

  evict(): void {
    this.#engine.table.close(this.id);
    reset(plain(this.#socket));
  }

  expire(): void {
    this.#engine.table.close(this.id);
    const socket = plain(this.#socket);
    drop(this.#engine, socket, "timeout");
    reset(socket);
  }

  abort(): void {
    this.evict();
  }

  close(): void {
    this.evict();
  }

  // A socket that has been closed meanwhile would take each of these for something to do when it is connected.
  suspend(): void {
    if (!this.#socket.destroyed) this.#socket.unref();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.ref();
  }
}

/** Resets a client that the core did not let wait. */
export function turnAway(engine: Engine, socket: Socket, reason: DropInfo["reason"]): void {
  engine.deliver("drop", drop.bind(undefined, engine, socket, reason));
  socket.on("error", ignore);
  reset(socket);
}

function drop(engine: Engine, socket: Socket, reason: DropInfo["reason"]): void {
  const { remoteAddress, remotePort } = socket;
  debug?.(engine.core, `client ${remoteAddress} ${remotePort} dropped: ${reason}`);
  engine.supervisor.drop({ reason, remoteAddress, remotePort });
}

function reset(socket: Socket): void {
  // A UNIX domain socket has no port, and knows no reset.
  if (socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

function ignore(): void {
  // Nobody to tell: the client waits still, or is being closed.
}
