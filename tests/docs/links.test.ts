// The links of the documents have targets, anchors included, and tables fit on a screen.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";
import { anchorsOf, blocksOf, linksOf, proseOf, sectionsOf } from "./markdown.ts";
import { pages, read } from "./pages.ts";

const test = harness("links");

const OTHERS = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/c-host/README.md"].filter((file) =>
  existsSync(join(root, file)),
);

/** A generated page. */
const WIDE = "docs/benchmarks.md";
const ROW = 100;

test("every link leads to an existing file, and to an existing heading in it", () => {
  const dead: string[] = [];
  for (const page of [...pages, ...OTHERS]) {
    for (const link of linksOf(read(page))) {
      if (/^https?:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) dead.push(`${page}: ${link}`);
      else if (anchor !== undefined && !anchorsOf(read(file)).has(anchor))
        dead.push(`${page}: ${link}, no such heading`);
    }
  }
  assert.equal(dead, []);
});

test("no row of a table is wider than 100 columns", () => {
  const wide = pages
    .filter((page) => page !== WIDE)
    .flatMap((page) =>
      read(page)
        .split("\n")
        .map((line, index) => ({ line, place: `${page}:${index + 1}` })),
    )
    .filter(({ line }) => line.startsWith("|") && line.length > ROW);
  assert.equal(
    wide.map(({ place }) => place),
    [],
  );
});

test("every page begins with its title, and with what the reader will be able to do", () => {
  const wrong = pages
    .filter((page) => /^docs\/(?:api|guides|[\w-]+\.md)/.test(page))
    .filter((page) => {
      const text = read(page);
      const [first] = sectionsOf(text);
      return first?.level !== 1 || !text.startsWith("# ") || !/^# .*\n\nAfter this page you (?:can|know)/.test(text);
    });
  assert.equal(wrong, []);
});

test("every text block of the README, the guides and the reference is the output of a program", () => {
  for (const page of pages.filter((name) => !name.startsWith("docs/internals/"))) {
    const blocks = blocksOf(read(page));
    const shown = blocks.filter(({ output }) => output !== undefined);
    assert.is(blocks.filter(({ language }) => language === "text").length, shown.length, page);
    assert.equal(
      shown.filter(({ language }) => language !== "js" && language !== "ts").map(({ line }) => line),
      [],
      page,
    );
  }
});

test("every block has a language, and every quoted link is closed", () => {
  for (const page of pages) {
    assert.equal(
      blocksOf(read(page)).filter(({ language }) => language === ""),
      [],
      page,
    );
    assert.not.match(proseOf(read(page)), /\]\([^)]*$/m, page);
  }
});
