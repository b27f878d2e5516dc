// Turns the address of a client into a number for the core, which counts clients by it.

const MAPPED = "::ffff:"; // before an IPv4 address that is written as IPv6
const GROUPS = 4; // of an IPv6 address: its first 64 bits, which belong to one subscriber
const HALF = 2 ** 32;

// Nobody can choose an address that shares its number with another one, as nobody knows these.
const salts = Array.from({ length: 4 }, () => Math.floor(Math.random() * HALF) | 0);
let unknown = 0;

/** The key of an address: equal only for equal addresses, and for IPv6 addresses of one /64. Without an address it is always another one. */
export function keyOf(address: string | undefined): number {
  if (address === undefined) return --unknown;
  if (!address.includes(":")) return keyOfIpv4(address);
  if (address.startsWith(MAPPED) && address.includes(".")) return keyOfIpv4(address.slice(MAPPED.length));
  return keyOfIpv6(address);
}

// Exact: a multiplication by an odd number gives each 32-bit number another one.
function keyOfIpv4(address: string): number {
  let bits = 0;
  for (const part of address.split(".")) bits = (bits << 8) | Number(part);
  return Math.imul(bits ^ salts[0]!, salts[1]! | 1) >>> 0;
}

// 52 bits of a hash.
function keyOfIpv6(address: string): number {
  let [low, high] = [salts[2]!, salts[3]!];
  for (const group of firstGroups(address)) {
    low = Math.imul(low ^ group, 0x9e3779b1);
    high = Math.imul(high ^ group, 0x85ebca77);
    low ^= high >>> 15;
    high ^= low >>> 13;
  }
  return HALF + (high & 0xfffff) * HALF + (low >>> 0); // never one of the keys of IPv4
}

// "::" stands for as many groups of zeros as are missing.
function firstGroups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail ? tail.split(":") : [];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const zeros = Array.from({ length: missing }, () => "0");
  return [...groups, ...zeros, ...rest].slice(0, GROUPS).map((group) => Number.parseInt(group, 16));
}
