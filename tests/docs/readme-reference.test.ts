// The README speaks of everything public, and says of it what the code says.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as main from "wasm-ioloop";
import * as core from "wasm-ioloop/core";
import * as testing from "wasm-ioloop/testing";
import { type Declaration, declarations, exportsOf, stringsOf } from "../package/declarations.ts";
import { harness } from "../support/harness.ts";
import { type Section, sectionsOf } from "./markdown.ts";
import { filesIn, root } from "../support/paths.ts";

const test = harness("readme-reference");
const readme = readFileSync(join(root, "README.md"), "utf8");
const sections = sectionsOf(readme);
const declared = declarations();

/** In which section the members of a declaration stand; the first heading of that level. */
const PLACES: Readonly<Record<string, readonly [title: string, level: number]>> = {
  Alarm: ["Clocks", 3],
  Client: ["Client", 3],
  ClientEvents: ["Client", 3],
  ClientOptions: ["Client", 3],
  Clock: ["Clocks", 3],
  Core: ["The core", 3],
  CoreExports: ["The core", 3],
  Delay: ["Delay", 3],
  DelayEvents: ["Delay", 3],
  ClientTlsOptions: ["TLS", 3],
  ServerTlsOptions: ["TLS", 3],
  DropInfo: ["Events", 2],
  EventEmitter: ["EventEmitter", 3],
  IOLoop: ["IOLoop", 3],
  IOLoopError: ["IOLoopError", 3],
  IOLoopEvents: ["Events", 2],
  IOLoopOptions: ["IOLoop", 3],
  ListenerOptions: ["Server", 3],
  Reactor: ["Reactor", 3],
  ReactorEvents: ["Reactor", 3],
  ReactorOptions: ["Reactor", 3],
  Server: ["Server", 3],
  ServerEvents: ["Server", 3],
  StartOptions: ["IOLoop", 3],
  StopOptions: ["IOLoop", 3],
  Stream: ["Stream", 3],
  StreamEvents: ["Stream", 3],
  SystemClock: ["Clocks", 3],
  VirtualClock: ["Clocks", 3],
};
/** Types that have members nobody needs to be told of one by one. */
const WHOLE = new Set(["CoreMemory", "Events", "Id", "StartOptions", "StreamHandle"]);
/** Named in groups, not each in an entry of its own. */
const GROUPED = new Set(["CoreExports"]);

function section(title: string, level: number): Section {
  const found = sections.find((candidate) => candidate.title === title && candidate.level === level);
  assert.ok(found, `no section "${title}" of level ${level}`);
  return found;
}

/** Whether a text names something in code font. */
function names(text: string, name: string): boolean {
  return new RegExp(`\`(?:\\w+\\.)?${name}\\b[^\`]*\``).test(text);
}

/** Whether a text has an entry for something: a heading, or a row of a table. */
function hasEntry(text: string, name: string): boolean {
  return new RegExp(`^(?:#{2,5} \`?|\\| \`)(?:\\w+\\.)?${name}\\b`, "m").test(text);
}

function missing({ name, members }: Declaration): string[] {
  const place = PLACES[name];
  if (!place) return [`${name} has no place`];
  const { title, text } = section(...place);
  return members
    .filter((member) => !(GROUPED.has(name) ? names : hasEntry)(text, member))
    .map((member) => `${name}: ${member} in "${title}"`);
}

test("the declarations are understood", () => {
  const events = ["read", "write", "drain", "timeout", "error", "close"];
  assert.equal(declared.get("StreamEvents")?.members, events);
  assert.ok(declared.get("IOLoop")!.members.includes("singleton"));
  assert.ok(declared.get("Server")!.members.includes("multiAccept"));
  assert.ok(declared.get("EventEmitter")!.members.includes("unsubscribe"));
  assert.ok(!declared.get("EventEmitter")!.members.includes("pending"));
  for (const [name, value] of Object.entries({ ...main, ...core, ...testing })) {
    if (typeof value !== "function" || !/^class\b/.test(Function.prototype.toString.call(value))) continue;
    const members = declared.get(name)?.members ?? [];
    const own = new Set([value.prototype as object, value].flatMap((it) => Object.getOwnPropertyNames(it)));
    // Every name of the declarations is there when the code runs, but for fields of instances.
    const methods = members.filter((member) => new RegExp(`^  (?:static )?${member}[(<]`, "m").test(textOf(name)));
    assert.equal(
      methods.filter((method) => !own.has(method)),
      [],
      name,
    );
  }
});

function textOf(name: string): string {
  const files = filesIn(join(root, "dist")).filter((file) => file.endsWith(".d.ts"));
  const texts = files.map((file) => readFileSync(join(root, "dist", file), "utf8"));
  const text = texts.find((candidate) => candidate.includes(`declare class ${name} `)) ?? "";
  return text.slice(text.indexOf(`declare class ${name} `)).replace(/^\}[\s\S]*/m, "");
}

for (const [entry, module] of Object.entries({ index: main, core, testing })) {
  test(`every name that ${entry} exports is spoken of`, () => {
    const types = exportsOf(`${entry}.d.ts`);
    const values = Object.keys(module);
    assert.ok(values.length > 0);
    assert.equal(
      values.filter((name) => !types.includes(name)),
      [],
    );
    const where = entry === "core" ? section("The core", 3).text : readme;
    assert.equal(
      types.filter((name) => !names(where, name) && !sections.some(({ title }) => title === name)),
      [],
    );
  });

  test(`every member, event and option of what ${entry} exports has its entry`, () => {
    const wanted = exportsOf(`${entry}.d.ts`)
      .map((name) => declared.get(name))
      .filter((declaration) => declaration !== undefined && !WHOLE.has(declaration.name)) as Declaration[];
    assert.ok(wanted.length > 0);
    assert.equal(wanted.flatMap(missing), []);
  });
}

test("the members of every class stand in alphabetical order, static ones last", () => {
  const key = (name: string): string => (name.startsWith("IOLoop.") ? `~${name}` : name);
  const { text } = section("IOLoop", 3);
  const members = [...text.matchAll(/^#### `([\w.]+)`$/gm)].map((match) => key(match[1]!));
  assert.ok(members.length > 15);
  assert.equal(members, members.toSorted());
  for (const title of ["Stream", "Server", "Client", "Delay", "Reactor", "EventEmitter"]) {
    const table = section(title, 3)
      .text.split(/^\| member +\|/m)[1]!
      .split("\n\n")[0]!;
    const rows = [...table.matchAll(/^\| `(\w+\.)?(\w+)/gm)];
    const own = rows.filter((row) => row[1] === undefined || title === "Reactor").map((row) => row[2]!);
    assert.ok(own.length > 3, title);
    assert.equal(own, own.toSorted(), title);
  }
});

test("every code is in the table of errors, no other is, and each says what the code says", () => {
  const { text } = section("Errors", 2);
  const rows = [...text.matchAll(/^\| `(ERR_\w+)` +\| (.*?) +\| /gm)].map((row) => [row[1]!, row[2]!] as const);
  assert.equal(
    rows.map(([code]) => code),
    stringsOf("index.d.ts", "IOLoopErrorCode"),
  );
  const files = filesIn(join(root, "host")).map((file) => readFileSync(join(root, "host", file), "utf8"));
  for (const [code, says] of rows) {
    for (const [, sentence] of says.matchAll(/`([^`]*)`/g)) {
      const parts = sentence!.split("…");
      const isSaid = files.some((file) => parts.every((part) => file.includes(part)));
      assert.ok(isSaid, `${code}: ${sentence}`);
    }
  }
});

test("every default that a table gives is the one of the declarations", () => {
  const comments = ["net/listener-options", "net/client", "stream/stream", "loop/graceful-stop"]
    .map((file) => readFileSync(join(root, "host", `${file}.ts`), "utf8"))
    .join("\n");
  const given = [...comments.matchAll(/default `?"?([\d.]*\w+)"?`?[^*]*\*\/\s+(?:get |set )*(\w+)/g)];
  assert.ok(given.length > 8);
  for (const [, value, name] of given) {
    const rows = readme.split("\n").filter((line) => line.startsWith(`| \`${name}\``));
    const says = rows.some((row) => new RegExp(`default (?:a |\`"?)?${value!.replaceAll(".", "\\.")}\\b`).test(row));
    assert.ok(says || ["free", "that"].includes(value!), `${name}: default ${value}`);
  }
});
