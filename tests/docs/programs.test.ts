// The programs in the documents compile, run, and print what the block below them says.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";
import { type Block, blocksOf } from "./markdown.ts";
import { pages, read } from "./pages.ts";

const test = harness("programs");

const LIMIT_SECONDS = 60; // for one program
const AT_A_TIME = 2;
// On Deno a signal that arrives before its listener is active ends the program.
const SIGNAL_MS = isDeno ? 2000 : 0;
const LOG = /^prefork \d+: .*\n/gm;
const LISTENS = /^Listening on port \d+\n/m;

mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/programs-")); // one per process, as other runtimes may run this file at the same time
process.on("exit", () => rmSync(folder, { recursive: true }));

/** A program of a page. */
interface Program extends Block {
  /** Its place in readable form: `docs/api/stream.md:12`. */
  readonly place: string;
  /** The name of its file. */
  readonly name: string;
}

const programs: readonly Program[] = pages.flatMap((page) =>
  blocksOf(read(page))
    .filter(({ language }) => language === "js" || language === "ts")
    .map((block) =>
      Object.assign(block, {
        place: `${page}:${block.line}`,
        name: `${page.replaceAll(/\W/g, "-")}-${block.line}`,
      }),
    ),
);

interface Ending {
  readonly how: string;
  readonly output: string;
  readonly errors: string;
}

function run(program: string, args: readonly string[], seconds = LIMIT_SECONDS): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", PORT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const limit = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    let [output, errors, isTold] = ["", "", false];
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (!LISTENS.test(output) || isTold) return;
      isTold = true;
      setTimeout(() => child.kill("SIGTERM"), SIGNAL_MS); // a server, which must stop by itself
    });
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      const how = isDeno && isTold ? "code 0" : (signal ?? `code ${code}`); // Deno reports the signal that was sent
      resolve({ how, output, errors });
    });
  });
}

/** Lines as a reader sees them: without the carriage returns and empty lines of HTTP, and with ports made equal. */
function visible(text: string): string[] {
  const lines = text.split(/[\r\n]+/).filter((line) => line !== "");
  return lines.map((line) => line.replace(/^(Listening on port) \d+/, "$1 …"));
}

async function complaints(program: Program): Promise<string[]> {
  const file = join(folder, `${program.name}.mjs`); // the compiler has made it from TypeScript
  if (program.language === "js") writeFileSync(file, program.text);
  const { how, output, errors } = await run(process.execPath, [file]);
  const expected = visible(program.output ?? "").join("\n");
  const got = visible(output).join("\n");
  const wrong: string[] = [];
  if (how !== "code 0") wrong.push(`${program.place}: ended with ${how}\n${errors}`);
  else if (errors.replaceAll(LOG, "") !== "") wrong.push(`${program.place}: wrote to stderr\n${errors}`);
  if (got !== expected) wrong.push(`${program.place}: printed\n${got}\ninstead of\n${expected}`);
  return wrong;
}

// With the compiler's defaults and `strict`: the programs need no annotations, and Node's types need not be listed.
test("every program compiles as strict TypeScript, also those in JavaScript", async () => {
  assert.ok(programs.length > 60);
  const files = programs.map(({ name, text }) => {
    const file = join(folder, `${name}.mts`);
    writeFileSync(file, text);
    return file;
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = ["--ignoreConfig", "--strict", "--module", "nodenext"];
  const { how, output } = await run(process.execPath, [tsc, ...options, ...files], 180);
  assert.is(how, "code 0", output);
}, 200);

for (const page of pages) {
  const all = programs.filter(({ place }) => place.startsWith(`${page}:`));
  const own = all.filter(({ text }) => !isDeno || !text.includes('"node:cluster"')); // Deno does not have that
  if (own.length === 0) continue;
  test(`every program in ${page} runs, ends by itself, and prints what the block below it says`, async () => {
    const queue = [...own];
    const wrong: string[] = [];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) wrong.push(...(await complaints(next)));
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    assert.equal(wrong, []);
  }, 180);
}
