// The write half of a stream, made at a write and dropped when nothing waits any more: an idle stream has none.

import { toBuffer } from "../base/bytes.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import { queueMicrotask } from "../base/runtime.ts";
import { nextTurn } from "../time/clock.ts";
import { type AnyHandle, isSocket, send } from "../socket/handle.ts";
import { Outbox, chunkGone } from "./outbox.ts";

/** Called once: when all waiting data has been handed to the system, or with an error if the stream has closed before that. */
export type WriteCallback = (stream: never, error?: IOLoopError) => unknown;

/** What the write half needs of its stream. */
export interface Written {
  readonly engine: LoopEngine;
  /** The handle to write to; undefined before the stream has started, and once it is closed. */
  readonly outlet: AnyHandle | undefined;
  /** Bytes handed to the system. */
  bytesOut: number;
  hasSubscribers(name: "write"): boolean;
  fire(name: "write", chunk: Buffer): void;
  fire(name: "drain"): void;
  /** Waiting data cannot be sent: the stream must close. */
  failed(error: Error): void;
  /** Bytes were sent. */
  touch(): void;
  /** The first bytes were sent. */
  answered(): void;
  /** A piece was sent, and more waits. */
  partlySent(): void;
  /** Nothing waits any more. */
  drained(): void;
  /** The write half is not needed until the next write. */
  rested(): void;
}

/** Sends written data: one piece at a time, once the callback that wrote it has ended. */
export class Writing {
  /** Whether a subscriber to `write` has got what was sent. */
  isShown = false;
  readonly #stream: Written;
  #outbox = new Outbox();
  #callbacks: WriteCallback[] | undefined;
  #behind: Behind | undefined; // data that was pushed since `hold`
  #handle: AnyHandle | undefined; // the handle that the piece was written to
  #isQueued = false;
  #isSending = false;
  #isSent = false;
  #known = 0; // pieces that are known to be sent, and whose callback has not been called yet

  constructor(stream: Written) {
    this.#stream = stream;
  }

  /** Whether data, or a callback, waits. */
  get isWaiting(): boolean {
    return !this.#outbox.isEmpty || this.#callbacks !== undefined || this.#behind !== undefined;
  }

  /** Bytes that wait. */
  get bytesWaiting(): number {
    return this.#outbox.size + (this.#behind?.outbox.size ?? 0);
  }

  /** Queues a chunk. The callback runs when all waiting data has been handed to the system. */
  push(chunk: string | Uint8Array, callback: WriteCallback | undefined): void {
    if (this.#behind) return pushBehind(this.#behind, chunk, callback);
    this.#outbox.push(chunk);
    if (callback) (this.#callbacks ??= []).push(callback);
    this.flushLater();
  }

  /** Sends waiting data once the current callback has ended. */
  flushLater(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#stream.engine.writers.add(this);
  }

  /** Sends the next piece, unless one is being sent. */
  flush(): void {
    this.#isQueued = false;
    const handle = this.#stream.outlet;
    if (!handle || this.#outbox.isBusy) return;
    // This can throw: the memory of a chunk may be gone, a user's Duplex may fail, the runtime may be out of memory. Only this stream fails.
    try {
      const piece = this.#outbox.send();
      if (piece === undefined) {
        if (this.#callbacks) this.#stream.engine.nextTick(() => this.#drained());
      } else if (this.#send(handle, piece, this.#outbox.encoding)) {
        this.#sent();
      }
    } catch (error) {
      this.#stream.failed(toError(error));
    }
  }

  /** Holds data that is pushed from now on until `letGo`. `reached` is called once all data pushed before has been handed to the system. */
  hold(reached: () => void): void {
    const isReached = !this.isWaiting;
    this.#behind = { outbox: new Outbox(), callbacks: undefined, reached };
    if (isReached) reached();
  }

  /** Sends the held data. */
  letGo(): void {
    const { outbox, callbacks } = this.#behind!;
    this.#behind = undefined;
    this.#outbox = outbox;
    this.#callbacks = callbacks;
    if (this.isWaiting) this.flushLater();
    else this.#stream.drained();
  }

  /** Writes all waiting data to a handle that leaves the loop. */
  handOver(handle: AnyHandle & { write(piece: Buffer | string): unknown }): void {
    for (let piece = this.#outbox.send(); piece !== undefined; piece = this.#outbox.send()) handle.write(piece);
  }

  /** The stream is closed: drops all waiting data, and calls back with an error once the caller has returned. */
  close(): void {
    const held = this.#behind?.callbacks;
    const callbacks = held ? [...(this.#callbacks ?? []), ...held] : this.#callbacks;
    this.#outbox.clear();
    this.#callbacks = this.#behind = undefined;
    if (callbacks) queueMicrotask(() => refuse(this.#stream, callbacks));
  }

  // Returns whether the handle took the piece at once, as is usual.
  #send(handle: AnyHandle, piece: Buffer | string, encoding: BufferEncoding): boolean {
    this.#handle = handle;
    this.#isSending = true;
    this.#isSent = false;
    let isPassedOn;
    try {
      isPassedOn = send(handle, piece, encoding, this.#written);
    } finally {
      this.#isSending = false;
    }
    if (isPassedOn && !this.#isSent) this.#known++;
    return isPassedOn || this.#isSent;
  }

  #written = (error?: Error | null): void => {
    const { engine } = this.#stream;
    if (error) this.#refused(error);
    else if (this.#isSending) this.#isSent = true;
    else if (this.#known > 0) this.#confirmed();
    else engine.deliver("write", () => this.#taken());
  };

  #confirmed(): void {
    this.#known--;
    this.#rest();
  }

  // The system, or a Duplex, has refused the piece.
  #refused(error: Error): void {
    try {
      (this.#stream.outlet ?? this.#handle!).destroy(error);
    } catch (failure) {
      this.#stream.failed(toError(failure));
    }
  }

  // The handle has taken the piece later.
  #taken(): void {
    try {
      this.#sent();
    } catch (error) {
      this.#stream.failed(toError(error));
    }
  }

  #sent(): void {
    const stream = this.#stream;
    if (!stream.outlet) return;
    stream.touch();
    const { pieceBytes } = this.#outbox;
    const piece = this.#outbox.sent();
    // A socket has sent less than the whole piece. (A Duplex may do with a piece what it likes.)
    if (typeof piece !== "string" && piece.length !== pieceBytes && isSocket(stream.outlet)) throw chunkGone();
    if (stream.bytesOut === 0) stream.answered();
    stream.bytesOut += pieceBytes;
    if (stream.hasSubscribers("write")) {
      this.isShown = true;
      stream.fire("write", toBuffer(piece));
    }
    if (this.#outbox.isEmpty) return this.#drained();
    this.flushLater();
    stream.partlySent();
  }

  #drained(): void {
    const stream = this.#stream;
    if (!stream.outlet || !this.#outbox.isEmpty) return;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks) for (const callback of callbacks) stream.engine.guard.call(callback, stream, "drain");
    if (stream.outlet) stream.fire("drain");
    if (this.#behind) this.#behind.reached();
    else if (!this.isWaiting) {
      stream.drained();
      this.#rest();
    }
  }

  // Whether a subscriber has got what was sent must be remembered.
  #rest(): void {
    if (!this.isWaiting && !this.#isQueued && this.#known === 0 && !this.isShown) this.#stream.rested();
  }
}

/** Data that is held, behind the data that is being sent. */
interface Behind {
  readonly outbox: Outbox;
  callbacks: WriteCallback[] | undefined;
  readonly reached: () => void;
}

function pushBehind(behind: Behind, chunk: string | Uint8Array, callback: WriteCallback | undefined): void {
  behind.outbox.push(chunk);
  if (callback) (behind.callbacks ??= []).push(callback);
}

/** Calls back for a write to a closed stream: in the next turn, so that a callback that writes again does not block the loop. */
export function refuseLater(stream: Pick<Written, "engine">, callback: WriteCallback): void {
  nextTurn(() => refuse(stream, [callback]));
}

// Calls back even while the loop is stopped, as `close` is emitted then, too.
function refuse(stream: Pick<Written, "engine">, callbacks: readonly WriteCallback[]): void {
  const { engine } = stream;
  const active = engine.begin();
  try {
    for (const callback of callbacks) {
      const error = new IOLoopError(
        "ERR_IOLOOP_STREAM_CLOSED",
        "write: the stream was closed before the data was sent",
      );
      engine.guard.call(() => callback(stream as never, error), stream, "write");
    }
  } finally {
    if (active) engine.end();
  }
}
