// What the ids of connections and acceptors name, and how their records come and go.

import { Kind, State, kindOf, slotOf } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import type { Engine } from "./engine.ts";
import { IOLoopError } from "../base/errors.ts";
import type { Acceptor, Client, Connection } from "./parts.ts";

/** The objects behind the core's connection and acceptor records. */
export class Table {
  /** By slot of connection ids. */
  readonly connections: (Connection | undefined)[] = [];
  /** By slot of acceptor ids. */
  readonly acceptors: (Acceptor | undefined)[] = [];
  readonly #engine: Engine;
  #offered: { handle: object; id: number } | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What an id names, where that is of a class. */
  find<T>(id: number, type: abstract new (...args: never[]) => T): (T & { readonly id: number }) | undefined {
    const kind = kindOf(id);
    const list = kind === Kind.ACCEPTOR ? this.acceptors : kind === Kind.CONNECTION ? this.connections : [];
    const found = list[slotOf(id)];
    return found?.id === id && found instanceof type ? found : undefined;
  }

  /** Makes the record of a connection that has no deadline yet. */
  open(call: "handleConnect" | "handleTrack"): number {
    const { core, clock } = this.#engine;
    const id = core.opened(core.calls[call](0, clock.now()));
    if (id < 0) throw new IOLoopError("ERR_IOLOOP_FULL", "No room for another connection");
    debug?.(core, `connection ${show(id)} ${call === "handleConnect" ? "connects" : "tracked"}`);
    return id;
  }

  /** Makes a tracked connection one of the loop's. */
  adopt(id: number): void {
    const { calls } = this.#engine.core;
    if (calls.stateOf(id) !== State.LOOSE) return;
    calls.handleAdopt(id);
    debug?.(this.#engine.core, `connection ${show(id)} adopted`);
  }

  /** Sets the deadline of a connection, `seconds` from now; 0 for none. */
  setTimeout(id: number, seconds: number): void {
    const { core, clock } = this.#engine;
    core.calls.handleTimeout(id, seconds * 1000, clock.now());
    core.refresh();
    this.#engine.rearm();
  }

  /** The deadline of a connection has passed. */
  expire(id: number, answer: number): void {
    debug?.(this.#engine.core, `connection ${show(id)} timed out`);
    this.connections[slotOf(id)]?.expire(answer);
  }

  /** Ends the record of a connection. */
  close(id: number): void {
    const { core } = this.#engine;
    if (core.calls.handleClose(id) < 0) return;
    this.connections[slotOf(id)] = undefined;
    debug?.(core, `connection ${show(id)} closed`);
    this.#engine.ask();
  }

  /** Makes the record of an acceptor. */
  openAcceptor(): number {
    const { core } = this.#engine;
    const id = core.opened(core.calls.handleAcceptor());
    if (id < 0) throw new IOLoopError("ERR_IOLOOP_FULL", "No room for another acceptor");
    debug?.(core, `acceptor ${show(id)} opened`);
    return id;
  }

  /** Ends the record of an acceptor, and resets its clients that still wait. */
  closeAcceptor(id: number): void {
    const { calls } = this.#engine.core;
    if (calls.handleAcceptorClose(id) < 0) return;
    this.acceptors[slotOf(id)] = undefined;
    debug?.(this.#engine.core, `acceptor ${show(id)} closed`);
    for (let client = calls.pollEvicted(); client > 0; client = calls.pollEvicted()) {
      (this.connections[slotOf(client)] as Client).evict();
    }
    this.#engine.ask();
  }

  /** Emits a handle whose connection has a record. A stream the loop makes of it takes the record over; otherwise it ends. */
  offer(handle: object, id: number, emit: () => void): void {
    const before = this.#offered;
    const offered = { handle, id };
    this.#offered = offered;
    emit();
    if (offered.id !== 0) this.close(id);
    this.#offered = before;
  }

  /** The record of a handle that is being offered, for its stream. */
  claim(handle: object): number | undefined {
    const offered = this.#offered;
    if (offered?.handle !== handle || offered.id === 0) return undefined;
    const { id } = offered;
    offered.id = 0;
    return id;
  }

  /** Closes every connection of the loop at once. */
  abortAll(): void {
    for (const connection of this.connections.slice()) {
      if (!connection) continue;
      const state = this.#engine.core.calls.stateOf(connection.id);
      if (state < State.CONNECTING || state > State.OUTGOING) continue;
      if (connection.abort) connection.abort();
      else connection.close();
    }
  }

  clear(): void {
    this.connections.length = 0;
    this.acceptors.length = 0;
  }
}
