// Closes a listening socket after the clients that the system has queued for it have been accepted.
//
// When a listening socket closes, the system resets what is in its queue: clients that have connected, and may have sent a request
// which they must not repeat. So a socket that is ours alone is told to queue no more, and closes when nobody has come for some
// turns. A socket that other processes hold too closes at once: its queue is theirs to serve. On a runtime that accepts several clients
// before it reports the first, it closes a turn later, for nobody else can serve those.

import type { Server as NetServer } from "node:net";
import { type Turn, cancelTurn, nextTurn } from "../time/clock.ts";
import { acceptsInBatches, queueNoMore } from "../socket/listening-handle.ts";

// Once a turn has brought nobody, all that was queued is accepted. Handshakes under way arrive in the turns after it. New ones may, too:
// a backlog of 0 still lets the system complete one now and then, so these turns are counted whether or not somebody comes.
const LAST_TURNS = 200;

export class ClosingListener {
  readonly #handle: NetServer;
  readonly #arrived: () => number;
  readonly #closed: () => void;
  #turn: Turn | undefined;
  #left = Infinity;
  #known = 0;
  #most: number;
  #isRef = true;

  /**
   * `arrived` gives how many clients have come through the socket, `backlog` is how many the system may have queued, and `closed` is
   * called when it is closed.
   */
  constructor(handle: NetServer, arrived: () => number, backlog: number, closed: () => void) {
    this.#handle = handle;
    this.#most = arrived() + backlog;
    this.#arrived = arrived;
    this.#closed = closed;
  }

  /** Begins. `isShared`: another process holds the socket too. `isRef`: it keeps the process alive until it is closed. */
  begin(isShared: boolean, isRef: boolean): void {
    if (!this.#handle.listening) return this.close();
    this.#isRef = isRef;
    if (isShared) {
      if (!acceptsInBatches()) return this.close();
      return this.#later(() => this.close());
    }
    try {
      queueNoMore(this.#handle);
    } catch {
      // Then it closes with what is queued until then.
    }
    this.#known = this.#arrived();
    this.#wait();
    if (!isRef) this.suspend();
  }

  /** Closes at once. */
  close(): void {
    if (this.#turn !== undefined) cancelTurn(this.#turn);
    this.#turn = undefined;
    this.#handle.close();
    this.#closed();
  }

  suspend(): void {
    this.#isRef = false;
    this.#handle.unref();
    (this.#turn as Partial<NodeJS.Immediate> | undefined)?.unref?.();
  }

  resume(): void {
    this.#isRef = true;
    this.#handle.ref();
    (this.#turn as Partial<NodeJS.Immediate> | undefined)?.ref?.();
  }

  #wait(): void {
    this.#later(() => {
      const arrived = this.#arrived();
      if (arrived === this.#known && this.#left === Infinity) this.#left = LAST_TURNS;
      this.#known = arrived;
      if (--this.#left <= 0 || arrived >= this.#most) this.close();
      else this.#wait();
    });
  }

  #later(cb: () => void): void {
    this.#turn = nextTurn(cb);
    if (!this.#isRef) (this.#turn as Partial<NodeJS.Immediate>).unref?.();
  }
}
