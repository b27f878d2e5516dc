// The README is short and links to every page, and its commands exist.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";
import { blocksOf, linksOf } from "./markdown.ts";
import { pages, read } from "./pages.ts";

const test = harness("readme");
const readme = read("README.md");
const manifest = JSON.parse(read("package.json")) as {
  name: string;
  bin: Record<string, string>;
  scripts: Record<string, string>;
};

const COMMANDS = pages.flatMap((page) =>
  blocksOf(read(page))
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split(/\n|&&/))
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((command) => command !== "")
    .map((command) => ({ page, command })),
);

test("it has at most 250 lines", () => {
  assert.ok(readme.trimEnd().split("\n").length <= 250);
});

test("every page of the documents is linked from it, directly or indirectly", () => {
  const linked = new Set(["README.md"]);
  for (const page of linked) {
    const folder = page.includes("/") ? page.replace(/\/[^/]*$/, "/") : "";
    for (const link of linksOf(read(page))) {
      const target = new URL(link, `file:///${folder}`);
      const file = decodeURIComponent(target.pathname.slice(1));
      if (target.protocol === "file:" && pages.includes(file)) linked.add(file);
    }
  }
  assert.equal([...linked].toSorted(), [...pages].toSorted());
});

test("the synopsis in getting-started.md is the example that npm start runs", () => {
  const example = read("examples/synopsis.mjs");
  const shown = blocksOf(read("docs/getting-started.md")).map(({ text }) => text);
  assert.ok(shown.includes(example.slice(example.indexOf("import "))));
  assert.match(manifest.scripts["start"]!, "examples/synopsis.mjs");
});

test("the configurations in deploying.md are the files in examples/deploy", () => {
  const shown = new Set(blocksOf(read("docs/guides/deploying.md")).map(({ text }) => text));
  for (const file of filesIn(join(root, "examples/deploy")))
    assert.ok(shown.has(read(`examples/deploy/${file}`)), file);
});

test("every command exists", () => {
  for (const { page, command } of COMMANDS) {
    const said = `${page}: ${command}`;
    const [program, verb = "", ...args] = command.replace(/^IOLOOP_\w+=\S+ /, "").split(" ");
    const isOurs = args.at(-1) === manifest.name || args.at(-1) === `npm:${manifest.name}`;
    if (program === "npm" && verb === "run") assert.ok(manifest.scripts[args[0]!], said);
    else if (program === "npm" && ["start", "test"].includes(verb)) assert.ok(manifest.scripts[verb], said);
    else if (program === "npm" && verb === "install") assert.ok(isOurs || args.includes("--save-dev"), said);
    else if (program === "npm") assert.equal([verb, ...args], ["ci"], said);
    else if (["bun", "deno", "pnpm", "yarn"].includes(program!)) assert.is(verb, "add", said);
    else if (program === "npx" && verb === manifest.name) assert.ok(manifest.bin[verb], said);
    else if (program === "npx") assert.ok(existsSync(join(root, "node_modules/.bin", verb)), said);
    else if (program === "node") assert.ok(existsSync(join(root, verb)), said);
    else if (program === "wasm2c" || program === "cc" || program === "apt-get") continue;
    else assert.unreachable(said);
  }
  const blocks = blocksOf(readme).filter(({ language }) => language === "sh");
  for (const whole of ["npm ci && npm start", "npm ci && npm test", "npm install wasm-ioloop"]) {
    assert.ok(
      blocks.some(({ text }) => text.split("\n").some((line) => line.replace(/#.*/, "").trim() === whole)),
      whole,
    );
  }
});
