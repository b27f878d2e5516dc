// The PROXY protocol: finds the header of version 1 or 2 at the beginning of a connection. Pure: no sockets, no time.
//
// It is specified at https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt. Version 1 is a line of text, version 2 is binary.

import type { ProxyInfo } from "../socket/proxy-info.ts";
import { bytesOf, textOf } from "./addresses.ts";
import { SIGNATURE, parseBinary } from "./proxy-binary.ts";
import { Malformed, NOTHING } from "./proxy-parts.ts";

/** What the first bytes of a connection are. */
export type Parsed =
  /** A header may begin with them, or none: more bytes must tell. */
  | { readonly what: "undecided" }
  /** A header begins with them, and is not whole. */
  | { readonly what: "partial" }
  /** Something else. */
  | { readonly what: "none" }
  | { readonly what: "malformed"; readonly why: string }
  /** A header, of `length` bytes. */
  | { readonly what: "header"; readonly proxy: ProxyInfo; readonly length: number };

const UNDECIDED: Parsed = { what: "undecided" };
const PARTIAL: Parsed = { what: "partial" };
const NONE: Parsed = { what: "none" };

const TEXT = /* @__PURE__ */ Buffer.from("PROXY ");
const LONGEST_TEXT = 107; // with its end

/** Parses the first bytes of a connection. Never throws. */
export function parseProxy(bytes: Buffer): Parsed {
  try {
    const isText = begins(bytes, TEXT);
    if (isText) return parseText(bytes);
    const isBinary = begins(bytes, SIGNATURE);
    if (isBinary) {
      const found = parseBinary(bytes);
      return found ? { what: "header", ...found } : PARTIAL;
    }
    return isText === undefined || isBinary === undefined ? UNDECIDED : NONE;
  } catch (error) {
    if (error instanceof Malformed) return { what: "malformed", why: error.message };
    throw error;
  }
}

// Whether bytes begin with a signature; undefined if there are not enough of them to tell.
function begins(bytes: Buffer, signature: Buffer): boolean | undefined {
  const count = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, count, 0, count) !== 0) return false;
  return count === signature.length ? true : undefined;
}

// PROXY TCP4 192.0.2.7 198.51.100.1 56324 443
function parseText(bytes: Buffer): Parsed {
  const line = bytes.subarray(0, LONGEST_TEXT);
  const end = line.indexOf("\r\n");
  if (end < 0) {
    if (line.length === LONGEST_TEXT) throw new Malformed(`a header of version 1 of more than ${LONGEST_TEXT} bytes`);
    return PARTIAL;
  }
  const length = end + 2;
  const [, transport = "", ...fields] = line.toString("latin1", 0, end).split(" ");
  if (transport === "UNKNOWN") return { what: "header", length, proxy: { version: 1, ...NOTHING } };
  if (transport !== "TCP4" && transport !== "TCP6") throw new Malformed("a header of an unknown protocol");
  if (fields.length !== 4) throw new Malformed("a header with another number of fields");
  const [source = "", destination = "", sourcePort = "", destinationPort = ""] = fields;
  const proxy: ProxyInfo = {
    version: 1,
    ...NOTHING,
    transport,
    sourceAddress: addressIn(source, transport),
    sourcePort: portIn(sourcePort),
    destinationAddress: addressIn(destination, transport),
    destinationPort: portIn(destinationPort),
  };
  return { what: "header", length, proxy };
}

function addressIn(text: string, transport: "TCP4" | "TCP6"): string {
  const bytes = text.includes("%") ? undefined : bytesOf(text);
  if (bytes?.length !== (transport === "TCP4" ? 4 : 16)) throw new Malformed("a header with an invalid address");
  return textOf(bytes);
}

function portIn(text: string): number {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text) || Number(text) > 65535) throw new Malformed("a header with an invalid port");
  return Number(text);
}
