// What a stream has still to write: chunks come in, pieces of a bounded size go out, one at a time.

import { toBuffer } from "../base/bytes.ts";
import { IOLoopError } from "../base/errors.ts";

const PIECE = 131_072;
const LONGEST = 1_048_576; // characters: an engine's strings have an end, and what is cut is converted whole
const NONE: never[] = []; // what an idle stream has of chunks: there may be many

/**
 * Joins chunks, so that what one callback writes goes out as one, and cuts what is long into pieces: the system tells only
 * when a whole piece has been taken, and that is the progress by which the inactivity timeout goes.
 */
export class Outbox {
  #chunks: (string | Buffer)[] = NONE;
  /** Bytes of the chunks. */
  #queued = 0;
  /** What came last, not yet among the chunks: many small strings are counted at once. */
  #text = "";
  #piece: Buffer | string | undefined;
  #pieceBytes = 0;

  /** Bytes that wait, those of the piece on its way included. */
  get size(): number {
    this.#count();
    return this.#queued + this.#pieceBytes;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#queued === 0 && this.#piece === undefined;
  }

  /** Bytes of the piece that is on its way. */
  get pieceBytes(): number {
    return this.#pieceBytes;
  }

  /** Whether a piece is on its way. */
  get isBusy(): boolean {
    return this.#piece !== undefined;
  }

  /** How the piece is encoded where it is a string: one of ASCII alone has as many bytes as characters, and is cheaper as what it is. */
  get encoding(): "latin1" | "utf8" {
    return this.#piece!.length === this.#pieceBytes ? "latin1" : "utf8";
  }

  /** Adds a chunk. A string counts as UTF-8. */
  push(chunk: string | Uint8Array): void {
    if (typeof chunk === "string") {
      if (this.#text !== "" && !canJoin(this.#text, chunk)) this.#count();
      this.#text += chunk;
    } else if (chunk.length > 0) {
      this.#count();
      // Of a length of its own: one whose memory goes away meanwhile is empty from then on, and never only shorter.
      this.#add(toBuffer(chunk), chunk.length);
    }
  }

  /**
   * Sends the next piece on its way; undefined when there is none.
   *
   * @throws IOLoopError when the memory of a chunk is gone: it was transferred, or is of a WebAssembly memory that has grown.
   */
  send(): Buffer | string | undefined {
    const text = this.#text;
    const bytes = this.#queued > 0 ? Infinity : Buffer.byteLength(text);
    if (bytes === 0) return undefined;
    if (bytes <= PIECE) {
      this.#text = "";
      this.#pieceBytes = bytes;
      return (this.#piece = text);
    }
    this.#count();
    const only = this.#chunks.length === 1 && this.#queued <= PIECE ? this.#chunks[0] : undefined;
    this.#pieceBytes = Math.min(this.#queued, PIECE);
    this.#queued -= this.#pieceBytes;
    this.#piece = typeof only === "string" ? only : this.#cut();
    if (this.#queued === 0) this.#chunks = NONE;
    return this.#piece;
  }

  /** The piece has arrived where it was sent. Gives it. */
  sent(): Buffer | string {
    const piece = this.#piece!;
    this.#piece = undefined;
    this.#pieceBytes = 0;
    return piece;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = NONE;
    this.#text = "";
    this.#queued = 0;
    this.#piece = undefined;
    this.#pieceBytes = 0;
  }

  // Puts the text among the chunks: joined with the one before, where that is a string too, which is cheaper than to convert two.
  #count(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    const bytes = Buffer.byteLength(text);
    const last = this.#chunks.at(-1);
    if (typeof last === "string" && canJoin(last, text)) {
      this.#chunks[this.#chunks.length - 1] = last + text;
      this.#queued += bytes;
    } else {
      this.#add(text, bytes);
    }
  }

  #add(chunk: string | Buffer, bytes: number): void {
    if (this.#chunks === NONE) this.#chunks = [];
    this.#chunks.push(chunk);
    this.#queued += bytes;
  }

  // Takes a piece off the front. What is behind it is not touched: a long queue costs no more than a short one.
  #cut(): Buffer {
    const parts: Buffer[] = [];
    let room = PIECE;
    let used = 0;
    while (room > 0 && used < this.#chunks.length) {
      const chunk = toBuffer(this.#chunks[used]!);
      if (chunk.length === 0) throw chunkGone();
      const part = chunk.subarray(0, room);
      parts.push(part);
      room -= part.length;
      if (part.length === chunk.length) used++;
      else this.#chunks[used] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, PIECE - room);
  }
}

/** The error of a chunk that cannot be sent any more. */
export function chunkGone(): IOLoopError {
  const message = "write: the memory of a chunk was transferred, resized or detached before the chunk was sent";
  return new IOLoopError("ERR_IOLOOP_CHUNK_GONE", message);
}

// Whether two strings can be one: a lone surrogate must not meet its other half, as each goes out as the replacement character.
function canJoin(text: string, next: string): boolean {
  const first = next.charCodeAt(0);
  return text.length + next.length <= LONGEST && !(first >= 0xdc00 && first <= 0xdfff);
}
