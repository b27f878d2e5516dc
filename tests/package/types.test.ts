// The declarations as users' compilers read them: correct programs compile, and wrong ones do not.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";

const test = harness("types");
const DIRECTIVE = "// @ts-expect-error";

/** The compiler's messages about files, and about all declarations that they import. */
async function complaints(files: readonly string[], ...options: string[]): Promise<string[]> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  // With the options of a strict user instead of the project's. Node's types are not listed in `types`.
  const strict = ["--ignoreConfig", "--noEmit", "--pretty", "false", "--strict", "--exactOptionalPropertyTypes"];
  const all = [tsc, ...strict, "--target", "es2022", "--skipLibCheck", "false", ...options, ...files];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, all, { cwd: root });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      const lines = output.split("\n").filter((line) => line !== "");
      resolve(code === 0 || lines.length > 0 ? lines : [`the compiler ended with code ${code}`]);
    });
  });
}

const files = ["good", "bad", "good-promises", "bad-promises", "good-timers"].map(
  (name) => `tests/package/types/${name}.ts`,
);

test("correct programs compile; every wrong line is an error", async () => {
  assert.equal(await complaints(files, "--module", "nodenext"), []);
}, 90);

test("the same for a bundler", async () => {
  assert.equal(await complaints(files, "--module", "esnext", "--moduleResolution", "bundler"), []);
}, 90);

test("the core and the virtual clock need neither the types of the DOM nor those of Node", async () => {
  const options = ["--module", "nodenext", "--lib", "es2022"];
  assert.equal(await complaints(["tests/package/types/anywhere.ts"], ...options), []);
}, 90);

test("every declaration of the package is valid on its own", async () => {
  const declarations = filesIn(join(root, "dist")).filter((file) => file.endsWith(".d.ts"));
  assert.equal(
    declarations,
    ["admin", "core", "framing", "index", "prefork", "shared", "testing", "timers-promises", "timers"].map(
      (name) => `${name}.d.ts`,
    ),
  );
  const paths = declarations.map((file) => join("dist", file));
  assert.equal(await complaints(paths, "--module", "nodenext"), []);
}, 90);

test("every wrong line is marked", () => {
  for (const [name, least] of [
    ["bad", 150],
    ["bad-promises", 30],
  ] as const) {
    const lines = readFileSync(join(root, `tests/package/types/${name}.ts`), "utf8")
      .trimEnd()
      .split("\n");
    const refused = lines.slice(lines.indexOf("// Refused from here on") + 1);
    assert.ok(refused.length > least);
    refused.forEach((line, index) => {
      assert.is(line === DIRECTIVE, index % 2 === 0, `line ${lines.length - refused.length + index + 1}: ${line}`);
    });
  }
});
