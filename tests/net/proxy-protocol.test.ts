// The parser and the writer of PROXY headers, by themselves: whatever comes, however it is split, they never throw, and find only what is there.

import * as fc from "fast-check";
import * as assert from "uvu/assert";
// Not the built package: these functions are no part of it, and a socket for each of the inputs would take minutes.
import { parseProxy } from "../../host/net/proxy-protocol.ts";
import { type ProxyHeader, writeProxy } from "../../host/net/proxy-header.ts";
import { bytesOf, textOf } from "../../host/net/addresses.ts";
import { crc32c } from "../../host/net/proxy-tlvs.ts";
import { harness } from "../support/harness.ts";

const test = harness("proxy-protocol");

const LONGEST = 16_384;

const port = fc.integer({ min: 0, max: 65535 });
const tlvs = fc.array(
  fc
    .record({
      type: fc.integer({ min: 0, max: 255 }).filter((type) => ![0x03, 0x04, 0x05, 0x20].includes(type)),
      value: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    })
    .map(({ type, value }) => ({ type, value })),
  { maxLength: 4 },
);
const canonical = (address: string): string => textOf(bytesOf(address)!);
const path = fc.stringMatching(/^\/[a-z]{0,100}$/);

function places(transport: "TCP4" | "TCP6" | "UNIX"): fc.Arbitrary<ProxyHeader> {
  const address = transport === "TCP4" ? fc.ipV4() : fc.ipV6().map(canonical);
  const isUnix = transport === "UNIX";
  return fc.record({
    version: isUnix ? fc.constant(2 as const) : fc.constantFrom(1 as const, 2 as const),
    command: fc.constant("PROXY" as const),
    transport: fc.constant(transport),
    sourceAddress: isUnix ? path : address,
    sourcePort: isUnix ? fc.constant(undefined) : port,
    destinationAddress: isUnix ? path : address,
    destinationPort: isUnix ? fc.constant(undefined) : port,
    tlvs,
    checksum: fc.boolean(),
  });
}

const header = fc
  .oneof(places("TCP4"), places("TCP6"), places("UNIX"))
  .map((it) => (it.version === 1 ? Object.assign(it, { tlvs: [] }) : it));

test("what is written is parsed, whatever follows; a part of it is never taken for the whole", () => {
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 20 }), (given, rest) => {
      const bytes = writeProxy(given);
      const found = parseProxy(Buffer.concat([bytes, rest]));
      assert.is(found.what, "header");
      if (found.what !== "header") return;
      const { checksum: _, ...wanted } = given;
      assert.equal(pick(found.proxy, wanted), pick(wanted, wanted));
      assert.is(found.length, bytes.length);
      for (let at = 0; at < bytes.length; at++) {
        const { what } = parseProxy(bytes.subarray(0, at));
        assert.ok(what === "undecided" || what === "partial", `${at}: ${what}`);
      }
    }),
    { numRuns: 100 },
  );
});

function pick(from: object, like: object): object {
  return Object.fromEntries(Object.keys(like).map((key) => [key, (from as Record<string, unknown>)[key]]));
}

test("any change of a header: parsed, or refused, and never longer than what there is", () => {
  fc.assert(
    fc.property(
      header,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
      fc.nat(),
      (given, changes, cut) => {
        const bytes = writeProxy(given);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        check(bytes.subarray(0, cut % (bytes.length + 1)));
        check(bytes);
      },
    ),
    { numRuns: 1000 },
  );
});

test("any bytes, with the beginning of a header or without", () => {
  const begin = fc.constantFrom(
    "",
    "PROXY ",
    "PROXY TCP4 ",
    "\r\n\r\n\0\r\nQUIT\n",
    "\r\n\r\n\0\r\nQUIT\n\u0021\u0011",
    "\r\n\r\n\0\r\nQUIT\n\u0021\u0000",
  );
  fc.assert(
    fc.property(begin, fc.uint8Array({ maxLength: 300 }), (start, more) =>
      check(Buffer.concat([Buffer.from(start, "latin1"), more])),
    ),
    { numRuns: 1000 },
  );
});

function check(bytes: Buffer): void {
  const before = Buffer.from(bytes);
  const found = parseProxy(bytes);
  assert.ok(bytes.equals(before));
  if (found.what === "header") {
    assert.ok(found.length <= bytes.length && found.length <= LONGEST);
    for (const { value } of found.proxy.tlvs) assert.ok(value.length <= found.length);
  }
  // Enough bytes always decide.
  if (found.what === "undecided") assert.ok(bytes.length < 12);
  if (found.what === "partial") assert.ok(bytes.length < LONGEST);
}

test("one changed bit of a header with a checksum is noticed", () => {
  const bytes = writeProxy({
    version: 2,
    command: "PROXY",
    transport: "TCP4",
    sourceAddress: "192.0.2.7",
    sourcePort: 56324,
    destinationAddress: "198.51.100.1",
    destinationPort: 443,
    tlvs: [{ type: 2, value: Buffer.from("a.example") }],
    checksum: true,
  });
  assert.is(parseProxy(bytes).what, "header");
  for (let bit = 16 * 8; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const found = parseProxy(changed);
    assert.ok(found.what === "malformed" || !("proxy" in found) || isInType(bit >> 3, bytes.length), `bit ${bit}`);
  }
});

// A changed type of the checksum makes it a field like others.
function isInType(at: number, length: number): boolean {
  return at === length - 7;
}

test("addresses as text", () => {
  const cases: Readonly<Record<string, string>> = {
    "192.0.2.7": "192.0.2.7",
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "2001:DB8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "1:0:2:3:4:5:6:7": "1:0:2:3:4:5:6:7",
    "::ffff:1.2.3.4": "::ffff:1.2.3.4",
    "::ffff:102:304": "::ffff:1.2.3.4",
    "64:ff9b::1.2.3.4": "64:ff9b::102:304",
    "fe80::1%eth0": "fe80::1",
  };
  for (const [given, wanted] of Object.entries(cases)) assert.is(canonical(given), wanted);
  for (const none of ["", "1.2.3", "1.2.3.256", "::1::", "a.example", "1.2.3.4/8"]) assert.is(bytesOf(none), undefined);
  assert.is(crc32c(Buffer.from("123456789")), 0xe3069283);
});
