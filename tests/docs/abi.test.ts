// docs/internals/abi.md agrees with the module.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { BATCH, Code, Core, Decision, Due, Phase, State, Transition } from "wasm-ioloop/core";
import { harness, script } from "../support/harness.ts";
import { source } from "../hosts/replay/exports.ts";
import { root } from "../support/paths.ts";

const test = harness("abi");

const document = readFileSync(join(root, "docs/internals/abi.md"), "utf8");
const { calls } = new Core(1);

function section(title: string): string {
  const from = document.indexOf(`## ${title}\n`);
  const to = document.slice(from + 3).search(/^## /m);
  return document.slice(from, to < 0 ? undefined : from + 3 + to);
}

// The rows of the tables in a section, without the header and the separator.
function rows(title: string): string[][] {
  return section(title)
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll("`", "")));
}

// The exports as the document lists them: name, parameters, and what they give.
const listed = section("Exports")
  .replaceAll(/\n {2}/g, " ")
  .split("\n")
  .filter((line) => line.startsWith("- "))
  .map((line) => /^- `(\w+)\((.*?)\)`(?: → ([^;]+))?; \S/.exec(line) ?? assert.unreachable(line))
  .map((match) => [...match!].slice(1) as [name: string, parameters: string, result?: string]);

test("every export is in the document, and every name in the document is exported", () => {
  const documented = listed.map(([name]) => name);
  const exported = Object.keys(calls).filter((name) => name !== "memory");
  assert.equal(documented.slice().sort(), exported.sort());
  assert.match(document, "`memory` is exported too");
});

test("parameters and their types are as in the source", () => {
  for (const [name, parameters, result] of listed) {
    const found = new RegExp(`export function ${name}\\(([^)]*)\\): (\\w+)`).exec(source);
    assert.ok(found, name);
    const types = (text: string): string =>
      text
        .replaceAll(/u32|usize/g, "i32")
        .replaceAll(/\s+/g, " ")
        .replace(/,? ?$/, "")
        .trim();
    assert.is(parameters, types(found[1]!), name);
    assert.is(result === undefined, found[2] === "void", name);
  }
});

test("codes, answers, decisions and phases are as in the binding", () => {
  const pairs = (title: string): Record<string, number> =>
    Object.fromEntries(rows(title).map(([name, value]) => [name!.replace(/^ERR_/, ""), Number(value)]));
  const decisions = [...section("Decisions").matchAll(/^- `(\w+)` = (\d+): /gm)];
  assert.equal(pairs("Codes"), { ...Code });
  assert.equal(pairs("Answers of handleDue"), { ...Due });
  assert.equal(Object.fromEntries(decisions.map(([, name, value]) => [name, Number(value)])), { ...Decision });
  assert.equal(pairs("Phases"), { ...Phase });
});

test("codes are as in the core's source", () => {
  const memory = readFileSync(join(root, "assembly/memory.ts"), "utf8");
  for (const [name, value] of rows("Codes")) assert.match(memory, `export const ${name}: i32 = ${value};`);
});

test("the transition table is that of the module", () => {
  const states = Object.keys(State);
  const line = (cells: string[]): string =>
    cells
      .map((cell) => cell.padEnd(12))
      .join("")
      .trimEnd();
  const table = [
    line(["", ...states]),
    ...Object.entries(Transition).map(([event, number]) =>
      line([event, ...states.map((_, state) => states[calls.nextState(state, number)] ?? "-")]),
    ),
  ];
  assert.ok(document.includes(table.join("\n")), table.join("\n"));
});

test("version, batch and addresses are as documented", () => {
  assert.match(document, `this page is about **${calls.version()}**`);
  assert.match(document, `up to ${BATCH} \`f64\``);
  const { activity, due } = new Core(2);
  assert.is(due.byteOffset, calls.dueAddress());
  assert.is(activity.byteOffset, calls.activityAddress());
});

test("a timer is 32 bytes, a connection 72, an acceptor 64, and the activity never moves", () => {
  const core = new Core(3);
  const pages = (): number => core.calls.memory.buffer.byteLength / 65_536;
  const grown = (count: number, make: () => unknown): number => {
    const before = pages();
    for (let i = 0; i < count; i++) make();
    return ((pages() - before) * 65_536) / count;
  };
  const near = (bytes: number, expected: number): boolean => Math.abs(bytes - expected) < 1;
  const address = core.calls.activityAddress();
  assert.ok(
    near(
      grown(1 << 17, () => core.calls.handleTimer(1, 0, 0)),
      32,
    ),
  );
  assert.ok(
    near(
      grown((1 << 17) - 1, () => core.calls.handleTrack(0, 0)), // slot 0 is not used
      72,
    ),
  );
  assert.ok(
    near(
      grown((1 << 17) - 1, () => core.calls.handleAcceptor(0)),
      64,
    ),
  );
  assert.is(core.calls.activityAddress(), address);
});

test("the programs in the document run, and print the documented output", () => {
  const programs = [...document.matchAll(/```js\n([^`]*(?:`[^`]+`[^`]*)*?)```\n\n```text\n([^`]*)```/g)];
  assert.is(programs.length, 2);
  const folder = mkdtempSync(join(root, "build/abi-"));
  try {
    for (const [, program, output] of programs) {
      const file = join(folder, "host.mjs");
      writeFileSync(file, program!);
      const { stdout, stderr } = spawnSync(process.execPath, script(file), {
        cwd: root,
        encoding: "utf8",
        timeout: 20_000,
      });
      assert.is(stderr, "");
      assert.is(stdout, output);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
