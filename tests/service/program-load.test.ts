// Files that cannot be loaded: the message has the file, the line and the reason, and nothing of the package.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { describe } from "../../host/service/program-errors.ts";
import { load } from "../../host/service/program-load.ts";
import { harness, isBun, isDeno } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("program-load");

const folder = mkdtempSync(join(tmpdir(), "ioloop-load-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

async function refusal(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, text);
  try {
    await load(file);
  } catch (error) {
    return describe(error);
  }
  return "nothing";
}

test("modules of every kind are loaded", async () => {
  for (const [name, text] of Object.entries({
    "one.mjs": "export default (request, response) => response.end();",
    "two.cjs": "module.exports = (request, response) => response.end();",
    "three.cjs": "exports.handler = (request, response) => response.end();",
    "four.mjs": "export default await Promise.resolve({ fetch: () => new Response() });",
  })) {
    const file = join(folder, name);
    writeFileSync(file, text);
    assert.is((await load(file)).served?.kind, name === "four.mjs" ? "fetch" : "handler", name);
  }
});

test("errors of a program say where they are", async () => {
  const syntax = await refusal("syntax.mjs", "export default (request, response) => {\n  response.end(;\n};\n");
  assert.match(syntax, /syntax\.mjs:2\b/);
  assert.match(syntax, /SyntaxError/);
  assert.ok(syntax.includes("response.end(;\n"), syntax);
  const inner = await refusal("outer.mjs", `import "./syntax.mjs";\nexport const handler = () => {};\n`);
  assert.match(inner, /syntax\.mjs:2\b/);
  assert.match(await refusal("missing.mjs", 'import "./nowhere.mjs";\n'), /nowhere\.mjs/);
  const lacking = await refusal("lacking.mjs", 'import { nothing } from "./one.mjs";\nexport default nothing;\n');
  assert.match(lacking, isBun ? /one\.mjs/ : /lacking\.mjs/);
  const thrown = await refusal("throws.mjs", "function start() {\n  throw new Error('no database');\n}\nstart();\n");
  assert.match(thrown, /^Error: no database\n\s+at start \([^\n]*throws\.mjs:2:/);
  assert.not.match(thrown, /node:internal|ext:/);
  const cause = await refusal("cause.mjs", "throw new Error('outer', { cause: new TypeError('inner') });\n");
  assert.match(cause, /Error: outer[^]*cause\.mjs:1:[^]*TypeError: inner[^]*cause\.mjs:1:/);
  assert.is(await refusal("value.mjs", "throw 'just text';\n"), "'just text'");
});

test("TypeScript: it is loaded where the runtime runs it, and elsewhere the message says what does", async () => {
  if (isBun || isDeno || (process.features as { typescript?: unknown }).typescript) {
    assert.is((await load(join(root, "examples/command/fetch.ts"))).served?.kind, "fetch");
    return;
  }
  const says = `Node ${process.versions.node} does not run TypeScript: use Node 22.18 or newer, Bun or Deno, or compile it first`;
  assert.is(await refusal("typed.ts", "export default 1 as number;\n"), `${join(folder, "typed.ts")}: ${says}`);
});

test("errors of other libraries, whatever their members are", () => {
  class Strange extends Error {
    override get stack(): string {
      throw new Error("no stack");
    }
  }
  const errors = [
    Object.assign(new Error("duplicate key"), { code: 11_000 }),
    Object.assign(new Error("validation"), { errors: { name: new Error("required") } }),
    Object.assign(new Error("odd stack"), { stack: 7 }),
    new DOMException("too late", "TimeoutError"),
    { [Symbol.for("nodejs.util.inspect.custom")]: () => assert.unreachable() },
    new Strange("without a stack"),
  ];
  for (const error of errors) assert.type(describe(error), "string");
  assert.match(describe(errors[0]), "duplicate key");
  assert.match(describe(errors[3]), "too late");
});
