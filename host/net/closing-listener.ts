// Closes a listening socket after the clients that the system has queued for it have been accepted.
//
// When a listening socket closes, the system resets the clients in its queue. They have connected, and may have sent a request which they
// must not repeat. So a socket that only this process holds is set to queue no more, and closes when no client has arrived for some turns.
// A socket that other processes hold too closes at once: they serve its queue. On a runtime that accepts several clients before it reports
// the first, it closes a turn later, because no other process can serve those.

import type { Server as NetServer } from "node:net";
import { TURNS_TO_READ, type Turn, cancelTurn, nextTurn } from "../time/clock.ts";
import { acceptsInBatches, closesBestWhenQuiet, queueNoMore } from "../socket/listening-handle.ts";

// A turn without a client found the queue empty. Handshakes of TCP that are under way end in the turns after it, and with a backlog of 0 the
// system still completes a new one now and then. So the socket closes after this many such turns in a row. If clients go on arriving, it
// closes after as many such turns in all, when a client has just arrived: then the queue is empty, and another client is least likely.
const QUIET_TURNS = 25 * TURNS_TO_READ;

interface Guard {
  run(event: string, task: () => void): void;
}

export class ClosingListener {
  readonly #guard: Guard;
  readonly #handle: NetServer;
  readonly #arrived: () => number;
  readonly #closed: () => void;
  #turn: Turn | undefined;
  #quiet = 0; // turns without a client, in a row
  #quietInAll = 0;
  #known = 0;
  #most: number;

  /**
   * `arrived` returns how many clients the socket has accepted. `backlog` is how many the system may have queued. `closed` is called
   * when the socket is closed.
   */
  constructor(guard: Guard, handle: NetServer, arrived: () => number, backlog: number, closed: () => void) {
    this.#guard = guard;
    this.#handle = handle;
    this.#most = arrived() + backlog;
    this.#arrived = arrived;
    this.#closed = closed;
  }

  /** Begins. `isShared`: another process holds the socket too. `isRef`: it keeps the process alive until it is closed. */
  begin(isShared: boolean, isRef: boolean): void {
    if (!this.#handle.listening) return this.close();
    if (isShared) {
      if (!acceptsInBatches()) return this.close();
      return this.#later(() => this.close());
    }
    this.#guard.run("closing", () => queueNoMore(this.#handle)); // if it throws, the system goes on queueing
    this.#known = this.#arrived();
    if (!isRef) this.#guard.run("closing", () => this.suspend());
    this.#wait();
  }

  /** Closes at once. */
  close(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#guard.run("closing", () => turn !== undefined && cancelTurn(turn));
    this.#guard.run("closing", () => this.#handle.close());
    this.#closed();
  }

  /** The turns go on, and keep the process alive until they end. Otherwise the socket would stay open while nothing else happens. */
  suspend(): void {
    this.#handle.unref();
  }

  resume(): void {
    this.#handle.ref();
  }

  #wait(): void {
    this.#later(() => {
      const arrived = this.#arrived();
      const isQuiet = arrived === this.#known;
      this.#quiet = isQuiet ? this.#quiet + 1 : 0;
      if (isQuiet) this.#quietInAll++;
      this.#known = arrived;
      const hasCome = closesBestWhenQuiet() ? this.#quiet === 1 : !isQuiet;
      const isLast = hasCome && this.#quietInAll >= QUIET_TURNS;
      if (isLast || this.#quiet >= QUIET_TURNS || arrived >= this.#most) this.close();
      else this.#wait();
    });
  }

  #later(cb: () => void): void {
    this.#turn = undefined;
    this.#guard.run("closing", () => {
      this.#turn = nextTurn(cb);
    });
    if (this.#turn === undefined) this.close();
  }
}
