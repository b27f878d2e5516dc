// The acceptors of a loop: the objects behind the core's ids, and the calls about acceptors and their waiting clients.

import { noRoom } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { Kind, kindOf, slotOf } from "../core/ids.ts";
import type { Clock } from "../time/clock.ts";
import type { Client, DropReason } from "./connections.ts";

/** The object behind an acceptor id of the core. */
export interface Acceptor {
  readonly id: number;
  /** Whether it goes on during a graceful stop. */
  readonly isExempt: boolean;
  /** Whether it listens and admits clients. */
  readonly isAccepting: boolean;
  /** Closes the listening socket, and resets waiting clients: each is a `drop` with this reason. */
  closeFor(reason: DropReason): void;
  /** Closes the listening socket after the clients in the system's queue have been accepted. They can still be admitted. */
  end(): void;
  /** Closes the listening socket without waiting for the system's queue. */
  endNow(): void;
}

/** How many clients of an acceptor may wait, for how many seconds, whether at most one is admitted per pass, and how many may be open. */
export interface AcceptorLimits {
  readonly backlog: number;
  readonly waitTimeout: number;
  readonly single: boolean;
  readonly maxConnections: number;
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
  readonly #ending = new Set<Acceptor>(); // acceptors whose listening sockets are being closed
  readonly #owner: Owner;
  /** Whether the core may evict a waiting client when another one arrives. */
  givesUp = false;
  /** Whether the core counts clients by their addresses. */
  tellsAddresses = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Returns the object behind `id` if it is an instance of `type`, else undefined. */
  find<T>(id: number, type: abstract new (...args: never[]) => T): (T & { readonly id: number }) | undefined {
    const found = kindOf(id) === Kind.ACCEPTOR ? this.#list[slotOf(id)] : undefined;
    return found?.id === id && found instanceof type ? found : undefined;
  }

  /** Whether one of them, except exempt ones, listens and admits clients. */
  get areAccepting(): boolean {
    return this.#list.some((acceptor) => acceptor && !acceptor.isExempt && acceptor.isAccepting);
  }

  /** Creates the record of an acceptor. Returns its id. Throws `ERR_IOLOOP_FULL`. */
  open(holder: Acceptor): number {
    const { core } = this.#owner;
    const id = core.opened(core.calls.handleAcceptor(holder.isExempt ? 1 : 0));
    if (id < 0) throw noRoom("make another server");
    this.#list[slotOf(id)] = holder;
    debug?.(core, `acceptor ${show(id)} opened`);
    return id;
  }

  /** Sets the limits of an acceptor. */
  limit(id: number, { backlog, waitTimeout, single, maxConnections }: AcceptorLimits): void {
    this.#owner.core.calls.handleAcceptorLimits(id, backlog, waitTimeout * 1000, single ? 1 : 0, maxConnections);
  }

  /** Resumes or pauses the admission of an acceptor's clients. Returns false if its record is gone. */
  listen(id: number, on: boolean): boolean {
    const code = this.#owner.core.calls.handleAcceptorListen(id, on ? 1 : 0);
    this.#owner.ask();
    return code >= 0;
  }

  /**
   * The system has accepted a client. `addressOf` is asked for the key of its address, if that counts. Returns the id of its record, or a code
   * below zero. Call {@link makeRoom} when the record has its object.
   */
  accept(id: number, addressOf: () => number): number {
    const { core, clock } = this.#owner;
    return core.opened(core.calls.handleAccept(id, clock.now(), this.tellsAddresses ? addressOf() : NaN));
  }

  /** Resets the client that the core has evicted for one that has arrived, if there is one. A subscriber to `drop` may let the new one come in. */
  makeRoom(): void {
    if (this.givesUp) this.evict("backlog");
  }

  /** The listening socket of an acceptor has closed; its waiting clients can still be admitted. */
  ended(id: number, holder: Acceptor): void {
    this.#ending.delete(holder);
    this.#owner.core.calls.handleAcceptorEnd(id);
    debug?.(this.#owner.core, `acceptor ${show(id)} ended`);
    this.#owner.ask();
  }

  /** Removes the record of an acceptor, and resets its waiting clients. */
  close(id: number, holder: Acceptor, reason: DropReason): void {
    const { calls } = this.#owner.core;
    this.#ending.delete(holder);
    if (this.#list[slotOf(id)] === holder) this.#list[slotOf(id)] = undefined;
    if (calls.handleAcceptorClose(id) < 0) return;
    debug?.(this.#owner.core, `acceptor ${show(id)} closed`);
    this.evict(reason);
    this.#owner.ask();
  }

  /** Accepting has ended: closes the listening sockets and frees the ids, but not those of exempt acceptors. Clients that were accepted can still be admitted. */
  endAll(): void {
    for (const [slot, acceptor] of this.#list.entries()) {
      if (!acceptor || acceptor.isExempt) continue;
      this.#list[slot] = undefined;
      this.#ending.add(acceptor);
      this.#owner.guard.run("closing", () => acceptor.end());
    }
  }

  /** Closes at once the listening sockets that {@link endAll} has begun to close. Accepted clients still wait. */
  endNow(): void {
    for (const acceptor of this.#ending) this.#owner.guard.run("closing", () => acceptor.endNow());
  }

  /** Closes every listening socket at once, including those that {@link endAll} has begun to close, and resets waiting clients. */
  closeAll(): void {
    this.endAll();
    for (const acceptor of this.#ending) this.#owner.guard.run("closing", () => acceptor.closeFor("stopping"));
    this.evict("stopping");
  }

  /** Closes the exempt acceptors, which are all that is left. */
  closeExempt(): void {
    for (const acceptor of this.#list)
      if (acceptor) this.#owner.guard.run("closing", () => acceptor.closeFor("stopping"));
  }

  /** Resets the waiting clients that the core evicts. */
  evict(reason: DropReason): void {
    const { calls } = this.#owner.core;
    const { connections } = this.#owner.connections;
    for (let id = calls.pollEvicted(); id > 0; id = calls.pollEvicted()) {
      this.#owner.guard.run("drop", () => (connections[slotOf(id)] as Client).evict(reason));
      calls.handleClose(id); // no effect, unless `evict` threw
    }
  }

  clear(): void {
    this.#list.length = 0;
    this.#ending.clear();
  }
}
