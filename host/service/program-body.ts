// The body of a request of node:http as a web stream. It reads from the client only as fast as it is consumed.

import type { IncomingMessage } from "node:http";
import { setImmediate } from "../base/runtime.ts";

// On Bun a server that is given its sockets goes on receiving the body of a request that is paused.
const RECEIVES_ALL = process.versions["bun"] !== undefined;

const LEFT = "The client has disconnected before the body was complete";
const LATE = "the body cannot be read after the response is complete";

/** The body of one request. */
export class RequestBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #incoming: IncomingMessage;
  #isPaused = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    this.#pause(); // so that subscribing to `data` does not start it
    incoming.on("data", (chunk: Buffer) => this.#arrived(chunk));
    incoming.on("end", () => this.#over((controller) => controller.close()));
    const left = (): void => this.#over((controller) => controller.error(new DOMException(LEFT, "AbortError")));
    incoming.on("error", left);
    incoming.on("close", left);
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#resume(),
        cancel: () => this.#discard(),
      },
      { highWaterMark: 0 },
    );
  }

  /** The answer is complete. What nobody has read is discarded, so that the next request on the connection can follow. */
  release(): void {
    this.#over((controller) => controller.error(new TypeError(LATE)));
    this.#resume();
  }

  #arrived(chunk: Buffer): void {
    const controller = this.#controller;
    if (!controller) return;
    // Not a Buffer: some of its methods differ from those of a Uint8Array.
    controller.enqueue(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength));
    if ((controller.desiredSize ?? 0) <= 0) this.#pause();
  }

  #discard(): void {
    this.#controller = undefined;
    this.#resume();
  }

  #pause(): void {
    const incoming = this.#incoming;
    this.#isPaused = true;
    incoming.pause();
    if (!RECEIVES_ALL) return;
    // Not if all has arrived: a paused socket does not notice that the client disconnects.
    setImmediate!(() => {
      if (this.#isPaused && !incoming.complete) incoming.socket?.pause();
    });
  }

  #resume(): void {
    this.#isPaused = false;
    this.#incoming.resume();
    if (RECEIVES_ALL) this.#incoming.socket?.resume();
  }

  #over(end: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (!controller) return;
    end(controller);
    this.#isPaused = false;
    if (RECEIVES_ALL) this.#incoming.socket?.resume(); // for the next request
  }
}
