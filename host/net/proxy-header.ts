// Writes PROXY headers: the option `proxyHeader` of a client.

import { BOOLEAN, CHUNK, OBJECT, type Rule, check, checkOptions } from "../base/checks.ts";
import { toBuffer } from "../base/bytes.ts";
import { withCode } from "../base/errors.ts";
import type { ProxyInfo, ProxyTlv } from "../socket/proxy-info.ts";
import { asIpv6, bytesOf, textOf, unmapped } from "./addresses.ts";
import { FAMILIES, FIXED, LONGEST, SIGNATURE } from "./proxy-binary.ts";
import { Tlv, crc32c } from "./proxy-tlvs.ts";

/** The connection of a client, as its stream and its socket show it. */
export interface ProxySource {
  /** The client's address. Without it, the header says that the client is unknown. */
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** The address that the client has connected to. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** What another proxy has sent about the client. */
  readonly proxy?: ProxyInfo | undefined;
}

/** The PROXY header that a client sends first. */
export interface ProxyHeaderOptions {
  /** The version of the protocol: 1 is a line of text, 2 is binary. Default 2. */
  version?: 1 | 2 | undefined;
  /** The client that the connection is made for: a stream, or addresses. Without it, the header says that the connection is of this program. */
  from?: ProxySource | undefined;
  /** Further fields of version 2, such as `stream.proxy.tlvs`. */
  tlvs?: readonly { readonly type: number; readonly value: string | Uint8Array }[] | undefined;
  /** Whether a header of version 2 has a checksum; default false. */
  checksum?: boolean | undefined;
}

/** The content of a header. */
export type ProxyHeader = Pick<
  ProxyInfo,
  | "version"
  | "command"
  | "transport"
  | "sourceAddress"
  | "sourcePort"
  | "destinationAddress"
  | "destinationPort"
  | "tlvs"
> & { readonly checksum?: boolean };

const VERSION: Rule = {
  allowed: "1 or 2",
  type: (value) => typeof value === "number",
  range: (value: number) => value === 1 || value === 2,
};
const RULES: Readonly<Record<string, Rule>> = {
  version: VERSION,
  from: { ...OBJECT, allowed: "a stream, or an object with addresses" },
  tlvs: { allowed: "an array of fields", type: (value) => Array.isArray(value), holdsOthers: true },
  checksum: BOOLEAN,
};
const ADDRESS: Rule = {
  allowed: "an IP address",
  type: (value) => typeof value === "string",
  range: (value: string) => bytesOf(value) !== undefined,
};
const whole = (to: number): Rule => ({
  allowed: `a whole number from 0 to ${to}`,
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= to,
});
const PORT = /* @__PURE__ */ whole(65535);
const TYPE = /* @__PURE__ */ whole(255);
const CHECKSUM_BYTES = 4;

/** Checks the option, and returns the header. `what` is the called method. */
export function headerOf(what: string, options: ProxyHeaderOptions): Buffer {
  const name = `${what}: option "proxyHeader`;
  const { version = 2, from, tlvs = [], checksum = false } = checkOptions(`${name}"`, options, RULES);
  if (version === 1 && (tlvs.length > 0 || checksum)) {
    const message = `${name}": "tlvs" and "checksum" need version 2`;
    throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
  }
  const header = writeProxy({
    version,
    command: from ? "PROXY" : "LOCAL",
    ...placesOf(`${name}.from`, from ?? {}),
    tlvs: tlvs.map((tlv, i) => fieldOf(`${name}.tlvs[${i}]`, tlv)),
    checksum,
  });
  if (header.length <= LONGEST) return header;
  const message = `${name}": the header must have at most ${LONGEST} bytes, not ${header.length}`;
  throw withCode(new RangeError(message), "ERR_IOLOOP_OUT_OF_RANGE");
}

/** Writes a header. What version 1 cannot say is left out. */
export function writeProxy(header: ProxyHeader): Buffer {
  return header.version === 1 ? writeText(header) : writeBinary(header);
}

function writeText({ command, transport, ...places }: ProxyHeader): Buffer {
  const { sourceAddress, sourcePort = 0, destinationAddress, destinationPort = 0 } = places;
  const isKnown = command === "PROXY" && (transport === "TCP4" || transport === "TCP6");
  if (!isKnown) return Buffer.from("PROXY UNKNOWN\r\n");
  return Buffer.from(`PROXY ${transport} ${sourceAddress} ${destinationAddress} ${sourcePort} ${destinationPort}\r\n`);
}

function writeBinary({ command, transport, tlvs, checksum, ...places }: ProxyHeader): Buffer {
  const isLocal = command === "LOCAL";
  const known = isLocal ? "UNKNOWN" : transport;
  const [family, { length }] = [...FAMILIES].find(([, one]) => one.transport === known)!;
  const parts = [Buffer.alloc(FIXED), addresses(places, length), ...tlvs.map(field)];
  if (checksum) parts.push(field({ type: Tlv.CRC32C, value: Buffer.alloc(CHECKSUM_BYTES) }));
  const header = Buffer.concat(parts);
  SIGNATURE.copy(header);
  header[SIGNATURE.length] = isLocal ? 0x20 : 0x21;
  header[SIGNATURE.length + 1] = family;
  header.writeUInt16BE(Math.min(header.length - FIXED, 65535), FIXED - 2);
  if (checksum) header.writeUInt32BE(crc32c(header), header.length - CHECKSUM_BYTES);
  return header;
}

type Places = Pick<ProxyHeader, "sourceAddress" | "sourcePort" | "destinationAddress" | "destinationPort">;

// In `length` bytes, by which the family is known.
function addresses(places: Places, length: number): Buffer {
  const { sourceAddress = "", sourcePort = 0, destinationAddress = "", destinationPort = 0 } = places;
  const bytes = Buffer.alloc(length);
  if (length === 12 || length === 36) {
    const size = (length - 4) / 2;
    bytesOf(sourceAddress)?.copy(bytes);
    bytesOf(destinationAddress)?.copy(bytes, size);
    bytes.writeUInt16BE(sourcePort, 2 * size);
    bytes.writeUInt16BE(destinationPort, 2 * size + 2);
  } else if (length > 0) {
    bytes.write(sourceAddress, 0, length / 2);
    bytes.write(destinationAddress, length / 2);
  }
  return bytes;
}

function field({ type, value }: ProxyTlv): Buffer {
  const bytes = Buffer.alloc(3 + value.length);
  bytes[0] = type;
  bytes.writeUInt16BE(value.length, 1);
  bytes.set(value, 3);
  return bytes;
}

// Both addresses must be of one family. The destination is the one that the client has connected to, at the first proxy.
function placesOf(name: string, from: ProxySource): Places & Pick<ProxyHeader, "transport"> {
  const { remoteAddress, remotePort, localAddress, localPort, proxy } = from;
  const isThrough = proxy?.transport === "TCP4" || proxy?.transport === "TCP6";
  const given = {
    remoteAddress,
    remotePort,
    localAddress: isThrough ? proxy.destinationAddress : localAddress,
    localPort: isThrough ? proxy.destinationPort : localPort,
  };
  for (const [key, value] of Object.entries(given))
    if (value !== undefined) check(`${name}.${key}"`, value, key.endsWith("Port") ? PORT : ADDRESS);
  if (given.remoteAddress === undefined) return { transport: "UNKNOWN", ...NOWHERE };
  const source = unmapped(bytesOf(given.remoteAddress)!);
  const destination =
    given.localAddress === undefined ? Buffer.alloc(source.length) : unmapped(bytesOf(given.localAddress)!);
  const isIpv4 = source.length === 4 && destination.length === 4;
  const text = (bytes: Buffer): string => textOf(isIpv4 ? bytes : asIpv6(bytes));
  return {
    transport: isIpv4 ? "TCP4" : "TCP6",
    sourceAddress: text(source),
    sourcePort: given.remotePort ?? 0,
    destinationAddress: text(destination),
    destinationPort: given.localPort ?? 0,
  };
}

const NOWHERE: Places = {
  sourceAddress: undefined,
  sourcePort: undefined,
  destinationAddress: undefined,
  destinationPort: undefined,
};

function fieldOf(name: string, tlv: { readonly type: number; readonly value: string | Uint8Array }): ProxyTlv {
  check(`${name}"`, tlv, OBJECT);
  const { type, value } = tlv;
  check(`${name}.type"`, type, TYPE);
  check(`${name}.value"`, value, CHUNK);
  const bytes = toBuffer(value);
  check(`${name}.value.length"`, bytes.length, PORT);
  return { type, value: Buffer.from(bytes) };
}
