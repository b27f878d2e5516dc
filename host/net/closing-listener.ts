// Closes a listening socket after the clients that the system has queued for it have been accepted.
//
// When a listening socket closes, the system resets what is in its queue: clients that have connected, and may have sent a request
// which they must not repeat. So a socket that is ours alone is told to queue no more, and closes when nobody has come for some
// turns. A socket that other processes hold too closes at once: its queue is theirs to serve. On a runtime that accepts several clients
// before it reports the first, it closes a turn later, for nobody else can serve those.

import type { Server as NetServer } from "node:net";
import { TURNS_TO_READ, type Turn, cancelTurn, nextTurn } from "../time/clock.ts";
import { acceptsInBatches, closesBestWhenQuiet, queueNoMore } from "../socket/listening-handle.ts";

// A turn that has brought nobody found the queue empty. Handshakes under way arrive in the turns after it, and a backlog of 0 still lets
// the system complete a new one now and then. So the socket closes after so many such turns in a row; or, where clients go on coming, when
// there have been as many in all and one has just come: then the queue is empty again, and the next one least likely on its way.
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
  #quiet = 0; // turns that have brought nobody, in a row
  #quietInAll = 0;
  #known = 0;
  #most: number;

  /**
   * `arrived` gives how many clients have come through the socket, `backlog` is how many the system may have queued, and `closed` is
   * called when it is closed.
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
    this.#guard.run("closing", () => queueNoMore(this.#handle)); // or it closes with what is queued until then
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

  /** The turns go on, and keep the process alive for their moment: otherwise the socket would stay open for as long as nothing happens. */
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
