// The consumer of a stream whose handle a server of the runtime reads and writes. The stream keeps its record, its deadlines and its end.

import type { SocketHandle } from "../socket/handle.ts";
import { type CloseReason, isOfPeer } from "./close-reason.ts";
import type { Consumer } from "./consumer.ts";

/** Follows a connection for the server. */
export interface Borrower {
  /** The idle deadline has passed. Returns true if the connection must stay open. */
  expired(): boolean;
  /** Whether an answer has begun. */
  readonly hasAnswered: boolean;
  /** Ends our side of what is on top of the socket; returns false if nothing is. */
  endSide(): boolean;
  /** A waiting client needs the slot: closes the connection unless it is in use. */
  displace(): void;
  /** The connection is closed. */
  closed(): void;
}

/** The stream of a connection that is lent. */
interface Lender {
  readonly bytesWritten: number;
  endsFor(reason: CloseReason): void;
  finish(how: "linger", reason: CloseReason): void;
}

/** Stands for the server. Nothing is read through the stream. */
export class Lent implements Consumer {
  readonly name = "the server that it was given to";
  readonly isFull = false;
  readonly borrowed: SocketHandle;
  readonly #borrower: Borrower | undefined;
  readonly #speaksTls: boolean;
  readonly #stream: Lender;

  /** `speaksTls`: whether the server puts TLS on top of the socket. */
  constructor(socket: SocketHandle, borrower: Borrower | undefined, speaksTls: boolean, stream: Lender) {
    this.borrowed = socket;
    this.#borrower = borrower;
    this.#speaksTls = speaksTls;
    this.#stream = stream;
  }

  received(): void {
    // The server reads.
  }

  ended(): void {
    if (!this.borrowed.writableEnded) this.#stream.endsFor("peer");
  }

  expired(): boolean {
    return this.#borrower?.expired() === true;
  }

  endSide(): boolean {
    return this.#borrower?.endSide() === true;
  }

  displace(): void {
    if (this.#borrower) this.#borrower.displace();
    else if (this.borrowed.writableLength === 0) this.#stream.finish("linger", "displaced");
  }

  // With TLS on top, the bytes written are those of the handshake, too; and it is the server that closes the socket when the client leaves.
  hasLeft(reason: CloseReason): boolean | undefined {
    if (!this.#speaksTls) return isOfPeer(reason) && this.#stream.bytesWritten === 0;
    if (!this.#borrower) return undefined;
    return (isOfPeer(reason) || this.borrowed.destroyed) && !this.#borrower.hasAnswered;
  }

  closed(_error: Error | undefined, done: () => void): void {
    this.#borrower?.closed();
    done();
  }
}
