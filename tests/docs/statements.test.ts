// Every statement about the originals is shown by a test, or explained as a difference in docs/guides/mojo.md.
//
// The numbers of a title are those at its beginning, separated by ", ": "97, 98 300 clients" has 97 and 98, as no comma follows
// 98. So a title must not begin with another number, such as "5 MB …".

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { STATEMENTS } from "./statements.ts";
import { filesIn, root } from "../support/paths.ts";

const test = harness("statements");

const UNIT = /^\d+(?:, \d+)* (?:[KMG]i?B|bytes|ms|s|seconds|%)(?: |$)/;

/** The numbers at the beginning of a title. */
function numbersOf(title: string): number[] {
  const list = /^\d+(?:, \d+)*(?= )/.exec(title)?.[0];
  return list === undefined ? [] : list.split(", ").map(Number);
}

/** The titles of a file's tests, as written. */
function titlesOf(source: string): string[] {
  return [...source.matchAll(/^[ \t]*test\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/gm)].map((match) => match[2]!);
}

/** The numbers in a section's list: those in bold type at the beginning of its items. */
function listed(text: string, section: string): number[] {
  const [, body = ""] = text.split(new RegExp(`^## ${section}$`, "m"));
  const items = body.split(/^## /m)[0]!.matchAll(/^- \*\*(\d+(?:, \d+)*)\*\* /gm);
  return [...items].flatMap((item) => item[1]!.split(", ").map(Number));
}

const titles = filesIn(join(root, "tests"))
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => titlesOf(readFileSync(join(root, "tests", file), "utf8")).map((title) => ({ file, title })));
const porting = readFileSync(join(root, "docs/guides/mojo.md"), "utf8");
const differences = listed(porting, "Differences");
const missing = listed(porting, "Not carried over");

test("the rule for titles: only the list at the beginning counts", () => {
  assert.equal(numbersOf("133 reading"), [133]);
  assert.equal(numbersOf("97, 98 300 clients"), [97, 98]);
  assert.equal(numbersOf("stop of 300 clients, 12 of them"), []);
  assert.equal(numbersOf("1,000,000 timers"), []);
  assert.ok(UNIT.test("5 MB at once") && !UNIT.test("147, 148 5 MB at once"));
  assert.equal(titlesOf('test("1 a", f);\n  test(\n    `2 "b"`, f);\ntest(\'3 "c" \\\' d\', f); latest("4 e")'), [
    "1 a",
    '2 "b"',
    '3 "c" \\\' d',
  ]);
  assert.equal(
    listed("- **1** no\n## A\n\n- **2, 3** a **4**\n### B\n- **5** b\n- c\n## C\n- **6** d\n", "A"),
    [2, 3, 5],
  );
});

test("the statements are numbered, and short", () => {
  STATEMENTS.forEach((line, index) => {
    assert.ok(line.startsWith(`${index + 1} `), line);
    assert.ok(line.length <= 110, line);
  });
  assert.is(STATEMENTS.length, 212);
  assert.is(new Set(STATEMENTS.map((line) => line.replace(/^\d+ /, ""))).size, 212);
});

test("titles begin with numbers of statements, or without numbers", () => {
  const known = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= STATEMENTS.length;
  const wrong = titles.filter(({ title }) => {
    const numbers = numbersOf(title);
    if (numbers.length === 0) return /^\d/.test(title);
    return UNIT.test(title) || !numbers.every(known) || new Set(numbers).size < numbers.length;
  });
  assert.equal(wrong, []);
  assert.ok(titles.length > 300, `${titles.length} titles found`);
});

test("docs/guides/mojo.md numbers each difference once, and only existing statements", () => {
  const all = [...differences, ...missing];
  assert.equal(
    all.filter((number, index) => all.indexOf(number) !== index),
    [],
  );
  assert.equal(
    all.filter((number) => STATEMENTS[number - 1] === undefined),
    [],
  );
  assert.equal(missing, [11, 73, 111]);
  // Numbers in parentheses, "(177)", count, too.
  const told = [...porting.matchAll(/\((\d+(?:, \d+)*)\)/g)].flatMap((match) => match[1]!.split(", ").map(Number));
  assert.ok(told.length > 20);
  assert.equal(
    told.filter((number) => !all.includes(number)),
    [],
  );
});

test("every statement is shown by a test, or explained as a difference", () => {
  const shown = new Set(titles.flatMap(({ title }) => numbersOf(title)));
  const told = new Set([...differences, ...missing]);
  assert.equal(
    STATEMENTS.filter((_line, index) => !shown.has(index + 1) && !told.has(index + 1)),
    [],
  );
});
