// The fields after the addresses of a PROXY header of version 2. Each has a type, a length and a value.

import type { ProxyInfo, ProxySsl, ProxyTlv } from "../socket/proxy-info.ts";
import { Malformed } from "./proxy-parts.ts";

/** The types of fields. */
export const Tlv = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  NETNS: 0x30,
} as const;

/** The types of fields within `SSL`. */
const Ssl = {
  VERSION: 0x21,
  CN: 0x22,
  CIPHER: 0x23,
  SIG_ALG: 0x24,
  KEY_ALG: 0x25,
  CLIENT_CERT: 0x28,
} as const;

// Bits of the first byte of `SSL`.
const USES_TLS = 1;
const HAS_CERTIFICATE = 2 | 4; // sent in this connection, or in another one of the same session

const UNIQUE_ID_BYTES = 128;
const CHECKSUM_BYTES = 4;

type Fields = Pick<ProxyInfo, "alpn" | "authority" | "uniqueId" | "namespace" | "ssl" | "tlvs">;

/** The fields of a whole header, which begin at an offset. Throws {@link Malformed}, also if the checksum is wrong. */
export function fieldsOf(header: Buffer, offset: number): Fields {
  const all = tlvsIn(header, offset);
  const sums = all.filter(({ type }) => type === Tlv.CRC32C);
  if (sums.length > 1) throw new Malformed("a header with two checksums");
  for (const { value, at } of sums) checkSum(header, value, at);
  const find = (type: number): Buffer | undefined => all.find((one) => one.type === type)?.value;
  const uniqueId = find(Tlv.UNIQUE_ID);
  if (uniqueId && uniqueId.length > UNIQUE_ID_BYTES) throw new Malformed("a header whose unique id is too long");
  return {
    alpn: find(Tlv.ALPN)?.toString(),
    authority: find(Tlv.AUTHORITY)?.toString(),
    uniqueId,
    namespace: find(Tlv.NETNS)?.toString(),
    ssl: sslIn(find(Tlv.SSL)),
    tlvs: all
      .filter(({ type }) => type !== Tlv.CRC32C && type !== Tlv.NOOP)
      .map(({ type, value }): ProxyTlv => ({ type, value })),
  };
}

interface Found {
  readonly type: number;
  readonly value: Buffer;
  /** Where the value begins. */
  readonly at: number;
}

function tlvsIn(bytes: Buffer, offset: number): Found[] {
  const found: Found[] = [];
  for (let at = offset; at < bytes.length;) {
    const begin = at + 3;
    const end = begin <= bytes.length ? begin + bytes.readUInt16BE(at + 1) : Infinity;
    if (end > bytes.length) throw new Malformed("a header with a field that is longer than the header");
    found.push({ type: bytes[at]!, value: bytes.subarray(begin, end), at: begin });
    at = end;
  }
  return found;
}

function sslIn(value: Buffer | undefined): ProxySsl | undefined {
  if (!value) return undefined;
  if (value.length < 5) throw new Malformed("a header with a short field about TLS");
  const all = tlvsIn(value, 5);
  const find = (type: number): Buffer | undefined => all.find((one) => one.type === type)?.value;
  const client = value[0]!;
  return {
    isUsed: (client & USES_TLS) !== 0,
    isVerified: (client & HAS_CERTIFICATE) !== 0 && value.readUInt32BE(1) === 0,
    protocol: find(Ssl.VERSION)?.toString(),
    commonName: find(Ssl.CN)?.toString(),
    cipher: find(Ssl.CIPHER)?.toString(),
    signatureAlgorithm: find(Ssl.SIG_ALG)?.toString(),
    keyAlgorithm: find(Ssl.KEY_ALG)?.toString(),
    certificate: find(Ssl.CLIENT_CERT),
  };
}

// The sum is that of the header with zeros in place of the sum.
function checkSum(header: Buffer, sum: Buffer, at: number): void {
  if (sum.length !== CHECKSUM_BYTES) throw new Malformed("a header with a checksum of another length");
  const cleared = Buffer.from(header).fill(0, at, at + CHECKSUM_BYTES);
  if (crc32c(cleared) !== sum.readUInt32BE()) throw new Malformed("a header with a wrong checksum");
}

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return ~sum >>> 0;
}
