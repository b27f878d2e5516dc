// The core returns the same results, and leaves the same memory, on every host; and the corpus that shows this reaches
// everything.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { harness } from "../../support/harness.ts";
import { generate, read, scriptOf } from "./corpus.ts";
import { missing } from "./coverage.ts";
import { exports, root } from "./exports.ts";
import type { Host } from "./host.ts";
import { hosts } from "./hosts.ts";
import { format, parse } from "./numbers.ts";
import { type Instance, play } from "./player.ts";
import { instances, wasmFile } from "./recorder.ts";
import { replay, replayHere } from "./replay.ts";

const test = harness("replay");
const files = read();
const script = scriptOf(files);
const make = instances();
/** The corpus without slow runs. */
const light = new Map([...files].filter(([file]) => !file.includes("full")));

test("numbers have a single text form, and are read back exactly", () => {
  const written: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [-17, "-17"],
    [2 ** 53 - 1, "9007199254740991"],
    [2 ** 53, "0x1p53"],
    [1.5, "0x3p-1"],
    [-0.1, "-0xccccccccccccdp-55"],
    [5e-324, "0x1p-1074"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ];
  for (const [number, text] of written) assert.is(format(number), text);
  const same = fc.property(fc.double(), (number) => Object.is(parse(format(number)), number));
  fc.assert(same, { seed: 1, numRuns: 10_000 });
  for (const text of ["", "1.5", "0x1", "1e3", "infinity", "--1", "0xp1"])
    assert.throws(() => parse(text), /not a number/);
});

test("the table of exports agrees with the module", () => {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasmFile))).map(({ name }) => name);
  assert.equal(names.sort(), [...exports.keys(), "memory"].sort());
});

test("the corpus is what the generator writes: if not, run npm run replay -- --write", () => {
  const made = generate();
  assert.equal([...files.keys()].sort(), [...made.keys()].sort());
  for (const [file, text] of made) {
    const [lines, expected] = [files.get(file)!.split("\n"), text.split("\n")];
    const at = expected.findIndex((line, at) => line !== lines[at]);
    assert.is(lines[at], expected[at], `${file}:${at + 1}`);
  }
  assert.ok(script.length < 400_000, `${script.length} bytes`);
});

test("the corpus reaches every export, result, state, transition, answer, decision and phase", () => {
  assert.equal(missing(script), []);
  const without = missing(scriptOf(light).replaceAll(/^(?:handleHurry|handleAdopt|nextState 3 6).*\n/gm, ""));
  const gone = ["handleHurry = -4", "handleAdopt in state 2", "nextState 3 6", "handleTimer = -3"];
  for (const what of gone) assert.ok(without.includes(what), what);
});

test("every installed host has the results of the corpus", async () => {
  const outcomes = await replay(files, hosts, wasmFile);
  for (const { host, skipped } of outcomes) if (skipped !== undefined) console.log(`\nskipped ${host}: ${skipped}`);
  assert.equal(
    outcomes.flatMap(({ difference, host }) => (difference === undefined ? [] : [`${host}: ${difference}`])),
    [],
  );
  const rows = outcomes.flatMap(({ row }) => (row ? [row] : []));
  assert.ok(rows.length >= 2, "neither Node nor Bun");
  const same = new Set(rows.map((row) => row.slice(-3).join(" ")));
  assert.is(same.size, 1, [...same].join("\n"));
}, 110);

test("a script can be played on an object instead of the module, without comparing its memory", () => {
  const other = (change: object): (() => Instance) => {
    return () => ({ ...make(), ...change });
  };
  const touched = (): Instance => {
    const instance = make();
    new Uint8Array(instance.memory.buffer)[60_000] = 1;
    return instance;
  };
  for (const hashes of [true, false]) assert.is(replayHere(light, other({}), hashes), undefined);
  assert.is(replayHere(light, touched, false), undefined);
  assert.match(replayHere(light, touched)!, /:\d+: memory = [0-9a-f]{16}, but here [0-9a-f]{16}$/);
  assert.match(replayHere(light, other({ pollDeadline: () => 7 }))!, /\.txt:\d+: pollDeadline = \S+, but here 7$/);
  assert.match(replayHere(light, other({ phase: undefined }))!, /: phase = \d, but here TypeError/);
});

test("a host with other results, too few or too many, or one that fails, is detected", async () => {
  const trace = play(scriptOf(light), make);
  const at = trace.findIndex((result) => result.length > 14);
  const played = (...given: string[]): Host["play"] => {
    return () => Promise.resolve({ trace: given, version: "", engine: "" });
  };
  const cases: [Host["play"], RegExp | undefined][] = [
    [played(...trace), undefined],
    [played(...trace.with(at, "17")), /^tests\/.*\.txt:\d+: \w+.* = \d+, but here 17$/],
    [played(...trace.slice(0, at)), /, but here nothing$/],
    [played(...trace.slice(0, -1), "operations 3"), /^at the end: operations = operations \d+, but here operations 3$/],
    [played(...trace, "more"), /^more results than expected: more$/],
    [() => Promise.reject(new Error("it is broken")), /^it is broken$/],
  ];
  const told = cases.map(([play], at): Host => ({ name: `host ${at}`, missing: () => undefined, play }));
  const absent: Host = { name: "absent", missing: () => "it is not here", play: played() };
  const outcomes = await replay(light, [...told, absent], wasmFile);
  cases.forEach(([, expected], at) => {
    const { difference } = outcomes[at]!;
    if (expected) assert.match(difference!, expected);
    else assert.is(difference, undefined);
  });
  assert.equal(outcomes.at(-1), { host: "absent", skipped: "it is not here" });
});

test("the command ends with 1 if a module has another result, and says where", () => {
  const folder = mkdtempSync(join(root, "build/replay-"));
  try {
    // The body of `version` in the code: i32.const, the number in seven bits per byte, end
    const { version } = make() as Instance & { version(): number };
    const wasm = readFileSync(wasmFile);
    const code = Buffer.from([0x41, (version() & 127) | 128, version() >> 7, 0x0b]);
    assert.is(wasm.indexOf(code), wasm.lastIndexOf(code));
    wasm[wasm.indexOf(code) + 1]! ^= 1;
    writeFileSync(join(folder, "other.wasm"), wasm);
    const main = fileURLToPath(new URL("main.js", import.meta.url));
    const [good, bad] = [[], ["--module", join(folder, "other.wasm")]].map((args) =>
      spawnSync(process.execPath, [main, "--host", "node", ...args], { encoding: "utf8" }),
    );
    assert.match(good!.stdout, /^host .*\nnode +\S+ +V8 \S+ +\d{7} +[0-9a-f]{16} +[0-9a-f]{16}\n$/);
    assert.is(good!.status, 0);
    assert.match(
      bad!.stdout,
      new RegExp(`\nDIFFERS node: tests/.*:\\d+: version = ${version()}, but here ${version() ^ 1}\n$`),
    );
    assert.is(bad!.status, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the script in the document has the documented results", () => {
  const document = readFileSync(join(root, "docs/internals/replay.md"), "utf8");
  const [, example = ""] = /```text\n(#[^`]*)```/.exec(document)!;
  assert.is(replayHere(new Map([["docs/internals/replay.md", example]]), make), undefined);
});
