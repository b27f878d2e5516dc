// The host in C is small, builds without warnings, and reports missing tools; the one in docs/internals/abi.md prints what is documented.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Decision, Due, Phase, State } from "wasm-ioloop/core";
import { build, canBuild, folderOf, make, root, source } from "./c-host-process.ts";
import { Program } from "../examples/example-process.ts";
import { harness } from "../support/harness.ts";
import { blocksOf } from "../docs/markdown.ts";

const test = harness("c-host-build");
const LONGEST = 500;
const WIDEST = 120;

test(`it has less than ${LONGEST} lines in all`, () => {
  const files = readdirSync(source).filter((file) => /\.[ch]$/.test(file));
  assert.ok(files.includes("core.h") && files.length > 3);
  const lines = files.flatMap((file) => readFileSync(join(source, file), "utf8").trimEnd().split("\n"));
  assert.ok(lines.length < LONGEST, `${lines.length} lines`);
  assert.equal(
    lines.filter((line) => line.length > WIDEST || /\s$|\t/.test(line)),
    [],
  );
});

test("its numbers are those of the core's binding", () => {
  const header = readFileSync(join(source, "core.h"), "utf8");
  for (const [name, numbers] of Object.entries({ due: Due, decision: Decision, phase: Phase, state: State })) {
    const members = new RegExp(`^enum ${name} \\{ ([^}]*) \\};$`, "m").exec(header)![1]!.split(/,\s+/);
    const found: Record<string, number> = {};
    let next = 0;
    for (const member of members) {
      const [key = "", value] = member.split(" = ");
      found[key] = value === undefined ? next : Number(value);
      next = found[key] + 1;
    }
    const expected = Object.entries(numbers).map(([key, value]) => [`${name.toUpperCase()}_${key}`, value]);
    assert.equal(Object.entries(found), expected);
  }
});

/** The exit code of a build, and its errors, without make's own messages. */
function complaint(...args: string[]): string {
  const { status, stderr } = make(`BUILD=${folderOf("never")}`, ...args);
  return `${status}: ${stderr.replaceAll(/^make.*\n/gm, "")}`;
}

if (canBuild) {
  test("it builds without warnings", () => {
    for (const kind of ["plain", "sanitized"] as const) build(kind);
  });

  test("missing tools are reported", () => {
    assert.match(complaint("CORE=/nowhere/core.wasm"), /^2: \/nowhere\/core\.wasm is missing: npm ci && npm run build/);
    assert.match(complaint("WASM2C=no-wasm2c"), /^2: wasm2c is missing: apt-get install wabt/);
    assert.match(complaint("CC=no-cc"), /^2: a C compiler is missing: apt-get install gcc libc6-dev/);
    assert.match(complaint("WASM_RT=/nowhere"), /^2: \/nowhere\/wasm-rt-impl\.c is missing: apt-get install wabt/);
  });

  test("invalid options, and a port in use, are errors", async () => {
    const echo = join(build("plain"), "echo");
    const run = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(echo, args, { encoding: "utf8", timeout: 10_000 });
      return `${status}: ${stdout}${stderr}`;
    };
    const wrong = [
      "--port=x",
      "--port=",
      "--port=65536",
      "--timeout=-1",
      "--grace=nan",
      "--stats=inf",
      "--none=1",
      "word",
    ];
    for (const option of wrong) assert.match(run(option), /^2: (.*\n)?echo: options are --port, /, option);
    assert.match(run("--port"), /^2: (.*\n)?echo: options are --port, /);
    assert.is(run("--max-connections=1.5"), "2: echo: a limit is a whole number\n");
    const server = new Program(echo, []);
    const port = await server.port();
    assert.is(run(`--port=${port}`), "1: echo: listen: Address already in use\n");
    server.kill("SIGTERM");
    assert.is(await server.ending(), "code 0");
  });

  test("the C host in docs/internals/abi.md, built as documented, prints the same as the one in JavaScript", () => {
    const blocks = blocksOf(readFileSync(join(root, "docs/internals/abi.md"), "utf8"));
    const at = blocks.findIndex(({ language }) => language === "c");
    const [program, commands] = blocks.slice(at);
    const { output } = blocks.find(({ language }) => language === "js")!;
    const folder = folderOf("document");
    mkdirSync(folder);
    for (const name of ["dist", "examples"]) symlinkSync(join(root, name), join(folder, name));
    writeFileSync(join(folder, "host.c"), program!.text);
    const run = (line: string): string => {
      const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", line], { cwd: folder, encoding: "utf8" });
      return `${status}: ${stderr}${stdout}`;
    };
    assert.is(commands!.language, "sh");
    assert.is(run(commands!.text), "0: ");
    assert.is(run("./host"), `0: ${output}`);
    const strict = "-std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only";
    assert.is(run(`cc ${strict} -I . -I examples/c-host host.c`), "0: ");
  });
}
