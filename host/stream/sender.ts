// Sends a stream's pieces, one at a time, and hears when the system has taken one: mostly at once.

import { BareSocket } from "../socket/bare-socket.ts";
import type { Engine } from "../engine/engine.ts";
import { writeFast } from "../socket/fast-path.ts";
import type { StreamHandle } from "../socket/handle.ts";

interface Owner {
  readonly engine: Engine;
  /** A piece has been taken that was not taken at once. Runs as a dispatch. */
  sent(): void;
}

export class Sender {
  readonly #owner: Owner;
  #handle: StreamHandle | BareSocket | undefined;
  #isSending = false;
  #isSent = false;
  #known = 0; // pieces whose callback has still to come, and tells nothing new

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Sends a piece, once the one before has been taken. Whether it was taken at once. */
  send(handle: StreamHandle | BareSocket, piece: Buffer | string, encoding: BufferEncoding): boolean {
    this.#handle = handle;
    this.#isSending = true;
    this.#isSent = false;
    if (handle instanceof BareSocket) handle.send(piece, encoding, this.#written);
    else if (!writeFast(handle, piece, encoding, this.#written)) return this.#write(handle, piece, encoding);
    this.#isSending = false;
    return this.#isSent;
  }

  // By the stream of the socket.
  #write(handle: StreamHandle, piece: Buffer | string, encoding: BufferEncoding): boolean {
    handle.write(piece, encoding, this.#written);
    this.#isSending = false;
    if (handle.writableLength > 0 || handle.errored || handle.destroyed) return false;
    this.#known++;
    return true;
  }

  #written = (error?: Error | null): void => {
    if (error) this.#handle!.destroy(error);
    else if (this.#isSending) this.#isSent = true;
    else if (this.#known > 0) this.#known--;
    else this.#owner.engine.deliver("write", () => this.#owner.sent());
  };
}
