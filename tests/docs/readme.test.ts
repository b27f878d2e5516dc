// What the README shows is true: its programs run and print what stands below them, its commands exist.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { type Block, blocksOf, sectionsOf } from "./markdown.ts";
import { root } from "../support/paths.ts";

const test = harness("readme");
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = blocksOf(readme);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  name: string;
  scripts: Record<string, string>;
};

const LIMIT_SECONDS = 30;
const AT_A_TIME = 2;

mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/readme-")); // of its own: other runtimes may run this at the same time
process.on("exit", () => rmSync(folder, { recursive: true }));

interface Ending {
  readonly how: string;
  readonly output: string;
  readonly errors: string;
}

function run(program: string, args: readonly string[], seconds = LIMIT_SECONDS): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const limit = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      resolve({ how: signal ?? `code ${code}`, output, errors });
    });
  });
}

/** Lines as a reader sees them: HTTP ends its own with a carriage return, and its heads with an empty one. */
function visible(text: string): string[] {
  return text.split(/[\r\n]+/).filter((line) => line !== "");
}

async function complaint(block: Block): Promise<string[]> {
  const file = join(folder, `line-${block.line}.mjs`);
  writeFileSync(file, block.text);
  const { how, output, errors } = await run(process.execPath, [file]);
  const expected = visible(block.output ?? "").join("\n");
  const got = visible(output).join("\n");
  const wrong: string[] = [];
  if (how !== "code 0") wrong.push(`line ${block.line}: ended with ${how}\n${errors}`);
  else if (errors !== "") wrong.push(`line ${block.line}: wrote to stderr\n${errors}`);
  if (got !== expected) wrong.push(`line ${block.line}: printed\n${got}\ninstead of\n${expected}`);
  return wrong;
}

test("every program runs as it stands, ends by itself, and prints what the text block below it says", async () => {
  const programs = blocks.filter(({ language }) => language === "js");
  assert.ok(programs.length > 25);
  const queue = [...programs];
  const wrong: string[] = [];
  const work = async (): Promise<void> => {
    for (let block = queue.shift(); block; block = queue.shift()) wrong.push(...(await complaint(block)));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  assert.equal(wrong, []);
}, 110);

test("every text block is the output of a program", () => {
  const shown = blocks.filter(({ output }) => output !== undefined);
  assert.is(blocks.filter(({ language }) => language === "text").length, shown.length);
  assert.equal(
    shown.filter(({ language }) => language !== "js").map(({ line }) => line),
    [],
  );
});

test("blocks are programs, output, or commands", () => {
  assert.equal(
    blocks.filter(({ language }) => !["js", "ts", "sh", "text"].includes(language)).map(({ line }) => line),
    [],
  );
});

// As it stands, on the compiler's defaults but for `strict`: neither annotations nor the types of Node have to be asked for.
test("every program compiles as strict TypeScript, those in JavaScript too", async () => {
  const files = blocks
    .filter(({ language }) => language === "ts" || language === "js")
    .map(({ line, text }) => {
      const file = join(folder, `line-${line}.mts`);
      writeFileSync(file, text);
      return file;
    });
  assert.ok(files.length > 30);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = ["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext"];
  const { how, output } = await run(process.execPath, [tsc, ...options, ...files], 90);
  assert.is(how, "code 0", output);
}, 90);

test("the synopsis is the example that npm start runs", () => {
  const example = readFileSync(join(root, "examples/synopsis.mjs"), "utf8");
  assert.is(example.slice(example.indexOf("import ")), blocks[0]!.text);
  assert.match(manifest.scripts["start"]!, "examples/synopsis.mjs");
});

test("every command exists", () => {
  const commands = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split(/\n|&&/))
    .map((command) => command.trim())
    .filter((command) => command !== "");
  for (const command of commands) {
    const [program, verb = "", ...args] = command.replace(/^IOLOOP_\w+=\S+ /, "").split(" ");
    if (program === "npm" && verb === "run") assert.ok(manifest.scripts[args[0]!], command);
    else if (program === "npm" && ["start", "test"].includes(verb)) assert.ok(manifest.scripts[verb], command);
    else if (program === "npm" && verb === "install") assert.equal(args, [manifest.name], command);
    else if (program === "npm") assert.equal([verb, ...args], ["ci"], command);
    else if (program === "npx") assert.ok(existsSync(join(root, "node_modules/.bin", verb)), command);
    else if (program === "node") assert.ok(existsSync(join(root, verb)), command);
    else assert.unreachable(command);
  }
  for (const whole of ["npm ci && npm start", "npm ci && npm test", "npm install wasm-ioloop"]) {
    assert.ok(
      blocks.some(({ language, text }) => language === "sh" && text.trim() === whole),
      whole,
    );
  }
});

test("every link inside the repository leads somewhere", () => {
  const anchors = new Map<string, number>();
  const known = new Set<string>();
  for (const { title } of sectionsOf(readme)) {
    const anchor = title
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-");
    const before = anchors.get(anchor) ?? 0;
    anchors.set(anchor, before + 1);
    known.add(before === 0 ? `#${anchor}` : `#${anchor}-${before}`);
  }
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!);
  const dead = links.filter((link) => {
    if (link.startsWith("https://")) return false;
    return link.startsWith("#") ? !known.has(link) : !existsSync(join(root, link));
  });
  assert.equal(dead, []);
});
