// A stream whose handle a server of the runtime reads and writes: it keeps its record, its deadlines and its end.

import type { SocketHandle } from "../socket/handle.ts";
import type { Consumer } from "./consumer.ts";

/** What the borrower says about a connection. */
export interface Borrower {
  /** Whether the idle deadline, which has passed, means nothing. */
  expired(): boolean;
  /** Ends our side; false if there is nothing on top of the socket that must end first. */
  endSide(): boolean;
  /** The connection is closed. */
  closed(): void;
}

/** Stands for the server. Nothing is read through the stream. */
export class Lent implements Consumer {
  readonly name = "the server that it was given to";
  readonly isFull = false;
  readonly borrowed: SocketHandle;
  readonly #borrower: Borrower | undefined;
  readonly #endedFirst: () => void;

  /** `endedFirst` is called when the peer has ended before the server did. */
  constructor(socket: SocketHandle, borrower: Borrower | undefined, endedFirst: () => void) {
    this.borrowed = socket;
    this.#borrower = borrower;
    this.#endedFirst = endedFirst;
  }

  received(): void {
    // The server reads.
  }

  ended(): void {
    if (!this.borrowed.writableEnded) this.#endedFirst();
  }

  expired(): boolean {
    return this.#borrower?.expired() === true;
  }

  endSide(): boolean {
    return this.#borrower?.endSide() === true;
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.#borrower?.closed();
    done();
  }
}
