// Messages that end with a delimiter, and lines.

import { checkEnd, tooLong } from "./framer.ts";
import { Rest, thenThrow } from "./rest.ts";

const LF = 10;
const CR = 13;
const MOST_BYTES = 3; // of a character in UTF-8; one of four bytes is two characters of a string

/** Splits bytes at a delimiter. Messages that are whole in a chunk are views of it. */
export class DelimitedFrames {
  readonly #delimiter: Buffer;
  readonly #wanted: Buffer | number; // a search for one byte is cheaper
  readonly #max: number;
  readonly #rest = new Rest();

  constructor(delimiter: Buffer, max: number) {
    this.#delimiter = delimiter;
    this.#wanted = delimiter.length === 1 ? delimiter[0]! : delimiter;
    this.#max = max;
  }

  push(chunk: Buffer): Iterable<Buffer> {
    const frames: Buffer[] = [];
    const { length } = this.#delimiter;
    const wanted = this.#wanted;
    try {
      let at = 0;
      if (this.#rest.size > 0) {
        at = this.#endOfFirst(chunk);
        if (at < 0) at = 0;
        else frames.push(this.#whole(chunk.subarray(0, at)));
      }
      const isFound = this.#rest.size === 0;
      for (let end = isFound ? chunk.indexOf(wanted, at) : -1; end >= 0; end = chunk.indexOf(wanted, at)) {
        if (end - at > this.#max) throw tooLong(this.#max);
        frames.push(chunk.subarray(at, end));
        at = end + length;
      }
      this.#keep(chunk.subarray(at));
    } catch (error) {
      return thenThrow(frames, error);
    }
    return frames;
  }

  end(): void {
    checkEnd(this.#rest.size);
  }

  // Where the message that has begun before ends in a chunk, behind its delimiter; -1 if it goes on. The delimiter may have begun before, too.
  #endOfFirst(chunk: Buffer): number {
    const delimiter = this.#delimiter;
    const most = delimiter.length - 1;
    if (most > 0) {
      const before = this.#rest.bytes.subarray(-most);
      const at = Buffer.concat([before, chunk.subarray(0, most)]).indexOf(delimiter);
      if (at >= 0) return at + delimiter.length - before.length;
    }
    const at = chunk.indexOf(this.#wanted);
    return at < 0 ? -1 : at + delimiter.length;
  }

  #whole(last: Buffer): Buffer {
    const size = this.#rest.size + last.length - this.#delimiter.length;
    if (size > this.#max) throw tooLong(this.#max);
    this.#rest.append(last, this.#rest.size + last.length);
    return this.#rest.take().subarray(0, size);
  }

  #keep(bytes: Buffer): void {
    const most = this.#max + this.#delimiter.length - 1; // a part of the delimiter may be in it
    if (this.#rest.size + bytes.length > most) throw tooLong(this.#max);
    if (bytes.length > 0) this.#rest.append(bytes, most);
  }
}

/** Splits bytes into lines, which end with LF or CRLF. */
export class LineFrames {
  readonly #max: number;
  readonly #encoding: "utf8" | "latin1" | "buffer";
  readonly #rest = new Rest();

  constructor(max: number, encoding: "utf8" | "latin1" | "buffer") {
    this.#max = max;
    this.#encoding = encoding;
  }

  push(chunk: Buffer): Iterable<string | Buffer> {
    const last = chunk.lastIndexOf(LF);
    let lines: (string | Buffer)[] = [];
    try {
      let at = 0;
      if (last >= 0 && this.#rest.size > 0) {
        at = chunk.indexOf(LF) + 1;
        lines.push(this.#first(chunk, at - 1));
      }
      if (at <= last) {
        const texts = this.#texts(chunk, at, last);
        if (!texts) this.#split(chunk, at, lines);
        else lines = lines.length === 0 ? texts : lines.concat(texts);
      }
      this.#keep(last < 0 ? chunk : chunk.subarray(last + 1));
    } catch (error) {
      return thenThrow(lines, error);
    }
    return lines;
  }

  end(): void {
    checkEnd(this.#rest.size);
  }

  // The line that has begun before.
  #first(chunk: Buffer, end: number): string | Buffer {
    const rest = this.#rest;
    this.#checkLength(rest.size + end, end > 0 ? chunk[end - 1] : rest.bytes.at(-1));
    rest.append(chunk.subarray(0, end), rest.size + end);
    const line = rest.take();
    return this.#lineOf(line, 0, line.length);
  }

  // All lines at once, as one conversion is cheaper than many. Undefined if one of them may be too long, or they are not strings.
  #texts(chunk: Buffer, at: number, last: number): string[] | undefined {
    const encoding = this.#encoding;
    if (encoding === "buffer") return undefined;
    const size = last - at;
    const text = chunk.toString(encoding, at, last);
    const lines = text.split("\n");
    if (text.includes("\r")) cutReturns(lines);
    if (size <= this.#max) return lines;
    const most = text.length === size ? this.#max : this.#max / MOST_BYTES;
    return lines.every(({ length }) => length <= most) ? lines : undefined;
  }

  #split(chunk: Buffer, from: number, lines: (string | Buffer)[]): void {
    let at = from;
    for (let end = chunk.indexOf(LF, at); end >= 0; end = chunk.indexOf(LF, at)) {
      this.#checkLength(end - at, chunk[end - 1]);
      lines.push(this.#lineOf(chunk, at, end));
      at = end + 1;
    }
  }

  #lineOf(bytes: Buffer, start: number, end: number): string | Buffer {
    const to = end > start && bytes[end - 1] === CR ? end - 1 : end;
    return this.#encoding === "buffer" ? bytes.subarray(start, to) : bytes.toString(this.#encoding, start, to);
  }

  #checkLength(length: number, last: number | undefined): void {
    if (length > this.#max && length - (last === CR ? 1 : 0) > this.#max) throw tooLong(this.#max);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#checkLength(this.#rest.size + bytes.length, bytes.at(-1));
    this.#rest.append(bytes, this.#max + 1);
  }
}

function cutReturns(lines: string[]): void {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.charCodeAt(line.length - 1) === CR) lines[i] = line.slice(0, -1);
  }
}
