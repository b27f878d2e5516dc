// The send buffer of a stream. It takes chunks of any size, and returns pieces of a limited size, one at a time.

import { toBuffer } from "../base/bytes.ts";
import { IOLoopError } from "../base/errors.ts";

const PIECE = 131_072;
const LARGE = 32_768;
const LONGEST = 1_048_576; // characters: engines limit the length of strings, and a string is converted whole before it is cut
const NONE: never[] = []; // the chunks of all idle streams: one array for all saves memory

/**
 * Joins chunks, so that all writes made in one callback are sent together, and cuts long data into pieces. The system reports only whole
 * pieces as taken; each of them counts as activity for the idle timeout.
 */
export class Outbox {
  #chunks: (string | Buffer)[] = NONE;
  /** Bytes of the chunks. */
  #queued = 0;
  /** The last strings, not yet among the chunks: the bytes of many small strings are counted at once. */
  #text = "";
  #piece: Buffer | string | undefined;
  #pieceBytes = 0;

  /** Bytes that wait, including those of the piece that is being sent. */
  get size(): number {
    this.#count();
    return this.#queued + this.#pieceBytes;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#queued === 0 && this.#piece === undefined;
  }

  /** Bytes of the piece that is being sent. */
  get pieceBytes(): number {
    return this.#pieceBytes;
  }

  /** Whether a piece is being sent. */
  get isBusy(): boolean {
    return this.#piece !== undefined;
  }

  /** Encoding of a string piece. Pure ASCII is sent as latin1, which avoids a UTF-8 conversion. */
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
      // A Buffer of fixed length: if its memory is detached or shrinks, its length becomes 0, and never another one.
      this.#add(toBuffer(chunk), chunk.length);
    }
  }

  /**
   * Returns the next piece to send; undefined if there is none.
   *
   * @throws IOLoopError `ERR_IOLOOP_CHUNK_GONE` if the memory of a chunk was transferred, or belongs to a WebAssembly memory that has grown.
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
    this.#piece = typeof only === "string" || only?.length === this.#queued ? only : this.#cut();
    this.#pieceBytes = typeof this.#piece === "string" ? this.#queued : this.#piece.length;
    this.#queued -= this.#pieceBytes;
    if (this.#queued === 0) this.#chunks = NONE;
    return this.#piece;
  }

  /** The piece has been sent. Returns it. */
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

  // Moves the text to the chunks. If the last chunk is a string, joins them, which is cheaper than converting two.
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
    const last = this.#chunks.at(-1);
    if (typeof last === "object" && typeof chunk === "object" && isBehind(chunk, last))
      this.#chunks[this.#chunks.length - 1] = Buffer.from(chunk.buffer, last.byteOffset, last.length + bytes);
    else this.#chunks.push(chunk);
    this.#queued += bytes;
  }

  // Takes a piece off the front. The chunks behind it are not touched, so that the cost does not grow with their number. Two large chunks are
  // not joined: one more write is cheaper than a copy.
  #cut(): Buffer {
    const parts: Buffer[] = [];
    let room = PIECE;
    let used = 0;
    while (room > 0 && used < this.#chunks.length) {
      const chunk = toBuffer(this.#chunks[used]!);
      if (chunk.length === 0) throw chunkGone();
      if (chunk.length >= LARGE && PIECE - room >= LARGE) break;
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

// Whether a chunk lies behind another in memory, as those of a pipe do: then they are joined without a copy.
function isBehind(chunk: Buffer, before: Buffer): boolean {
  return chunk.buffer === before.buffer && chunk.byteOffset === before.byteOffset + before.length;
}

// Whether two strings can be joined. Two lone surrogates must not become a pair: each is sent as a replacement character.
function canJoin(text: string, next: string): boolean {
  const first = next.charCodeAt(0);
  return text.length + next.length <= LONGEST && !(first >= 0xdc00 && first <= 0xdfff);
}
