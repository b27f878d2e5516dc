// A client that the system has accepted and the core has not admitted yet.

import type { Socket } from "node:net";
import type { BareSocket, Peer } from "../socket/bare-socket.ts";
import { Code } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { slotOf } from "../core/ids.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { DropInfo } from "../engine/admission.ts";
import type { Client, DropReason } from "../engine/connections.ts";
import { peerOf, reset } from "../socket/handle.ts";

type Admitted = (socket: Socket | BareSocket, id: number) => void;

/** Why a client is reset that the core refuses, by the code that the core returns. */
const DROPPED: ReadonlyMap<number, DropReason> = new Map([
  [Code.DROP_BACKLOG, "backlog"],
  [Code.DROP_STOPPING, "stopping"],
  [Code.DROP_ADDRESS, "address"],
  [Code.STALE, "closed"],
]);

/** Counts the clients of one server that wait to be admitted. */
export interface Line {
  waiting: number;
}

/**
 * Queues a client that the system has accepted. `id` comes from the core; below zero, it is a code that refuses the client. `line` counts
 * the client while it waits. Never throws.
 */
export function letWait(
  engine: LoopEngine,
  socket: Socket | BareSocket,
  id: number,
  admitted: Admitted,
  line?: Line,
): void {
  const client = id < 0 ? undefined : new WaitingClient(engine, socket, id, admitted, line);
  engine.acceptors.makeRoom();
  if (!client) return turnAway(engine, socket, DROPPED.get(id) ?? "full");
  try {
    client.wait();
  } catch (error) {
    fails(engine, error);
    engine.guard.run("accept", () => client.close());
  }
}

/** Holds an accepted socket, paused and unread, until the core admits or evicts it. */
class WaitingClient implements Client {
  readonly id: number;
  readonly #engine: LoopEngine;
  readonly #socket: Socket | BareSocket;
  readonly #admitted: Admitted;
  readonly #line: Line | undefined;

  constructor(engine: LoopEngine, socket: Socket | BareSocket, id: number, admitted: Admitted, line: Line | undefined) {
    this.id = id;
    this.#engine = engine;
    this.#socket = socket;
    this.#admitted = admitted;
    this.#line = line;
    if (line) line.waiting++;
    engine.connections.seat(id, this); // first: from now on the core may admit it
    debug?.(engine.core, `connection ${show(id)} waits`);
  }

  /** Waits in the queue. If the gate is open, the client is admitted before this returns. */
  wait(): void {
    const engine = this.#engine;
    if (!this.#isWaiting) return;
    engine.admission.askForOne();
    if (!this.#isWaiting) return;
    // Its end or reset is noticed after its admission: data that it sent before is read first.
    this.#socket.on("error", ignore);
    if (!engine.active) this.suspend();
    engine.rearm();
  }

  admit(): void {
    debug?.(this.#engine.core, `connection ${show(this.id)} admitted`);
    if (this.#line) this.#line.waiting--;
    this.#engine.connections.seat(this.id, undefined);
    try {
      this.#socket.off("error", ignore);
      this.#socket.allowHalfOpen = false; // the default of the runtime; a stream changes it while it has the socket
      this.#admitted(this.#socket, this.id);
    } catch (error) {
      this.#engine.connections.close(this.id); // only this client is lost
      reset(this.#socket);
      throw error;
    }
  }

  evict(reason: DropReason): void {
    if (this.#line) this.#line.waiting--;
    this.#engine.connections.close(this.id);
    turnAway(this.#engine, this.#socket, reason);
  }

  expire(): void {
    // It has no deadline of its own: the core evicts it.
  }

  close(): void {
    if (!this.#isWaiting) return;
    if (this.#line) this.#line.waiting--;
    this.#engine.connections.close(this.id);
    reset(this.#socket);
  }

  // Neither admitted nor reset.
  get #isWaiting(): boolean {
    return this.#engine.connections.connections[slotOf(this.id)] === this;
  }

  // A socket that was closed meanwhile would keep each of these calls until it is connected.
  suspend(): void {
    if (!this.#socket.destroyed) this.#socket.unref();
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.ref();
  }
}

/** Resets a client that is not admitted, and reports it. `known` is its peer, if the caller has asked for that before. Never throws. */
export function turnAway(engine: LoopEngine, socket: Socket | BareSocket, reason: DropReason, known?: Peer): void {
  let peer: Peer = {};
  const attempt = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      fails(engine, error);
    }
  };
  attempt(() => {
    peer = known ?? peerOf(socket); // while it has an address
  });
  const { remoteAddress, remotePort } = peer;
  engine.report("drop", () => drop(engine, { reason, remoteAddress, remotePort }));
  attempt(() => socket.on("error", ignore));
  attempt(() => reset(socket));
}

/** Reports an error that was thrown while a client was accepted. */
export function fails(engine: LoopEngine, error: unknown): void {
  engine.report("accept", () => {
    throw error;
  });
}

function drop(engine: LoopEngine, info: DropInfo): void {
  debug?.(engine.core, `client ${info.remoteAddress} ${info.remotePort} dropped: ${info.reason}`);
  engine.supervisor.drop(info);
}

function ignore(): void {
  // The client is still waiting, or is being closed: its errors need no report.
}
