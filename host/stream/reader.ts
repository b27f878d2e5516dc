// A reader of a stream: each call waits for what it asks for. It keeps no bytes itself.

import { toBuffer } from "../base/bytes.ts";
import { CHUNK, COUNT, POSITIVE, type Rule, SECONDS, SIGNAL, check, checkOptions } from "../base/checks.ts";
import { IOLoopError, withCode } from "../base/errors.ts";
import { type Methods, ownMethods } from "../base/methods.ts";
import { type Inbox, LIMIT } from "./inbox.ts";
import { type ReadOptions, type Readable, type Wanted, readFrom } from "./reads.ts";

/** Options of a read with a limit. */
export interface LimitedReadOptions extends ReadOptions {
  /** The most bytes that may be returned; default 65536. */
  max?: number | undefined;
}

const RULES: Readonly<Record<string, Rule>> = { signal: SIGNAL, timeout: SECONDS };
const LIMITED_RULES: Readonly<Record<string, Rule>> = { ...RULES, max: POSITIVE };
const LF = 10;
const CR = 13;
const NEWLINE = /* @__PURE__ */ Buffer.of(LF);

/**
 * Reads a stream by calls. What a call does not return stays in the stream. While a call waits, nothing else can read the stream, and a
 * second call rejects.
 */
export class StreamReader {
  /** @internal */
  static readonly ownMethods: Methods = { of: "a reader" };
  readonly #stream: Readable;

  /** @internal */
  constructor(stream: Readable) {
    ownMethods(new.target);
    this.#stream = stream;
  }

  /** The next chunk; undefined at the end. */
  read(options: ReadOptions = {}): Promise<Buffer | undefined> {
    const given = checkOptions("read", options, RULES);
    return readFrom(this.#stream, CHUNK_WANTED, given);
  }

  /** Exactly so many bytes. Rejects with `ERR_IOLOOP_UNEXPECTED_END` if fewer come; those can still be read. */
  readExactly(count: number, options: ReadOptions = {}): Promise<Buffer> {
    check("readExactly: count", count, COUNT);
    const given = checkOptions("readExactly", options, RULES);
    const wanted: Wanted<Buffer> = {
      what: "readExactly",
      room: count > LIMIT ? count : 0,
      take: (inbox) => (inbox.size >= count ? inbox.take(count) : undefined),
      last: (inbox) => unexpected("readExactly", `${count - inbox.size} of ${count} bytes`),
    };
    return readFrom(this.#stream, wanted, given);
  }

  /**
   * All bytes up to a delimiter, and the delimiter. Rejects with `ERR_IOLOOP_UNEXPECTED_END` if it does not come, and with
   * `ERR_IOLOOP_FRAME_TOO_LONG` if it does not come within `max` bytes.
   */
  readUntil(delimiter: string | Uint8Array, options: LimitedReadOptions = {}): Promise<Buffer> {
    const { max = LIMIT, ...given } = checkOptions("readUntil", options, LIMITED_RULES);
    return readFrom(this.#stream, new Until(delimiterOf(delimiter), max), given);
  }

  /** The next line, without its LF or CRLF; at the end a line without LF, and then undefined. */
  readLine(options: LimitedReadOptions = {}): Promise<string | undefined> {
    const { max = LIMIT, ...given } = checkOptions("readLine", options, LIMITED_RULES);
    return readFrom(this.#stream, new Line(max), given);
  }
}

const CHUNK_WANTED: Wanted<Buffer | undefined> = {
  what: "read",
  room: 0,
  take: (inbox) => inbox.shift(),
  last: () => undefined,
};

/** Finds a delimiter. What was searched is not searched again. */
class Search {
  readonly #delimiter: Buffer;
  #searched = 0;
  #returns = 0;

  constructor(delimiter: Buffer) {
    this.#delimiter = delimiter;
  }

  /** The offset of the delimiter; -1 if it is not there. */
  in(inbox: Inbox): number {
    const { first, size, returns } = inbox;
    if (!first) return -1;
    const delimiter = this.#delimiter;
    if (this.#returns !== returns) this.#searched = 0; // input was put back in front of what was searched
    this.#returns = returns;
    if (this.#searched < first.length) {
      const at = first.indexOf(delimiter);
      if (at >= 0) return at;
      this.#searched = first.length;
    }
    const start = Math.max(0, this.#searched - delimiter.length + 1);
    const at = first.length === size ? -1 : inbox.from(start).indexOf(delimiter);
    this.#searched = size;
    return at < 0 ? -1 : start + at;
  }
}

class Until implements Wanted<Buffer> {
  readonly what = "readUntil";
  readonly room: number;
  readonly #search: Search;
  readonly #length: number;
  readonly #max: number;

  constructor(delimiter: Buffer, max: number) {
    this.#search = new Search(delimiter);
    this.#length = delimiter.length;
    this.#max = max;
    this.room = max + delimiter.length;
  }

  take(inbox: Inbox): Buffer | undefined {
    const at = this.#search.in(inbox);
    const size = at < 0 ? inbox.size + 1 : at + this.#length;
    if (size > this.#max) throw tooLong(this.what, this.#max);
    return at < 0 ? undefined : inbox.take(size);
  }

  last(): never {
    return unexpected(this.what, "the delimiter");
  }
}

class Line implements Wanted<string | undefined> {
  readonly what = "readLine";
  readonly room: number;
  readonly #search = new Search(NEWLINE);
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
    this.room = max + 2;
  }

  take(inbox: Inbox): string | undefined {
    const at = this.#search.in(inbox);
    if (at < 0) {
      if (inbox.size > this.#max && inbox.size - endsInReturn(inbox.from(inbox.size - 1)) > this.#max)
        throw tooLong(this.what, this.#max);
      return undefined;
    }
    if (at > this.#max + 1) throw tooLong(this.what, this.#max);
    if (at > this.#max && inbox.from(at - 1)[0] !== CR) throw tooLong(this.what, this.#max);
    const line = inbox.take(at + 1);
    return line.toString("utf8", 0, at - endsInReturn(line.subarray(0, at)));
  }

  last(inbox: Inbox): string | undefined {
    return inbox.isEmpty ? undefined : inbox.takeAll().toString("utf8");
  }
}

function endsInReturn(bytes: Buffer): number {
  return bytes.at(-1) === CR ? 1 : 0;
}

function delimiterOf(delimiter: string | Uint8Array): Buffer {
  check("readUntil: delimiter", delimiter, CHUNK);
  if (delimiter.length > 0) return Buffer.from(toBuffer(delimiter));
  const message = "readUntil: delimiter must have at least one byte";
  throw withCode(new RangeError(message), "ERR_IOLOOP_OUT_OF_RANGE");
}

function tooLong(what: string, max: number): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_FRAME_TOO_LONG", `${what}: more than ${max === 1 ? "1 byte" : `${max} bytes`}`);
}

function unexpected(what: string, missing: string): never {
  throw new IOLoopError("ERR_IOLOOP_UNEXPECTED_END", `${what}: the input has ended before ${missing}`);
}
