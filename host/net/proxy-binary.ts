// The binary form of the PROXY protocol: version 2.

import type { ProxyInfo } from "../socket/proxy-info.ts";
import { textOf } from "./addresses.ts";
import { fieldsOf } from "./proxy-tlvs.ts";
import { Malformed, NOTHING } from "./proxy-parts.ts";

/** With what a header begins. */
export const SIGNATURE: Buffer = /* @__PURE__ */ Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** The length of what comes before the addresses: the signature, version and command, family and protocol, and the length of the rest. */
export const FIXED = 16;
/** The maximum length of a header, as in HAProxy: 65,551 bytes would be possible. */
export const LONGEST = 16_384;

const UNIX_PATH = 108; // bytes

/** The second byte after the signature, and how long both addresses are together. */
export const FAMILIES: ReadonlyMap<number, { readonly transport: ProxyInfo["transport"]; readonly length: number }> =
  new Map([
    [0x00, { transport: "UNKNOWN", length: 0 }],
    [0x11, { transport: "TCP4", length: 12 }],
    [0x12, { transport: "UDP4", length: 12 }],
    [0x21, { transport: "TCP6", length: 36 }],
    [0x22, { transport: "UDP6", length: 36 }],
    [0x31, { transport: "UNIX", length: 2 * UNIX_PATH }],
    [0x32, { transport: "UNIX_DGRAM", length: 2 * UNIX_PATH }],
  ]);

/** Parses a header that begins with the signature. Returns undefined if it is not whole. Throws {@link Malformed}. */
export function parseBinary(bytes: Buffer): { proxy: ProxyInfo; length: number } | undefined {
  const at = SIGNATURE.length;
  if (bytes.length > at && bytes[at]! >> 4 !== 2) throw new Malformed("a binary header of another version than 2");
  if (bytes.length > at && (bytes[at]! & 15) > 1) throw new Malformed("a header with an unknown command");
  if (bytes.length < FIXED) return undefined;
  const length = FIXED + bytes.readUInt16BE(FIXED - 2);
  if (length > LONGEST) throw new Malformed(`a header of ${length} bytes, and ${LONGEST} are allowed`);
  if (bytes.length < length) return undefined;
  // A connection of the proxy itself: the rest is to be ignored.
  if ((bytes[at]! & 15) === 0) return { length, proxy: { version: 2, ...NOTHING, command: "LOCAL" } };
  const family = FAMILIES.get(bytes[at + 1]!);
  if (!family) throw new Malformed("a header with an unknown address family or protocol");
  if (length < FIXED + family.length) throw new Malformed("a header that is shorter than its addresses");
  const header = bytes.subarray(0, length);
  const fields = fieldsOf(header, FIXED + family.length);
  const places = placesIn(header.subarray(FIXED, FIXED + family.length));
  return { length, proxy: { version: 2, ...NOTHING, transport: family.transport, ...places, ...fields } };
}

type Places = Pick<ProxyInfo, "sourceAddress" | "sourcePort" | "destinationAddress" | "destinationPort">;

// By their length: nothing, IPv4, IPv6, or UNIX.
function placesIn(bytes: Buffer): Partial<Places> {
  if (bytes.length === 0) return {};
  if (bytes.length === 2 * UNIX_PATH) {
    return {
      sourceAddress: pathIn(bytes.subarray(0, UNIX_PATH)),
      destinationAddress: pathIn(bytes.subarray(UNIX_PATH)),
    };
  }
  const size = (bytes.length - 4) / 2;
  return {
    sourceAddress: textOf(bytes.subarray(0, size)),
    destinationAddress: textOf(bytes.subarray(size, 2 * size)),
    sourcePort: bytes.readUInt16BE(2 * size),
    destinationPort: bytes.readUInt16BE(2 * size + 2),
  };
}

// Zeros follow a path. An abstract name begins with one.
function pathIn(bytes: Buffer): string | undefined {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length === 0 ? undefined : bytes.toString("utf8", 0, length);
}
