// The connections of a loop: the objects behind the core's ids, and the calls that create and remove their records.

import { noRoom } from "../base/errors.ts";
import { type Core, State } from "../core/core.ts";
import { debug, show } from "../core/debug.ts";
import { Kind, kindOf, slotOf } from "../core/ids.ts";
import type { Clock } from "../time/clock.ts";
import type { Resource } from "./resources.ts";

/** The object behind a connection id of the core. */
export interface Connection extends Resource {
  readonly id: number;
  /** The deadline has passed; `answer` is one of `Due`. */
  expire(answer: number): void;
  /** A graceful stop has timed out. Without this method, `close` is called. */
  abort?(): void;
  /** Called when the deadline has come. If there was activity that the core does not know yet, it must report that to the core. */
  look?(): void;
  /** A waiting client needs its slot. Closes the connection, unless it is in use; then nothing happens. */
  displace?(): void;
}

/** Why a client was reset before it was admitted: the `reason` of a `drop`. */
export type DropReason = "backlog" | "timeout" | "full" | "stopping" | "closed" | "address" | "proxy";

/** A client that waits to be admitted. */
export interface Client extends Connection {
  admit(): void;
  evict(reason: DropReason): void;
}

interface Owner {
  readonly core: Core;
  readonly clock: Clock;
  readonly guard: { run(event: string, task: () => void): void };
  ask(): void;
  rearm(): void;
}

const LINGERING_MS = 2000; // as the core has it
const MOST_EXEMPT = 100;

/** The objects behind the core's connection records. */
export class Connections {
  /** Indexed by slot. */
  readonly connections: (Connection | undefined)[] = [];
  readonly #owner: Owner;
  #offered: { handle: object; id: number } | undefined;
  readonly #exempt = new Set<Connection>(); // those of exempt acceptors that linger, in the order in which they began

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Returns the object behind `id` if it is an instance of `type`, else undefined. */
  find<T>(id: number, type: abstract new (...args: never[]) => T): (T & { readonly id: number }) | undefined {
    const found = kindOf(id) === Kind.CONNECTION ? this.connections[slotOf(id)] : undefined;
    return found?.id === id && found instanceof type ? found : undefined;
  }

  /** Creates the record of a connection, without a deadline. Returns its id. Throws `ERR_IOLOOP_FULL`. */
  open(call: "handleConnect" | "handleTrack"): number {
    const { core, clock } = this.#owner;
    const id = core.opened(core.calls[call](0, clock.now()));
    if (id < 0) throw noRoom("open another connection");
    debug?.(core, `connection ${show(id)} ${call === "handleConnect" ? "connects" : "tracked"}`);
    return id;
  }

  /** Sets the object behind an id. */
  seat(id: number, holder: Connection | undefined): void {
    this.connections[slotOf(id)] = holder;
  }

  /** Makes a tracked connection a connection of the loop. */
  adopt(id: number): void {
    const { calls } = this.#owner.core;
    if (calls.stateOf(id) !== State.LOOSE) return;
    calls.handleAdopt(id);
    debug?.(this.#owner.core, `connection ${show(id)} adopted`);
  }

  /** The state of a connection: one of `State`. */
  stateOf(id: number): number {
    return this.#owner.core.calls.stateOf(id);
  }

  /** A connection attempt has succeeded. */
  connected(id: number, now: number): void {
    this.#owner.core.calls.handleConnected(id, now);
    debug?.(this.#owner.core, `connection ${show(id)} connected`);
  }

  /** Sets the idle deadline of a connection, `seconds` from now; 0 for none. */
  setTimeout(id: number, seconds: number): void {
    const { core, clock } = this.#owner;
    core.calls.handleTimeout(id, seconds * 1000, clock.now());
    core.refresh();
    this.#owner.rearm();
  }

  /** Limits how many seconds a connection may be open at all, counted from when it was admitted or opened; 0 = unlimited. */
  setLifetime(id: number, seconds: number): void {
    const { core, clock } = this.#owner;
    core.calls.handleLifetime(id, seconds * 1000, clock.now());
    core.refresh();
    this.#owner.rearm();
  }

  /**
   * Our side of a connection has ended: `holder` reads until the peer ends its side. Closes the oldest lingering connections if there are
   * too many. Returns the id of its record: of an exempt one another, for which no graceful stop waits. 0 if it cannot linger.
   */
  linger(id: number, holder: Connection): number {
    const { core, clock } = this.#owner;
    const { calls } = core;
    if (calls.stateOf(id) === State.EXEMPT) return this.#lingerExempt(id, holder);
    if (calls.handleLinger(id, clock.now()) < 0) return 0;
    core.refresh();
    this.seat(id, holder);
    debug?.(core, `connection ${show(id)} lingers`);
    for (let oldest = calls.pollLinger(); oldest > 0; oldest = calls.pollLinger()) {
      this.#owner.guard.run("close", () => this.connections[slotOf(oldest)]?.close());
      calls.handleClose(oldest); // no effect, unless `close` threw
    }
    this.#owner.rearm();
    this.#owner.ask();
    return id;
  }

  #lingerExempt(id: number, holder: Connection): number {
    const { core, clock } = this.#owner;
    const record = core.opened(core.calls.handleTrack(LINGERING_MS, clock.now()));
    if (record < 0) return 0;
    debug?.(core, `connection ${show(id)} lingers as ${show(record)}`);
    this.close(id);
    this.seat(record, holder);
    this.#exempt.add(holder);
    if (this.#exempt.size > MOST_EXEMPT) {
      const [oldest] = this.#exempt;
      this.#exempt.delete(oldest!);
      this.#owner.guard.run("close", () => oldest!.close());
    }
    this.#owner.rearm();
    return record;
  }

  /** What has expired: one of `Due`. The id may also be that of a timer. */
  due(id: number): number {
    if (kindOf(id) === Kind.CONNECTION) this.connections[slotOf(id)]?.look?.();
    return this.#owner.core.calls.handleDue(id);
  }

  /** The deadline of a connection has passed. */
  expire(id: number, answer: number): void {
    debug?.(this.#owner.core, `connection ${show(id)} timed out`);
    const connection = this.connections[slotOf(id)];
    if (connection) this.#owner.guard.run("timeout", () => connection.expire(answer));
  }

  /** A waiting client needs the slot of a connection. If it stays, that counts as activity. */
  displace(id: number): void {
    const { core, clock, guard } = this.#owner;
    const connection = this.connections[slotOf(id)];
    guard.run("close", () => connection?.displace?.());
    // Not when the dispatch began: the core may have been told a later time since then.
    if (core.calls.stateOf(id) === State.INCOMING) core.activity[slotOf(id)] = clock.now();
    else debug?.(core, `connection ${show(id)} displaced`);
  }

  /** Removes the record of a connection. */
  close(id: number): void {
    const { core } = this.#owner;
    if (core.calls.handleClose(id) < 0) return;
    if (this.#exempt.size > 0) this.#exempt.delete(this.connections[slotOf(id)]!);
    this.connections[slotOf(id)] = undefined;
    debug?.(core, `connection ${show(id)} closed`);
    this.#owner.ask();
  }

  /** Emits a handle whose connection has a record. A stream that a subscriber makes of the handle adopts the record; otherwise it is removed. */
  offer(handle: object, id: number, emit: () => void): void {
    const before = this.#offered;
    const offered = { handle, id };
    this.#offered = offered;
    try {
      emit();
    } finally {
      this.#offered = before;
      if (offered.id !== 0) this.close(id);
    }
  }

  /** Hands the record of a handle that is being offered to its stream. Returns the id; undefined if the handle is not being offered. */
  claim(handle: object): number | undefined {
    const offered = this.#offered;
    if (offered?.handle !== handle || offered.id === 0) return undefined;
    const { id } = offered;
    offered.id = 0;
    return id;
  }

  /** Closes every connection of the loop at once, except those of exempt acceptors, whose connections and waiting clients are all that is left with `exempt`. */
  abortAll(exempt: boolean): void {
    // Iterates by slot, not over a copy: a callback may close another stream, which then lingers, and must be closed, too.
    for (let slot = 0, end = this.connections.length; slot < end; slot++) {
      const connection = this.connections[slot];
      const state = connection ? this.#owner.core.calls.stateOf(connection.id) : State.FREE;
      if (!connection || state === State.LOOSE || state < State.WAITING) continue;
      if (!exempt && (state === State.WAITING || state === State.EXEMPT)) continue;
      this.#owner.guard.run("close", () => {
        if (state === State.WAITING) (connection as Client).evict("stopping");
        else if (connection.abort) connection.abort();
        else connection.close();
      });
    }
  }

  clear(): void {
    this.connections.length = 0;
    this.#exempt.clear();
  }
}
