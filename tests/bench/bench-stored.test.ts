// A stored report of the benches: it is printed again, and written to the docs.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { report } from "./bench-report.ts";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const node = process.env["TEST_NODE"] ?? process.execPath;

// The benches are plain modules beside the tests, without types.
const { parse, partsOf } = await import(new URL("../../../bench/options.mjs", import.meta.url).href);
const { summaryOf } = await import(new URL("../../../bench/summary.mjs", import.meta.url).href);

const test = harness("stored reports");

/** Runs the command with a stored report. Resolves with its output, and its code. */
async function command(stored: object, ...args: string[]): Promise<{ output: string; code: number }> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const file = join(folder, "report.json");
  writeFileSync(file, JSON.stringify(stored));
  try {
    return await new Promise((resolve) => {
      execFile(node, ["bench/run.mjs", "--from", file, ...args], { cwd: root }, (error, output, errors) => {
        resolve({ output: output + errors, code: error ? Number(error.code) : 0 });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("it is printed, with the goals of today, and nothing is measured", async () => {
  const { output, code } = await command(report());
  assert.is(code, 0, output);
  assert.match(output, /One \(net-one\)/);
  assert.match(output, /Goals: 2 of 4 met/);
  const few = await command(report(), "size");
  assert.is(few.code, 0, few.output);
  assert.not.match(few.output, /net-one/);
});

test("one that is not valid, has none of the benches, or is a quick one for the docs is refused", async () => {
  for (const [stored, args, why] of [
    [{ ...report(), format: 0 }, [], /is not a valid report: format is 0/],
    [report(), ["memory"], /has none of these benches: memory/],
    [{ ...report(), options: { ...report().options, quick: true } }, ["--write-docs"], /quick run/],
  ] as const) {
    const { output, code } = await command(stored, ...args);
    assert.is(code, 1, output);
    assert.match(output, why);
  }
});

test("options of a run cannot be combined with it, and a run of a part says so", () => {
  assert.is(parse(["--from", "x", "--write-docs", "net"]).from, "x");
  for (const option of ["--quick", "--runtime=node", "--only=net-one", "--out=x", "--rounds=3"])
    assert.throws(() => parse(["--from", "x", option]), /--from cannot be combined with --\w+: it measures nothing/);
  assert.throws(() => parse(["--write-docs", "--runtime", "node"]), /measures only a part; .* use --from afterwards/);
  assert.equal(partsOf(parse([])), []);
  const parts = ["--runtime node,bun", "--only net-one"];
  assert.equal(partsOf(parse(["--only", "net-one", "--runtime", "node,bun"])), parts);
});

test("the first table of the page about performance has ten lines, with the figures of the page of benchmarks", () => {
  const [page, first] = ["benchmarks.md", "performance.md"].map((name) =>
    readFileSync(join(root, "docs", name), "utf8"),
  );
  const rows: string[][] = summaryOf(page!);
  assert.is(rows.length, 11);
  const text = first!.replaceAll(/ +/g, " ");
  for (const row of rows) {
    assert.not(row.includes("–"), row.join(" "));
    assert.ok(text.includes(`| ${row.join(" | ")} |`.replaceAll(/ +/g, " ")), row.join(" "));
  }
  const [, ratio] = summaryOf("");
  assert.equal(ratio.slice(2), ["–", "–", "–"]);
});
