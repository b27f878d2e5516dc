// A client that the system has accepted and the core has not admitted yet.

import type { Socket } from "node:net";
import type { BareSocket } from "../socket/bare-socket.ts";
import { Code } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { DropInfo } from "../engine/admission.ts";
import type { Client, DropReason } from "../engine/connections.ts";
import { peerOf, reset } from "../socket/handle.ts";

type Admitted = (socket: Socket | BareSocket, id: number) => void;

/** Why a client is reset that the core does not take, by the code it gives. */
export const DROPPED: ReadonlyMap<number, DropReason> = new Map([
  [Code.DROP_BACKLOG, "backlog"],
  [Code.DROP_STOPPING, "stopping"],
  [Code.STALE, "closed"],
]);

/** Holds an accepted socket, paused and unread, until the core admits it or gives it up. */
export class WaitingClient implements Client {
  readonly id: number;
  readonly #engine: LoopEngine;
  readonly #socket: Socket | BareSocket;
  readonly #admitted: Admitted;

  constructor(engine: LoopEngine, socket: Socket | BareSocket, id: number, admitted: Admitted) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    this.#admitted = admitted;
  }

  /** Joins the line. Where the gate is open, its turn has come before this returns. */
  wait(): void {
    const engine = this.#engine;
    const { connections } = engine.connections;
    const slot = slotOf(this.id);
    connections[slot] = this;
    debug?.(engine.core, `connection ${show(this.id)} waits`);
    engine.admission.askForOne();
    if (connections[slot] !== this) return;
    // Its end, or reset, is found when its turn has come: what it sent before that is read first.
    this.#socket.on("error", ignore);
    if (!engine.active) this.suspend();
    engine.rearm();
  }

  admit(): void {
    debug?.(this.#engine.core, `connection ${show(this.id)} admitted`);
    this.#engine.connections.seat(this.id, undefined);
    this.#socket.off("error", ignore);
    this.#socket.allowHalfOpen = false; // as the runtime makes them: a stream changes that for as long as it has one
    this.#admitted(this.#socket, this.id);
  }

  evict(reason: DropReason): void {
    this.#engine.connections.close(this.id);
    turnAway(this.#engine, this.#socket, reason);
  }

  expire(): void {
    this.evict("timeout");
  }

  close(): void {
    if (this.#engine.connections.connections[slotOf(this.id)] !== this) return; // it has been admitted
    this.#engine.connections.close(this.id);
    reset(this.#socket);
  }

  // A socket that has been closed meanwhile would take each of these for something to do when it is connected.
  suspend(): void {
    if (!this.#socket.destroyed) this.#socket.unref();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.ref();
  }
}

/** Resets a client that is not admitted, and reports it. */
export function turnAway(engine: LoopEngine, socket: Socket | BareSocket, reason: DropReason): void {
  const info = about(socket, reason); // while it has an address
  engine.report("drop", () => drop(engine, info));
  socket.on("error", ignore);
  reset(socket);
}

function about(socket: Socket | BareSocket, reason: DropReason): DropInfo {
  const { remoteAddress, remotePort } = peerOf(socket);
  return { reason, remoteAddress, remotePort };
}

function drop(engine: LoopEngine, info: DropInfo): void {
  debug?.(engine.core, `client ${info.remoteAddress} ${info.remotePort} dropped: ${info.reason}`);
  engine.supervisor.drop(info);
}

function ignore(): void {
  // Nobody to tell: the client waits still, or is being closed.
}
