// The body of a request of node:http as a web stream. It reads from the client only as fast as it is consumed.

import type { IncomingMessage } from "node:http";

/** The body of one request. */
export class RequestBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #incoming: IncomingMessage;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    incoming.pause(); // so that subscribing to `data` does not start it
    incoming.on("data", (chunk: Buffer) => this.#arrived(chunk));
    incoming.on("end", () => this.#over((controller) => controller.close()));
    incoming.on("error", (error) => this.#over((controller) => controller.error(error)));
    incoming.on("close", () => this.#fail("the client has disconnected before the body was complete"));
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          incoming.resume();
        },
        cancel: () => this.#discard(),
      },
      { highWaterMark: 0 },
    );
  }

  /** The answer is complete. What nobody has read is discarded, so that the next request on the connection can follow. */
  release(): void {
    this.#fail("the body cannot be read after the response is complete");
    this.#incoming.resume();
  }

  #arrived(chunk: Buffer): void {
    const controller = this.#controller;
    if (!controller) return;
    // Not a Buffer: some of its methods differ from those of a Uint8Array.
    controller.enqueue(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength));
    if ((controller.desiredSize ?? 0) <= 0) this.#incoming.pause();
  }

  #fail(message: string): void {
    this.#over((controller) => controller.error(new TypeError(message)));
  }

  #discard(): void {
    this.#controller = undefined;
    this.#incoming.resume();
  }

  #over(end: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (controller) end(controller);
  }
}
