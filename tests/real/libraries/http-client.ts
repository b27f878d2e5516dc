// A client of HTTP/1 on a bare socket, the same on every runtime: those of the runtimes share connections, each in another way.

import type { IncomingMessage, ServerResponse } from "node:http";
import net from "node:net";
import tls from "node:tls";
import { expect } from "./scenario.ts";

const LARGE = 200_000;

/** An answer that has come in full. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Whether the connection is closed after it. */
  readonly isLast: boolean;
}

/** One connection, for one request at a time. */
export class HttpClient {
  #socket: net.Socket;
  #input: Buffer = Buffer.alloc(0);
  #failed: Error | undefined;
  #settle: (() => void) | undefined;

  /** Connects; with a certificate of an authority, over TLS to `localhost`. */
  constructor(port: number, ca?: string) {
    const where = { host: "127.0.0.1", port };
    this.#socket = ca === undefined ? net.connect(where) : tls.connect({ ...where, ca, servername: "localhost" });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#settle?.();
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("closed before the answer was whole")));
  }

  /** Sends a body, and resolves with the answer. */
  post(path: string, body: string): Promise<Answer> {
    const length = Buffer.byteLength(body);
    const header = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
    this.#socket.write(header + body);
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        const answer = this.#answer();
        if (!answer && !this.#failed) return;
        this.#settle = undefined;
        if (answer) resolve(answer);
        else reject(this.#failed!);
      };
      this.#settle();
    });
  }

  /** Ends the connection, and resolves when it is closed. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.end();
    await closed;
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#settle?.();
  }

  // The next whole answer, taken from the input.
  #answer(): Answer | undefined {
    const end = this.#input.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const header = this.#input.toString("latin1", 0, end);
    const status = Number(header.slice(9, 12));
    const isLast = /^connection: close/im.test(header);
    const length = /^content-length: (\d+)/im.exec(header)?.[1];
    const body = length === undefined ? this.#chunks(end + 4) : this.#piece(end + 4, Number(length));
    if (!body) return undefined;
    this.#input = this.#input.subarray(body.end);
    return { status, isLast, text: body.text };
  }

  #piece(from: number, length: number): { text: string; end: number } | undefined {
    const end = from + length;
    return this.#input.length < end ? undefined : { text: this.#input.toString("utf8", from, end), end };
  }

  #chunks(from: number): { text: string; end: number } | undefined {
    const parts: Buffer[] = [];
    for (let at = from; ;) {
      const line = this.#input.indexOf("\r\n", at);
      if (line < 0) return undefined;
      const length = Number.parseInt(this.#input.toString("latin1", at, line), 16);
      at = line + 2 + length + 2;
      if (this.#input.length < at) return undefined;
      if (length === 0) return { text: Buffer.concat(parts).toString(), end: at };
      parts.push(this.#input.subarray(line + 2, line + 2 + length));
    }
  }
}

/**
 * A client that sends three requests, the last one with a large body, and then disconnects. It keeps its connection unless a response
 * says that it is the last one, as all do on Deno.
 */
export async function visit(port: number, index: number, full: () => Promise<void>, ca?: string): Promise<void> {
  let client = new HttpClient(port, ca);
  try {
    for (const body of [`first of ${index}`, `second of ${index}`, String(index % 10).repeat(LARGE)]) {
      const { status, text, isLast } = await client.post("/echo", body);
      expect("status", status, 200);
      expect("body", text, body);
      if (!isLast) continue;
      await client.close();
      client = new HttpClient(port, ca);
    }
    await full();
    await client.close();
  } finally {
    client.destroy();
  }
}

/** A handler that answers with what it is sent. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => response.end(Buffer.concat(chunks)));
}
