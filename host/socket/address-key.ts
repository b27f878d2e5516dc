// Turns the address of a client into a number for the core, which counts clients by it.

import { isIPv4, isIPv6 } from "node:net";
import { randomBytes } from "node:crypto";

const MAPPED = "::ffff:"; // before an IPv4 address that is written as IPv6
const GROUPS = 4; // of an IPv6 address: its first 64 bits, which belong to one subscriber
const HALF = 2 ** 32;

// Nobody can choose an address that shares its number with another one, as nobody knows these.
let salts: Int32Array | undefined;
let unknown = 0;

/** The key of an address: equal only for equal addresses, and for IPv6 addresses of one /64. Without an address it is always another one. */
export function keyOf(address: string | undefined): number {
  if (address === undefined) return --unknown;
  const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  if (isIPv4(plain)) return keyOfIpv4(plain);
  const [pure = ""] = address.split("%"); // without its zone
  return isIPv6(pure) ? keyOfIpv6(pure) : --unknown;
}

// Exact: a multiplication by an odd number gives each 32-bit number another one.
function keyOfIpv4(address: string): number {
  let bits = 0;
  for (const part of address.split(".")) bits = (bits << 8) | Number(part);
  return Math.imul(bits ^ salt(0), salt(1) | 1) >>> 0;
}

// 53 bits of a hash.
function keyOfIpv6(address: string): number {
  let [low, high] = [salt(2), salt(3)];
  for (const group of firstGroups(address)) {
    low = Math.imul(low ^ group, 0x9e3779b1);
    high = Math.imul(high ^ group, 0x85ebca77);
    low ^= high >>> 15;
    high ^= low >>> 13;
  }
  return HALF + (high & 0xfffff) * HALF + (low >>> 0); // never one of the keys of IPv4
}

function firstGroups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail ? tail.split(":") : [];
  // An address that ends like an IPv4 address has two groups there.
  const last = rest.length + (address.includes(".") ? 1 : 0);
  while (tail !== undefined && groups.length + last < 8) groups.push("0");
  return [...groups, ...rest].slice(0, GROUPS).map((group) => Number.parseInt(group, 16));
}

function salt(index: number): number {
  salts ??= new Int32Array(new Uint8Array(randomBytes(16)).buffer);
  return salts[index]!;
}
