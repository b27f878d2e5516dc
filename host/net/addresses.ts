// IP addresses as bytes, and networks of them.

import { isIP } from "node:net";
import type { Rule } from "../base/checks.ts";

const IPV4 = 4; // bytes
const IPV6 = 16;
const GROUPS = 8;
const MAPPED = /* @__PURE__ */ Buffer.from("00000000000000000000ffff", "hex"); // before an IPv4 address that is written as IPv6

/** The bytes of an address, 4 or 16; undefined if it is none. A zone, as in `fe80::1%eth0`, is ignored. */
export function bytesOf(address: string): Buffer | undefined {
  const [text = ""] = address.split("%", 1);
  const family = isIP(text);
  if (family === 4) return Buffer.from(text.split(".").map(Number));
  return family === 6 ? bytesOfIpv6(text) : undefined;
}

/** The text of an address of 4 or 16 bytes. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length === IPV4) return bytes.join(".");
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(MAPPED.length).join(".")}`;
  const groups = Array.from({ length: GROUPS }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  const [at, length] = longestZeros(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return length < 2 ? text(0, GROUPS) : `${text(0, at)}::${text(at + length, GROUPS)}`;
}

/** The bytes of an IPv4 address that is written as IPv6; other bytes as they are. */
export function unmapped(bytes: Buffer): Buffer {
  return isMapped(bytes) ? bytes.subarray(MAPPED.length) : bytes;
}

/** The bytes of an address as IPv6. */
export function asIpv6(bytes: Buffer): Buffer {
  return bytes.length === IPV4 ? Buffer.concat([MAPPED, bytes]) : bytes;
}

/** A list of networks. */
export class Networks {
  readonly #list: readonly Network[];

  constructor(networks: readonly string[]) {
    this.#list = networks.map((network) => networkOf(network)!);
  }

  /** Whether an address is in one of the networks. */
  has(address: string | undefined): boolean {
    const bytes = address === undefined ? undefined : bytesOf(address);
    const own = bytes && unmapped(bytes);
    return own !== undefined && this.#list.some((network) => isIn(own, network));
  }
}

/** The rule of an option that is a list of networks. */
export const NETWORKS: Rule = {
  allowed: 'an array of IP addresses and networks, such as "10.0.0.0/8"',
  type: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  range: (value: readonly string[]) => value.every((one) => networkOf(one) !== undefined),
  holdsOthers: true,
};

interface Network {
  readonly bytes: Buffer;
  /** How many bits of an address must be those of `bytes`. */
  readonly bits: number;
}

// `10.0.0.0/8`, or an address, which is a network of its own.
function networkOf(text: string): Network | undefined {
  const [address = "", length, ...more] = text.split("/");
  const whole = address.includes("%") ? undefined : bytesOf(address);
  if (!whole || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const given = length === undefined ? whole.length * 8 : Number(length);
  if (given > whole.length * 8) return undefined;
  const bits = given - MAPPED.length * 8;
  if (!isMapped(whole)) return { bytes: whole, bits: given };
  return bits < 0 ? undefined : { bytes: unmapped(whole), bits }; // `::ffff:10.0.0.0/8` is meant to be `/104`
}

function isIn(address: Buffer, { bytes, bits }: Network): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  if (address.compare(bytes, 0, whole, 0, whole) !== 0) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === IPV6 && MAPPED.every((byte, i) => byte === bytes[i]);
}

// "::" stands for as many groups of zeros as are missing. The last two groups may be written as an IPv4 address.
function bytesOfIpv6(text: string): Buffer {
  const groups = (part: string): number[] =>
    (part === "" ? [] : part.split(":")).flatMap((group) => {
      if (!group.includes(".")) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      return [a * 256 + b, c * 256 + d];
    });
  const [head = "", tail = ""] = text.split("::");
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: GROUPS - first.length - last.length }, () => 0);
  return Buffer.from([...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 255]));
}

// Where the longest run of zeros begins, and how long it is.
function longestZeros(groups: readonly number[]): [at: number, length: number] {
  let best: [number, number] = [0, 0];
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best[1]) best = [i + 1 - length, length];
  }
  return best;
}
