// Each framer, at every split of every message.

import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { type Framer, delimited, fixed, lengthPrefixed, lines } from "wasm-ioloop/framing";
import { harness } from "../support/harness.ts";

const test = harness("framing");

interface Outcome {
  readonly messages: unknown[];
  readonly error: string | undefined;
}

/** What a framer makes of pieces: messages, and the code of the error with which it ended. */
function outcome(framer: Framer<unknown, never>, pieces: readonly Uint8Array[]): Outcome {
  const messages: unknown[] = [];
  try {
    for (const piece of pieces) for (const message of framer.push(Buffer.from(piece))) messages.push(plain(message));
    framer.end();
  } catch (error) {
    return { messages, error: (error as { code?: string }).code ?? String(error) };
  }
  return { messages, error: undefined };
}

function plain(message: unknown): unknown {
  if (message instanceof Uint8Array) return Buffer.from(message).toString("latin1");
  if (typeof message !== "object" || message === null) return message;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]));
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const text = fc.string({ unit: fc.constantFrom("a", "\r", "ä", "€", "\u{1f600}", "b"), maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 12 });
const isLine = (line: string): boolean => !line.endsWith("\r");
const free = (delimiter: string) => (message: Uint8Array) => {
  const all = Buffer.concat([message, Buffer.from(delimiter)]);
  return all.indexOf(delimiter) === message.length;
};

/** A framer, and messages for it. */
interface Kind {
  readonly name: string;
  readonly make: () => Framer<never, never>;
  readonly message: fc.Arbitrary<unknown>;
}

const KINDS: readonly Kind[] = [
  { name: "lines", make: () => lines({ max: 48 }) as never, message: text.filter(isLine) },
  {
    name: "lines, short",
    make: () => lines({ max: 12, encoding: "latin1" }) as never,
    message: fc.string({ unit: fc.constantFrom("a", "\r", "é"), maxLength: 12 }).filter(isLine),
  },
  {
    name: "lines as buffers",
    make: () => lines({ max: 48, encoding: "buffer" }) as never,
    message: text.filter(isLine),
  },
  {
    name: "delimited by one byte",
    make: () => delimited("\0", { max: 12 }) as never,
    message: bytes.filter(free("\0")),
  },
  {
    name: "delimited by two",
    make: () => delimited("\r\n", { max: 12 }) as never,
    message: fc
      .array(fc.constantFrom(13, 10, 97), { maxLength: 12 })
      .map((all) => Uint8Array.from(all))
      .filter(free("\r\n")),
  },
  {
    name: "delimited by itself",
    make: () => delimited("aab", { max: 12 }) as never,
    message: fc
      .array(fc.constantFrom(97, 98), { maxLength: 12 })
      .map((all) => Uint8Array.from(all))
      .filter(free("aab")),
  },
  ...([1, 2, 4, "varint"] as const).flatMap((size) =>
    (["BE", "LE"] as const).map((endian) => ({
      name: `lengthPrefixed, ${size}, ${endian}`,
      make: () => lengthPrefixed({ bytes: size, endian, max: size === 1 ? 255 : 300 }) as never,
      message: fc.oneof(bytes, fc.uint8Array({ minLength: 120, maxLength: 140 }), text),
    })),
  ),
  {
    name: "lengthPrefixed with a header",
    make: () => lengthPrefixed({ bytes: "varint", header: 1, max: 300 }) as never,
    message: fc.record({ header: fc.uint8Array({ minLength: 1, maxLength: 1 }), body: bytes }),
  },
  { name: "fixed", make: () => fixed(3) as never, message: fc.uint8Array({ minLength: 3, maxLength: 3 }) },
];

/** A message as it comes out: strings as bytes, unless the framer yields strings. */
function expected(name: string, message: unknown): unknown {
  if (typeof message !== "string" || name === "lines") return plain(message);
  return name === "lines, short" ? message : Buffer.from(message).toString("latin1");
}

for (const { name, make, message } of KINDS) {
  test(`${name}: messages come out as they went in, at every split`, () => {
    const property = fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      (messages, cuts) => {
        const { encode } = make();
        const all = Buffer.concat(messages.map((one) => encode(one as never)));
        const wanted = { messages: messages.map((one) => expected(name, one)), error: undefined };
        assert.equal(outcome(make(), cut(all, cuts)), wanted);
      },
    );
    fc.assert(property, { numRuns: 300 });
    // Every split in two, and byte by byte
    const [sample] = fc.sample(fc.array(message, { minLength: 3, maxLength: 3 }), { numRuns: 1, seed: 5 });
    const { encode } = make();
    const all = Buffer.concat(sample!.map((one) => encode(one as never)));
    const wanted = { messages: sample!.map((one) => expected(name, one)), error: undefined };
    for (let at = 0; at <= all.length; at++)
      assert.equal(outcome(make(), [all.subarray(0, at), all.subarray(at)]), wanted);
    assert.equal(
      outcome(
        make(),
        [...all].map((byte) => Uint8Array.of(byte)),
      ),
      wanted,
    );
  });

  test(`${name}: whatever bytes come, the outcome is the same at every split, and no error but its own`, () => {
    const any = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 97, 98, 0, 128, 255)), { maxLength: 60 });
    const property = fc.property(any, fc.array(fc.nat(), { maxLength: 8 }), (values, cuts) => {
      const all = Buffer.from(values);
      const whole = outcome(make(), [all]);
      const split = outcome(make(), cut(all, cuts));
      assert.equal(split.messages, whole.messages);
      assert.is(split.error === undefined, whole.error === undefined);
      const own = new Set([undefined, "ERR_IOLOOP_FRAME_TOO_LONG", "ERR_IOLOOP_UNEXPECTED_END"]);
      for (const { error } of [whole, split]) assert.ok(own.has(error), error);
    });
    fc.assert(property, { numRuns: 400 });
  });
}

test("lines end with LF or CRLF, of which one CR is a part", () => {
  const got = outcome(lines(), [Buffer.from("a\r\n\n\r\nb\r\r\nc\rd\n")]);
  assert.equal(got, { messages: ["a", "", "", "b\r", "c\rd"], error: undefined });
});

test("a message over `max` is an error before it is kept, and those before it come out", () => {
  const tooLong = "ERR_IOLOOP_FRAME_TOO_LONG";
  const short = (framer: Framer<never, never>, ...pieces: string[]): Outcome =>
    outcome(
      framer,
      pieces.map((piece) => Buffer.from(piece, "latin1")),
    );
  assert.equal(short(lines({ max: 3 }) as never, "abc\nabcd"), { messages: ["abc"], error: tooLong });
  assert.equal(short(lines({ max: 3 }) as never, "abc\r", "\n"), { messages: ["abc"], error: undefined });
  assert.equal(short(lines({ max: 3 }) as never, "abcd\n"), { messages: [], error: tooLong });
  assert.equal(short(delimited(";", { max: 2 }) as never, "ab;abc"), { messages: ["ab"], error: tooLong });
  assert.equal(short(lengthPrefixed({ max: 5 }) as never, "\0\0\0\x01x\0\0\0\x06"), {
    messages: ["x"],
    error: tooLong,
  });
  assert.equal(short(lengthPrefixed({ bytes: "varint" }) as never, "\xff\xff\xff\xff\xff\xff"), {
    messages: [],
    error: tooLong,
  });
  assert.equal(short(lengthPrefixed() as never, "\xff\xff\xff\xff"), { messages: [], error: tooLong });
});

test("an end in the middle of a message is an error", () => {
  for (const framer of [lines(), delimited("x"), lengthPrefixed(), fixed(2)] as Framer<unknown, never>[]) {
    assert.equal(outcome(framer, []), { messages: [], error: undefined });
    assert.is(outcome(framer, [Buffer.from("a")]).error, "ERR_IOLOOP_UNEXPECTED_END");
  }
});

test("messages that are whole in a chunk are views of it, not copies", () => {
  const chunk = Buffer.from("one;two;\0\0\0\x02ab");
  const [one] = delimited(";").push(chunk.subarray(0, 8));
  assert.is(one!.buffer, chunk.buffer);
  const [ab] = lengthPrefixed().push(chunk.subarray(8));
  assert.is(ab!.buffer, chunk.buffer);
  const [line] = lines({ encoding: "buffer" }).push(Buffer.from("line\n"));
  assert.is(line!.toString(), "line");
});

test("`encode` refuses what would come out as something else", () => {
  const refuses = (task: () => unknown, code = "ERR_IOLOOP_OUT_OF_RANGE"): void =>
    assert.throws(task, (error: { code?: string }) => error.code === code);
  refuses(() => lines().encode("a\nb"));
  refuses(() => lines().encode("a\r"));
  refuses(() => lines({ max: 2 }).encode("abc"), "ERR_IOLOOP_FRAME_TOO_LONG");
  refuses(() => delimited("ab").encode("cabd"));
  refuses(() => delimited("aa").encode("a"));
  refuses(() => fixed(3).encode("ab"));
  refuses(() => lengthPrefixed({ bytes: 1 }).encode("x".repeat(256)), "ERR_IOLOOP_FRAME_TOO_LONG");
  refuses(() => lengthPrefixed({ header: 2 }).encode({ header: Buffer.of(1), body: Buffer.of(2) }));
  refuses(() => lines().encode(5 as never), "ERR_IOLOOP_INVALID_ARG_TYPE");
});

test("one byte is not `1 bytes`", () => {
  assert.throws(() => fixed(1).encode("ab"), /encode: message must have 1 byte, not 2$/);
  assert.throws(() => lines({ max: 1 }).encode("ab"), /encode: more than 1 byte$/);
  const begun = lines();
  begun.push(Buffer.from("a"));
  assert.throws(() => begun.end(), /of which 1 byte has come$/);
  assert.throws(() => [...lines({ max: 1 }).push(Buffer.from("ab\n"))], /frames: more than 1 byte$/);
});

test("wrong options throw at the call", () => {
  assert.throws(() => lines({ max: 0 }), /lines: option "max" must be a whole number from 1/);
  assert.throws(
    () => lines({ encoding: "hex" as never }),
    /lines: option "encoding" must be "utf8" or "latin1" or "buffer"/,
  );
  assert.throws(() => lines({ maximum: 5 } as never), /lines: unknown option "maximum"/);
  assert.throws(() => delimited(""), /delimited: delimiter must have at least one byte/);
  assert.throws(
    () => lengthPrefixed({ bytes: 3 as never }),
    /lengthPrefixed: option "bytes" must be 1, 2, 4 or "varint"/,
  );
  assert.throws(() => lengthPrefixed({ endian: "be" as never }), /lengthPrefixed: option "endian"/);
  for (const [size, longest] of [
    [1, 255],
    [2, 65_535],
  ] as const) {
    lengthPrefixed({ bytes: size, max: longest });
    assert.throws(
      () => lengthPrefixed({ bytes: size, max: longest + 1 }),
      (error: { code?: string; message: string; name: string }) =>
        error.name === "RangeError" &&
        error.code === "ERR_IOLOOP_OUT_OF_RANGE" &&
        error.message.includes(`to ${longest} if`),
    );
  }
  assert.throws(() => fixed(0), /fixed: size must be a whole number from 1/);
});
