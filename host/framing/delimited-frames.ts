// Messages that end with a delimiter, and lines.

import { checkEnd, tooLong } from "./framer.ts";
import { Rest, thenThrow } from "./rest.ts";

const LF = 10;
const CR = 13;

/** Splits bytes at a delimiter. Messages that are whole in a chunk are views of it. */
export class DelimitedFrames {
  readonly #delimiter: Buffer;
  readonly #max: number;
  readonly #rest = new Rest();

  constructor(delimiter: Buffer, max: number) {
    this.#delimiter = delimiter;
    this.#max = max;
  }

  push(chunk: Buffer): Iterable<Buffer> {
    const frames: Buffer[] = [];
    const { length } = this.#delimiter;
    try {
      let at = 0;
      if (this.#rest.size > 0) {
        at = this.#endOfFirst(chunk);
        if (at < 0) at = 0;
        else frames.push(this.#whole(chunk.subarray(0, at)));
      }
      const isFound = this.#rest.size === 0;
      for (
        let end = isFound ? chunk.indexOf(this.#delimiter, at) : -1;
        end >= 0;
        end = chunk.indexOf(this.#delimiter, at)
      ) {
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
    const at = chunk.indexOf(delimiter);
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
    const text = last > 0 ? this.#simple(chunk, last) : undefined;
    const lines: (string | Buffer)[] = text?.split("\n") ?? [];
    try {
      if (last >= 0 && text === undefined) this.#split(chunk, last, lines);
      this.#keep(last < 0 ? chunk : chunk.subarray(last + 1));
    } catch (error) {
      return thenThrow(lines, error);
    }
    return lines;
  }

  end(): void {
    checkEnd(this.#rest.size);
  }

  // The text of all lines, in the usual case: they are short, the first one begins in this chunk, and none ends with CRLF.
  #simple(chunk: Buffer, last: number): string | undefined {
    const encoding = this.#encoding;
    if (this.#rest.size > 0 || last > this.#max || encoding === "buffer") return undefined;
    const text = chunk.toString(encoding, 0, last);
    return text.includes("\r") ? undefined : text;
  }

  #split(chunk: Buffer, last: number, lines: (string | Buffer)[]): void {
    let at = 0;
    if (this.#rest.size > 0) {
      const end = chunk.indexOf(LF);
      this.#checkLength(this.#rest.size + end, end > 0 ? chunk[end - 1] : this.#rest.bytes.at(-1));
      this.#rest.append(chunk.subarray(0, end), this.#rest.size + end);
      const line = this.#rest.take();
      lines.push(this.#lineOf(line, 0, line.length));
      at = end + 1;
    }
    if (at > last) return;
    const encoding = this.#encoding;
    // All lines at once, if none can be too long: one conversion is cheaper than many.
    if (encoding !== "buffer" && last - at <= this.#max) return addLines(chunk.toString(encoding, at, last), lines);
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

function addLines(text: string, lines: (string | Buffer)[]): void {
  const all = text.split("\n");
  const hasReturns = text.includes("\r");
  for (const line of all) lines.push(hasReturns && line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line);
}
