// The write half of a stream, made at its first write: an idle stream has none.

import { toBuffer } from "../base/bytes.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { IOLoopError, toError } from "../base/errors.ts";
import { queueMicrotask } from "../base/runtime.ts";
import { nextTurn } from "../time/clock.ts";
import { type AnyHandle, isSocket, send } from "../socket/handle.ts";
import { Outbox, chunkGone } from "./outbox.ts";

/** Called once: when all that waited has been handed to the system, or with an error when the stream closed before that. */
export type WriteCallback = (stream: never, error?: IOLoopError) => unknown;

/** What the write half asks of its stream. */
export interface Written {
  readonly engine: LoopEngine;
  /** Where it writes to; undefined before the stream has started, and once it is closed. */
  readonly outlet: AnyHandle | undefined;
  hasSubscribers(name: "write"): boolean;
  fire(name: "write", chunk: Buffer): void;
  fire(name: "drain"): void;
  /** What waits cannot be sent: the stream is to close. */
  failed(error: Error): void;
  /** Bytes have left. */
  touch(): void;
  /** Nothing waits any more. */
  drained(): void;
}

/** Sends what is written: one piece at a time, once the callback that wrote has ended. */
export class Writing {
  /** Bytes handed to the system. */
  bytesWritten = 0;
  readonly #stream: Written;
  #outbox = new Outbox();
  #callbacks: WriteCallback[] | undefined;
  #behind: Behind | undefined; // what was pushed since `hold`
  #handle: AnyHandle | undefined; // what the piece was given to
  #isQueued = false;
  #isSending = false;
  #isSent = false;
  #known = 0; // pieces whose callback has still to come, and says nothing new

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

  /** Queues a chunk, and a callback for when all that waits has been handed to the system. */
  push(chunk: string | Uint8Array, callback: WriteCallback | undefined): void {
    if (this.#behind) return pushBehind(this.#behind, chunk, callback);
    this.#outbox.push(chunk);
    if (callback) (this.#callbacks ??= []).push(callback);
    this.flushLater();
  }

  /** Sends what waits once the current callback has ended. */
  flushLater(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#stream.engine.writers.add(this);
  }

  /** Sends the next piece, unless one is on its way. */
  flush(): void {
    this.#isQueued = false;
    const handle = this.#stream.outlet;
    if (!handle || this.#outbox.isBusy) return;
    // What throws here is the user's, or the runtime's: memory that is gone, a Duplex, an allocation. It costs this stream alone.
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

  /** What is pushed from here on waits until `letGo`. `reached` is called once what was pushed before has been handed to the system. */
  hold(reached: () => void): void {
    const isReached = !this.isWaiting;
    this.#behind = { outbox: new Outbox(), callbacks: undefined, reached };
    if (isReached) reached();
  }

  /** Sends what was held. */
  letGo(): void {
    const { outbox, callbacks } = this.#behind!;
    this.#behind = undefined;
    this.#outbox = outbox;
    this.#callbacks = callbacks;
    if (this.isWaiting) this.flushLater();
    else this.#stream.drained();
  }

  /** Gives all that waits to a handle that leaves the loop. */
  handOver(handle: AnyHandle & { write(piece: Buffer | string): unknown }): void {
    for (let piece = this.#outbox.send(); piece !== undefined; piece = this.#outbox.send()) handle.write(piece);
  }

  /** The stream is closed: forgets all that waits, and calls back with an error, once the caller has returned. */
  close(): void {
    const held = this.#behind?.callbacks;
    const callbacks = held ? [...(this.#callbacks ?? []), ...held] : this.#callbacks;
    this.#outbox.clear();
    this.#callbacks = this.#behind = undefined;
    if (callbacks) queueMicrotask(() => refuse(this.#stream, callbacks));
  }

  // Whether the piece was taken at once, as most are.
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
    else if (this.#known > 0) this.#known--;
    else engine.deliver("write", () => this.#taken());
  };

  // The system, or a Duplex, takes no more.
  #refused(error: Error): void {
    try {
      (this.#stream.outlet ?? this.#handle!).destroy(error);
    } catch (failure) {
      this.#stream.failed(toError(failure));
    }
  }

  // The piece has been taken, later than at once.
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
    // What a Duplex does with a piece is its own affair. A socket has sent less than it was to.
    if (typeof piece !== "string" && piece.length !== pieceBytes && isSocket(stream.outlet)) throw chunkGone();
    this.bytesWritten += pieceBytes;
    if (stream.hasSubscribers("write")) stream.fire("write", toBuffer(piece));
    if (this.#outbox.isEmpty) this.#drained();
    else this.flushLater();
  }

  #drained(): void {
    const stream = this.#stream;
    if (!stream.outlet || !this.#outbox.isEmpty) return;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks) for (const callback of callbacks) stream.engine.guard.call(callback, stream, "drain");
    if (stream.outlet) stream.fire("drain");
    if (this.#behind) this.#behind.reached();
    else if (!this.isWaiting) stream.drained();
  }
}

/** What waits for something else than what is before it. */
interface Behind {
  readonly outbox: Outbox;
  callbacks: WriteCallback[] | undefined;
  readonly reached: () => void;
}

function pushBehind(behind: Behind, chunk: string | Uint8Array, callback: WriteCallback | undefined): void {
  behind.outbox.push(chunk);
  if (callback) (behind.callbacks ??= []).push(callback);
}

/** Calls back for what is written to a stream that is closed already: in the next turn, so that writing on and on starves nobody. */
export function refuseLater(stream: Pick<Written, "engine">, callback: WriteCallback): void {
  nextTurn(() => refuse(stream, [callback]));
}

// Also while the loop is stopped, as `close` is emitted then, too.
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
