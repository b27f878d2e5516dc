// Framers: they split the bytes of a stream into messages, and turn messages into bytes. Pure: they know no stream.

import { toBuffer } from "../base/bytes.ts";
import { CHUNK, OBJECT, POSITIVE, COUNT, type Rule, check, checkOptions, oneOf } from "../base/checks.ts";
import { IOLoopError, withCode } from "../base/errors.ts";
import { DelimitedFrames, LineFrames } from "./delimited-frames.ts";
import { type Framer, bytesOf } from "./framer.ts";
import { type Size, SizedFrames, fixedSize, prefixedSize } from "./sized-frames.ts";

export type { Framer } from "./framer.ts";

/** Options of {@link lines}. */
export interface LinesOptions {
  /** The most bytes of a line, without its end; default 65536. */
  max?: number | undefined;
  /** What a line is: a string of this encoding, or a Buffer. Default `"utf8"`. */
  encoding?: "utf8" | "latin1" | "buffer" | undefined;
}

/** Options of {@link delimited}. */
export interface DelimitedOptions {
  /** The most bytes of a message, without the delimiter; default 65536. */
  max?: number | undefined;
}

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /** The bytes of the length; `"varint"`: seven bits per byte, the lowest first, as in MQTT and Protocol Buffers. Default 4. */
  bytes?: 1 | 2 | 4 | "varint" | undefined;
  /** The order of the bytes: the highest first (`"BE"`, the default), or the lowest (`"LE"`). */
  endian?: "BE" | "LE" | undefined;
  /** The most bytes of a message, without header and length: at most 255 if `bytes` is 1, 65535 if it is 2. Default 65536, or that. */
  max?: number | undefined;
  /** How many bytes precede the length, such as a type; default 0. */
  header?: number | undefined;
}

/** A message with a header: what precedes its length, and what follows it. */
export interface HeadedFrame {
  header: Uint8Array;
  body: Uint8Array;
}

const MAX = 65_536;
const BYTES: Rule = {
  allowed: '1, 2, 4 or "varint"',
  type: (value) => typeof value === "number" || typeof value === "string",
  range: (value: unknown) => value === 1 || value === 2 || value === 4 || value === "varint",
};

/** Lines, which end with LF or CRLF. Yields them without it. */
export function lines(options: LinesOptions & { encoding: "buffer" }): Framer<Buffer, string | Uint8Array>;
export function lines(options?: LinesOptions): Framer<string, string | Uint8Array>;
export function lines(options: LinesOptions = {}): Framer<never, string | Uint8Array> {
  const encodings = oneOf("utf8", "latin1", "buffer");
  const { max = MAX, encoding = "utf8" } = checkOptions("lines", options, { max: POSITIVE, encoding: encodings });
  const frames = new LineFrames(max, encoding);
  const encode = (line: string | Uint8Array): Buffer => {
    check("encode: line", line, CHUNK);
    const bytes =
      typeof line === "string" ? Buffer.from(line, encoding === "latin1" ? encoding : "utf8") : toBuffer(line);
    if (bytes.includes(10) || bytes.at(-1) === 13) throw refused("a line must not have LF in it, or CR at its end");
    return Buffer.concat([fits(bytes, max), Buffer.of(10)]);
  };
  return framer(frames, encode) as never;
}

/** Messages that end with a delimiter. Yields them without it. */
export function delimited(
  delimiter: string | Uint8Array,
  options: DelimitedOptions = {},
): Framer<Buffer, string | Uint8Array> {
  check("delimited: delimiter", delimiter, CHUNK);
  const { max = MAX } = checkOptions("delimited", options, { max: POSITIVE });
  const end = Buffer.from(toBuffer(delimiter));
  if (end.length === 0) throw outOfRange("delimited: delimiter must have at least one byte");
  const encode = (message: string | Uint8Array): Buffer => {
    check("encode: message", message, CHUNK);
    const bytes = fits(toBuffer(message), max);
    const all = Buffer.concat([bytes, end]);
    if (all.indexOf(end) < bytes.length) throw refused("a message must not have the delimiter in it");
    return all;
  };
  return framer(new DelimitedFrames(end, max), encode);
}

/** Messages that follow their length in bytes. With a `header`, yields it and the body of each message. */
export function lengthPrefixed(
  options: LengthPrefixedOptions & { header: number },
): Framer<{ header: Buffer; body: Buffer }, HeadedFrame>;
export function lengthPrefixed(options?: LengthPrefixedOptions): Framer<Buffer, string | Uint8Array>;
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Framer<never, never> {
  const rules = { bytes: BYTES, endian: oneOf("BE", "LE"), max: POSITIVE, header: COUNT };
  const given = checkOptions("lengthPrefixed", options, rules);
  const { bytes = 4, endian = "BE", max = MAX, header = 0 } = given;
  const longest = bytes === "varint" ? Infinity : 2 ** (8 * bytes) - 1;
  if (given.max !== undefined && max > longest) {
    const allowed = `a whole number from 1 to ${longest} if "bytes" is ${bytes}`;
    throw outOfRange(`lengthPrefixed: option "max" must be ${allowed}, not ${max}`);
  }
  const most = Math.min(max, longest);
  const prefix = prefixedSize(bytes, endian === "LE", most, header);
  const encodeBody = (head: Buffer, message: string | Uint8Array): Buffer => {
    check("encode: message", message, CHUNK);
    const body = fits(toBuffer(message), most);
    return Buffer.concat([head, prefix.encode(body.length), body]);
  };
  if (given.header === undefined) {
    const nothing = Buffer.alloc(0);
    return framer(new SizedFrames(prefix, bodyOf), (message: string) => encodeBody(nothing, message)) as never;
  }
  const encode = (message: HeadedFrame): Buffer => {
    check("encode: message", message, OBJECT);
    check("encode: message.header", message.header, CHUNK);
    const head = toBuffer(message.header);
    if (head.length !== header)
      throw outOfRange(`encode: message.header must have ${bytesOf(header)}, not ${head.length}`);
    return encodeBody(head, message.body);
  };
  const cut = (frame: Buffer, size: Size): unknown => ({
    header: frame.subarray(0, header),
    body: bodyOf(frame, size),
  });
  return framer(new SizedFrames(prefix, cut), encode) as never;
}

/** Messages of the same number of bytes. */
export function fixed(size: number): Framer<Buffer, string | Uint8Array> {
  check("fixed: size", size, POSITIVE);
  const encode = (message: string | Uint8Array): Buffer => {
    check("encode: message", message, CHUNK);
    const bytes = toBuffer(message);
    if (bytes.length !== size) throw outOfRange(`encode: message must have ${bytesOf(size)}, not ${bytes.length}`);
    return bytes;
  };
  return framer(new SizedFrames(fixedSize(size), (frame) => frame), encode);
}

function bodyOf(frame: Buffer, { start }: Size): Buffer {
  return start === 0 ? frame : frame.subarray(start);
}

/** The half of a framer that splits. */
interface Frames<T> {
  push(chunk: Buffer): Iterable<T>;
  end(): void;
}

function framer<T, M>(frames: Frames<T>, encode: (message: M) => Buffer): Framer<T, M> {
  return {
    push: (chunk) => frames.push(toBuffer(chunk)),
    end: () => frames.end(),
    encode,
  };
}

function fits(bytes: Buffer, max: number): Buffer {
  if (bytes.length <= max) return bytes;
  throw new IOLoopError("ERR_IOLOOP_FRAME_TOO_LONG", `encode: more than ${bytesOf(max)}`);
}

function refused(why: string): Error {
  return outOfRange(`encode: ${why}`);
}

function outOfRange(message: string): Error {
  return withCode(new RangeError(message), "ERR_IOLOOP_OUT_OF_RANGE");
}
