// A stream as a pair of web streams.
//
// Rejections of the promises that their methods return are silent: if `readable.pipeTo(writable)` is called without a handler, the process
// does not end when the peer goes.

import { CHUNK, check } from "../base/checks.ts";
import { errorFor } from "./close-reason.ts";
import { type Consumed, type Consumer, endSoon, isClosed, readOn } from "./consumer.ts";

const HIGH_WATER_MARK = 65_536; // bytes

/** Both sides of a stream. */
export interface WebStreams {
  /** The input. `cancel` closes the connection. */
  readonly readable: ReadableStream<Uint8Array>;
  /** The output. `close` ends our side, `abort` resets the connection. */
  readonly writable: WritableStream<Uint8Array | string>;
}

/** Returns the web streams of a stream: the same ones at each call. */
export function webOf(source: Consumed): WebStreams {
  const { consumer } = source;
  return consumer instanceof WebConsumer ? consumer.streams : new WebConsumer(source).streams;
}

/** Passes the input of a stream on to its readable. */
class WebConsumer implements Consumer {
  readonly name = "web streams";
  readonly streams: WebStreams;
  readonly #source: Consumed;
  #readable!: ReadableStreamDefaultController<Uint8Array>;
  #writable!: WritableStreamDefaultController;
  #isReadable = true;
  #isWritable = true;
  #wasFull = false;

  constructor(source: Consumed) {
    this.#source = source;
    this.streams = { readable: this.#makeReadable(), writable: this.#makeWritable() };
    source.consume("web", this);
    source.halfOpen = true; // the end of one side must not cut off a pipe to the other
    if (!source.raw) this.#isClosedAlready();
  }

  get isFull(): boolean {
    return (this.#wasFull = (this.#readable.desiredSize ?? 1) <= 0);
  }

  received(chunk: Buffer): void {
    if (this.#isReadable) this.#readable.enqueue(ownBytes(chunk));
  }

  ended(): void {
    if (!this.#isReadable) return;
    this.#isReadable = false;
    this.#readable.close();
  }

  closed(error: Error | undefined, done: () => void): void {
    if (!error) this.#giveRest();
    else if (this.#isReadable) this.#readable.error(error);
    if (this.#isWritable) this.#writable.error(error ?? isClosed("write"));
    this.#isReadable = this.#isWritable = false;
    done();
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    const size = new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK });
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#readable = controller;
        },
        pull: () => {
          if (!this.#wasFull) return;
          this.#wasFull = false;
          readOn(this.#source);
        },
        cancel: () => {
          this.#isReadable = false;
          this.#source.finish("drop", "local");
        },
      },
      size,
    );
    return silence(readable, "cancel", "pipeTo");
  }

  #makeWritable(): WritableStream<Uint8Array | string> {
    const sizeOf = (chunk: Uint8Array | string | undefined): number =>
      typeof chunk === "string" ? Buffer.byteLength(chunk) : (chunk?.byteLength ?? 0);
    const writable = new WritableStream<Uint8Array | string>(
      {
        start: (controller) => {
          this.#writable = controller;
        },
        write: (chunk) =>
          new Promise((resolve, reject) => {
            this.#check(chunk);
            this.#source.push(chunk, (_stream, error) => (error ? reject(error) : resolve()));
          }),
        close: () =>
          new Promise((resolve, reject) => {
            this.#isWritable = false;
            endSoon(this.#source, (error) => (error ? reject(error) : resolve()));
          }),
        abort: () => {
          this.#isWritable = false;
          this.#source.finish("reset", "local");
        },
      },
      { highWaterMark: HIGH_WATER_MARK, size: sizeOf },
    );
    const getWriter = writable.getWriter.bind(writable);
    replace(writable, "getWriter", () => silence(getWriter(), "abort", "close", "write"));
    return silence(writable, "abort", "close");
  }

  // What throws breaks the writable, which does not say so later: the connection would stay open without anybody who can close it.
  #check(chunk: unknown): void {
    try {
      check("write: chunk", chunk, CHUNK);
    } catch (error) {
      this.#isWritable = false;
      this.#source.finish("reset", "local");
      throw error;
    }
  }

  #isClosedAlready(): void {
    const { closeReason } = this.#source;
    this.closed(closeReason === "error" ? isClosed("web") : errorFor(closeReason ?? "local", undefined), ignore);
  }

  // Input that was kept because the readable was full comes before the end.
  #giveRest(): void {
    if (!this.#isReadable) return;
    const { inbox } = this.#source;
    if (inbox?.isEmpty === false) this.received(inbox.takeAll());
    this.#readable.close();
  }
}

/** Makes rejections of the promises that these methods return silent. */
function silence<T extends object>(object: T, ...methods: (keyof T & string)[]): T {
  for (const name of methods) {
    const method = object[name] as (...args: unknown[]) => Promise<unknown>;
    replace(object, name, (...args) => silent(Reflect.apply(method, object, args)));
  }
  return object;
}

function replace(object: object, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

/** Returns the promise. Its rejection is not an `unhandledRejection`. */
function silent<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

// A Buffer may share its memory with others, and a reader may transfer it: so copies it if it is shared.
function ownBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return byteLength === buffer.byteLength ? bytes : bytes.slice();
}

function ignore(): void {
  // Nothing to do.
}
