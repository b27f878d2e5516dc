// A server of the Redis protocol with a few commands: a parser on the `read` event.

import type { Stream } from "wasm-ioloop";

/** Answers the commands of one client, with values that all clients share. */
export class RedisSession {
  #stream: Stream;
  #values: Map<string, string>;
  #input: Buffer = Buffer.alloc(0);

  constructor(stream: Stream, values: Map<string, string>) {
    this.#stream = stream;
    this.#values = values;
  }

  /** Starts reading and answering. */
  begin(): void {
    this.#stream.on("read", (_stream, chunk) => this.#read(chunk));
  }

  #read(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    for (let command = this.#next(); command; command = this.#next()) this.#stream.write(this.#answer(command));
  }

  // The next complete command: an array of strings, each after its length.
  #next(): string[] | undefined {
    let at = 0;
    const number = (): number => {
      const end = this.#input.indexOf("\r\n", at);
      if (end < 0) return NaN;
      const value = Number(this.#input.toString("latin1", at + 1, end));
      at = end + 2;
      return value;
    };
    const parts: string[] = [];
    const count = number();
    if (Number.isNaN(count)) return undefined;
    for (let i = 0; i < count; i++) {
      const length = number();
      if (Number.isNaN(length) || this.#input.length < at + length + 2) return undefined;
      parts.push(this.#input.toString("utf8", at, at + length));
      at += length + 2;
    }
    this.#input = this.#input.subarray(at);
    return parts;
  }

  #answer([name = "", key = "", value = ""]: readonly string[]): string {
    switch (name.toLowerCase()) {
      case "ping":
        return "+PONG\r\n";
      case "set":
        this.#values.set(key, value);
        return "+OK\r\n";
      case "get":
        return bulk(this.#values.get(key));
      case "incr": {
        const next = Number(this.#values.get(key) ?? 0) + 1;
        this.#values.set(key, String(next));
        return `:${next}\r\n`;
      }
      case "info":
        return bulk("redis_version:7.0.0\r\nloading:0\r\n");
      case "client":
        return "+OK\r\n";
      case "quit":
        return "+OK\r\n";
      default:
        return `-ERR unknown command '${name}'\r\n`;
    }
  }
}

function bulk(text: string | undefined): string {
  return text === undefined ? "$-1\r\n" : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
