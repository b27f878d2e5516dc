// What the core's acceptor ids name, and what the core is told about them and about the clients that wait.

import { noRoom } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { Kind, kindOf, slotOf } from "../core/ids.ts";
import type { Clock } from "../time/clock.ts";
import type { Client, DropReason } from "./connections.ts";

/** What an acceptor id of the core names. */
export interface Acceptor {
  readonly id: number;
  /** Closes the listening socket, and resets the clients that wait: a `drop` with this reason. */
  closeFor(reason: DropReason): void;
  /** Closes the listening socket, after the clients that the system has queued have come. They are still admitted. */
  end(): void;
  /** `end`, without waiting for those that are queued. */
  endNow(): void;
}

interface Owner {
  readonly core: Core;
  readonly clock: Clock;
  readonly connections: { readonly connections: readonly unknown[] };
  readonly guard: { run(event: string, task: () => void): void };
  ask(): void;
}

/** The objects behind the core's acceptor records. */
export class Acceptors {
  readonly #list: (Acceptor | undefined)[] = [];
  readonly #ending = new Set<Acceptor>(); // their listening sockets are being closed
  readonly #owner: Owner;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** What an id names, if it is of a class. */
  find<T>(id: number, type: abstract new (...args: never[]) => T): (T & { readonly id: number }) | undefined {
    const found = kindOf(id) === Kind.ACCEPTOR ? this.#list[slotOf(id)] : undefined;
    return found?.id === id && found instanceof type ? found : undefined;
  }

  /** Makes the record of an acceptor. */
  open(): number {
    const { core } = this.#owner;
    const id = core.opened(core.calls.handleAcceptor());
    if (id < 0) throw noRoom("make another server");
    debug?.(core, `acceptor ${show(id)} opened`);
    return id;
  }

  /** From here on an id names `holder`. */
  seat(id: number, holder: Acceptor | undefined): void {
    this.#list[slotOf(id)] = holder;
  }

  /** Sets how many clients may wait, for how many seconds, and whether one a pass is admitted. */
  limit(id: number, backlog: number, waitTimeout: number, single: boolean): void {
    this.#owner.core.calls.handleAcceptorLimits(id, backlog, waitTimeout * 1000, single ? 1 : 0);
  }

  /** Goes on admitting clients of an acceptor, or lets them wait. */
  listen(id: number, on: boolean): void {
    this.#owner.core.calls.handleAcceptorListen(id, on ? 1 : 0);
    this.#owner.ask();
  }

  /** The system has accepted a client. Gives the id of its record, or a code below zero. */
  accept(id: number): number {
    const { core, clock } = this.#owner;
    return core.opened(core.calls.handleAccept(id, clock.now()));
  }

  /** The listening socket of an acceptor is closed; clients of it that wait are still admitted. */
  ended(id: number, holder: Acceptor): void {
    this.#ending.delete(holder);
    this.#owner.core.calls.handleAcceptorEnd(id);
    debug?.(this.#owner.core, `acceptor ${show(id)} ended`);
    this.#owner.ask();
  }

  /** Ends the record of an acceptor, and resets its clients that still wait. */
  close(id: number, holder: Acceptor, reason: DropReason): void {
    const { calls } = this.#owner.core;
    this.#ending.delete(holder);
    if (this.#list[slotOf(id)] === holder) this.seat(id, undefined);
    if (calls.handleAcceptorClose(id) < 0) return;
    debug?.(this.#owner.core, `acceptor ${show(id)} closed`);
    this.evict(reason);
    this.#owner.ask();
  }

  /** Accepting has ended. Every id is spent, and every listening socket closes; clients that have come are still admitted. */
  endAll(): void {
    for (const acceptor of this.#list.splice(0)) {
      if (!acceptor) continue;
      this.#ending.add(acceptor);
      this.#owner.guard.run("closing", () => acceptor.end());
    }
  }

  /** Closes the listening sockets that {@link endAll} is about to close. Clients that have come still wait. */
  endNow(): void {
    for (const acceptor of this.#ending) this.#owner.guard.run("closing", () => acceptor.endNow());
  }

  /** Closes every listening socket at once, those that {@link endAll} is about to close included, and resets who waits. */
  closeAll(): void {
    this.endAll();
    for (const acceptor of this.#ending) this.#owner.guard.run("closing", () => acceptor.closeFor("stopping"));
    this.evict("stopping");
  }

  /** Resets the clients that the core gives up. */
  evict(reason: DropReason): void {
    const { calls } = this.#owner.core;
    const { connections } = this.#owner.connections;
    for (let id = calls.pollEvicted(); id > 0; id = calls.pollEvicted()) {
      this.#owner.guard.run("drop", () => (connections[slotOf(id)] as Client).evict(reason));
      calls.handleClose(id); // it has been, unless something threw
    }
  }

  clear(): void {
    this.#list.length = 0;
    this.#ending.clear();
  }
}
