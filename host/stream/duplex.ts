// A stream as a Duplex of the runtime, for libraries.

import { nextTickOfRuntime } from "../base/runtime.ts";
import { errorFor } from "./close-reason.ts";
import { type Consumed, type Consumer, endSoon, isClosed, readOn } from "./consumer.ts";
import { SocketMembers } from "./socket-members.ts";

type Written = (error: Error | null | undefined) => void;
type Done = (error?: Error | null) => void;

/** What a Writable keeps of one `write`. */
interface Kept {
  chunk: string | Uint8Array;
  encoding: BufferEncoding;
}

/** A Duplex of the runtime, with the members of a `net.Socket`, that reads and writes a stream. */
export class StreamDuplex extends SocketMembers {
  readonly #consumer: DuplexConsumer;
  #isJoining = false;
  #resets = false;

  /** @internal */
  constructor(source: Consumed, what: string) {
    super(source);
    this.on("error", ignore); // without another listener, an error must not end the process
    this.#consumer = new DuplexConsumer(this, source);
    source.consume(what, this.#consumer);
    if (!source.raw) this.#consumer.isClosedAlready();
  }

  /** Like `write` of a Writable. All writes made in one callback are sent together. */
  override write(chunk: string | Uint8Array, cb?: Written): boolean;
  override write(chunk: string | Uint8Array, encoding: BufferEncoding, cb?: Written): boolean;
  override write(chunk: unknown, encoding?: unknown, cb?: unknown): boolean {
    if (!this.#isJoining) {
      this.#isJoining = true;
      this.cork();
      this.source.engine.writers.add(this);
    }
    return super.write(chunk, encoding as never, cb as never);
  }

  /** The callback that wrote has ended. @internal */
  flush(): void {
    if (!this.#isJoining) return;
    this.#isJoining = false;
    this.uncork();
  }

  /** Closes with a reset. */
  resetAndDestroy(): this {
    this.#resets = true;
    return this.destroy();
  }

  /** @internal */
  override _read(): void {
    this.#consumer.hasRoom();
  }

  /** @internal */
  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.source.push(sendable(chunk, encoding), this.#written(done));
  }

  /** @internal */
  override _writev(chunks: readonly Kept[], done: Done): void {
    const last = chunks.length - 1;
    for (const [i, { chunk, encoding }] of chunks.entries())
      this.source.push(sendable(chunk, encoding), i === last ? this.#written(done) : undefined);
  }

  /** @internal */
  override _final(done: Done): void {
    endSoon(this.source, done);
  }

  /** @internal */
  override _destroy(error: Error | null, done: Done): void {
    this.forgetTimeout();
    this.#isJoining = false;
    // Has no effect if the close of the connection is the cause.
    this.source.finish(error || this.#resets ? "reset" : "drop", "local");
    done(error);
    // After the `close` of the duplex, which the runtime emits in a tick that it has just requested.
    nextTickOfRuntime(() => this.#consumer.isDone());
  }

  // If the stream was closed, the error with the reason says more.
  #written(done: Done): (stream: never, error?: Error) => void {
    return (_stream, error) => done(error && (this.errored ?? error));
  }
}

/** Returns the duplex of a stream: the same one at each call. */
export function duplexOf(source: Consumed): StreamDuplex {
  const { consumer } = source;
  return consumer instanceof DuplexConsumer ? consumer.duplex : new StreamDuplex(source, "duplex");
}

/** Passes the input of a stream on to its duplex. */
class DuplexConsumer implements Consumer {
  readonly name = "a duplex";
  isFull = false;
  readonly duplex: StreamDuplex;
  readonly #source: Consumed;
  #closesSoon = false;
  #hasEnded = false;
  #done: (() => void) | undefined;

  constructor(duplex: StreamDuplex, source: Consumed) {
    this.duplex = duplex;
    this.#source = source;
  }

  received(chunk: Buffer): void {
    this.isFull = !this.duplex.push(chunk);
  }

  ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.duplex.push(null);
  }

  hasRoom(): void {
    if (!this.isFull) return;
    this.isFull = false;
    readOn(this.#source);
  }

  endsSoon(): boolean {
    this.#closesSoon = true;
    const { duplex } = this;
    duplex.flush();
    while (duplex.writableCorked > 0) duplex.uncork(); // as `end` does
    return duplex.writableLength > 0;
  }

  displace(): void {
    const { readableLength, writableLength } = this.duplex;
    if (readableLength + writableLength === 0) this.#source.finish("linger", "displaced");
  }

  closed(error: Error | undefined, done: () => void): void {
    const duplex = this.duplex;
    const { engine, hasPeerEnded } = this.#source;
    this.#done = done;
    if (engine.active) engine.nextTick(ignore); // keeps the loop running until the duplex can end
    if (duplex.destroyed) return;
    if (error) return void duplex.destroy(error);
    const isWritten = duplex.writableLength === 0 && (duplex.writableEnded || this.#closesSoon);
    if (!isWritten) return void duplex.destroy();
    if (!duplex.writableEnded) duplex.end();
    // If the peer has ended as well, the duplex is destroyed once everything is read; otherwise, when its own side has finished.
    if (hasPeerEnded) engine.guard.run("read", () => this.#giveRest());
    else if (duplex.writableFinished) duplex.destroy();
    else duplex.once("finish", () => duplex.destroy());
  }

  /** The stream was closed before the duplex was made. Kept data can still be read. */
  isClosedAlready(): void {
    const { closeReason } = this.#source;
    const error = closeReason === "error" ? isClosed("duplex") : errorFor(closeReason ?? "local", undefined);
    if (error) this.duplex.destroy(error);
    else this.#giveRest();
  }

  isDone(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  #giveRest(): void {
    const { inbox } = this.#source;
    if (this.#hasEnded) return;
    if (inbox?.isEmpty === false) this.received(inbox.takeAll());
    this.ended();
  }
}

function sendable(chunk: string | Uint8Array, encoding: BufferEncoding): string | Uint8Array {
  if (typeof chunk !== "string" || encoding === "utf8" || encoding === "utf-8") return chunk;
  return Buffer.from(chunk, encoding);
}

function ignore(): void {
  // Nothing to do.
}
