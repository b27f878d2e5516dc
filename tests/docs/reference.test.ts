// The reference has an entry for everything public, and agrees with the code.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as main from "wasm-ioloop";
import * as admin from "wasm-ioloop/admin";
import * as core from "wasm-ioloop/core";
import * as framing from "wasm-ioloop/framing";
import * as prefork from "wasm-ioloop/prefork";
import * as testing from "wasm-ioloop/testing";
import * as timers from "wasm-ioloop/timers";
import * as promises from "wasm-ioloop/timers/promises";
import { type Declaration, declarations, declarationText, exportsOf, stringsOf } from "../package/declarations.ts";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";
import { sectionsOf } from "./markdown.ts";
import { pages, read } from "./pages.ts";

const test = harness("reference");
const declared = declarations();

/** The page of docs/api/ that has the members of a declaration. */
const PLACES: Readonly<Record<string, string>> = {
  Alarm: "clock",
  Client: "client",
  ClientEvents: "client",
  ClientOptions: "client",
  ClientTlsOptions: "client",
  Clock: "clock",
  Core: "core",
  CoreExports: "core",
  Delay: "delay",
  DelayEvents: "delay",
  DropInfo: "ioloop",
  EventEmitter: "event-emitter",
  LengthPrefixedOptions: "framing",
  LinesOptions: "framing",
  IOLoop: "ioloop",
  IOLoopError: "errors",
  IOLoopEvents: "ioloop",
  IOLoopOptions: "ioloop",
  ListenerOptions: "server",
  PreforkOptions: "prefork",
  PreforkWorker: "prefork",
  Reactor: "reactor",
  ReactorEvents: "reactor",
  ReactorOptions: "reactor",
  Server: "server",
  ServerEvents: "server",
  ServerTlsOptions: "server",
  StartOptions: "ioloop",
  StopOptions: "ioloop",
  Stream: "stream",
  StreamEvents: "stream",
  StreamReader: "stream-reader",
  SystemClock: "clock",
  Timeout: "timers",
  TimerOptions: "timers",
  VirtualClock: "clock",
};
/** Classes whose members each have an entry with a signature. */
const CLASSES = [
  "IOLoop",
  "Stream",
  "Server",
  "Client",
  "Reactor",
  "Delay",
  "EventEmitter",
  "Core",
  "VirtualClock",
  "StreamReader",
];
/** Types whose members need no entry. */
const WHOLE = new Set([
  "CoreMemory",
  "DelimitedOptions",
  "Events",
  "Framer",
  "HeadedFrame",
  "Id",
  "LimitedReadOptions",
  "ListeningServer",
  "PipeOptions",
  "ProxyHeaderOptions",
  "ProxyInfo",
  "ProxySource",
  "ProxySsl",
  "ProxyTlv",
  "ReadOptions",
  "SignalOptions",
  "Spliced",
  "StartOptions",
  "StreamDuplex",
  "StreamHandle",
  "StreamOptions",
  "TlsInfo",
  "WebStreams",
]);
/** Members that are documented in groups, without a separate entry. */
const GROUPED = new Set(["CoreExports"]);

const api = pages.filter((page) => page.startsWith("docs/api/"));

function page(name: string): string {
  return read(`docs/api/${PLACES[name] ?? name}.md`);
}

/** Whether a text names something in code font. */
function names(text: string, name: string): boolean {
  return new RegExp(`\`[^\`\n]*\\b${name}\\b[^\`\n]*\``).test(text);
}

/** Whether a text has an entry for a name: a heading, or an item of a list. */
function hasEntry(text: string, name: string): boolean {
  return new RegExp(`^(?:### \`(?:\\w+\\.)?|- \`)${name}\``, "m").test(text);
}

function missing({ name, members }: Declaration): string[] {
  if (!PLACES[name]) return [`${name} has no page`];
  const text = page(name);
  return members
    .filter((member) => !(GROUPED.has(name) ? names : hasEntry)(text, member))
    .map((member) => `${name}: ${member} in ${PLACES[name]}.md`);
}

/** The members of a class and of its base classes, down to EventEmitter. */
function allMembers(name: string): string[] {
  const base = new RegExp(`\\bclass ${name}(?:<.*?>)? extends (\\w+)`).exec(DECLARED)?.[1];
  const own = declared.get(name)?.members ?? [];
  return base === undefined || base === "EventEmitter" || base === "Error" ? [...own] : [...own, ...allMembers(base)];
}

const DECLARED = filesIn(join(root, "dist"))
  .filter((file) => file.endsWith(".d.ts"))
  .map(declarationText)
  .join("\n");

test("the declarations are parsed correctly", () => {
  const events = ["read", "write", "drain", "end", "timeout", "error", "close"];
  assert.equal(declared.get("StreamEvents")?.members, events);
  assert.ok(declared.get("IOLoop")!.members.includes("singleton"));
  assert.ok(declared.get("Server")!.members.includes("multiAccept"));
  assert.ok(declared.get("EventEmitter")!.members.includes("unsubscribe"));
  assert.ok(!declared.get("EventEmitter")!.members.includes("pending"));
  for (const member of ["bytesRead", "reactor", "toJSON", "write"]) assert.ok(allMembers("Stream").includes(member));
  for (const [name, value] of Object.entries({ ...main, ...core, ...testing })) {
    if (typeof value !== "function" || !/^class\b/.test(Function.prototype.toString.call(value))) continue;
    const members = declared.get(name)?.members ?? [];
    const own = new Set([value.prototype as object, value].flatMap((it) => Object.getOwnPropertyNames(it)));
    // Every declared name exists at run time, except fields of instances.
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

for (const [entry, module] of Object.entries({
  index: main,
  admin,
  core,
  framing,
  prefork,
  testing,
  timers,
  "timers-promises": promises,
})) {
  test(`every name that ${entry} exports is in the reference`, () => {
    const types = exportsOf(`${entry}.d.ts`);
    const values = Object.keys(module);
    assert.ok(values.length > 0);
    assert.equal(
      values.filter((name) => !types.includes(name)),
      [],
    );
    const where = (entry === "core" ? ["docs/api/core.md"] : api).map(read).join("\n");
    const titles = new Set(sectionsOf(where).map(({ title }) => title));
    assert.equal(
      types.filter((name) => !names(where, name) && !titles.has(name)),
      [],
    );
  });

  test(`every member, event and option of what ${entry} exports has its entry`, () => {
    const wanted = exportsOf(`${entry}.d.ts`)
      .map((name) => declared.get(name))
      .filter((declaration) => declaration !== undefined && !WHOLE.has(declaration.name)) as Declaration[];
    assert.ok(wanted.length > 0 || entry === "admin"); // which has functions alone
    assert.equal(wanted.flatMap(missing), []);
  });
}

test("every entry of a class begins with its signature, and belongs to a member", () => {
  for (const name of CLASSES) {
    const text = page(name);
    const members = new Set(allMembers(name));
    const wrong = [...members].filter((member) => {
      const entry = new RegExp(`^### \`(?:${name}\\.)?${member}\`\n\n(.*)$`, "m").exec(text)?.[1];
      const signature = new RegExp(`^\`(?:static )?(?:readonly )?${member}(?:\\(|: )`);
      const isOption = new RegExp(`^- \`${member}\` \\(`, "m").test(text); // an option that the constructor declares inline
      return !(entry === undefined ? isOption : signature.test(entry));
    });
    assert.equal(wrong, [], name);
    const entries = [...text.matchAll(/^### `(?:\w+\.)?(\w+)`$/gm)].map((match) => match[1]!);
    assert.equal(
      entries.filter((entry) => !members.has(entry) && PLACES[name] !== "clock"),
      [],
      name,
    );
  }
});

test("the members of every class are in alphabetical order, static ones last", () => {
  const key = (title: string): string => (title.includes(".") ? `~${title}` : title);
  for (const name of CLASSES.filter((candidate) => PLACES[candidate] !== "clock")) {
    const titles = [...page(name).matchAll(/^### `([\w.]+)`$/gm)].map((match) => key(match[1]!));
    assert.ok(titles.length > 3, name);
    assert.equal(titles, titles.toSorted(), name);
  }
});

test("the options and events of every class are in alphabetical order, TLS options last", () => {
  for (const file of api.filter((name) => !name.endsWith("core.md"))) {
    for (const { title, text } of sectionsOf(read(file)).filter(({ level }) => level === 2)) {
      if (!["Constructor", "Options", "Events"].includes(title)) continue;
      const items = [...text.split(/^### /m)[0]!.matchAll(/^- `(\w+)`/gm)].map((match) => match[1]!);
      const sorted = items.toSorted((a, b) => Number(a === "tls") - Number(b === "tls") || (a < b ? -1 : 1));
      assert.equal(items, sorted, `${file}: ${title}`);
    }
  }
});

test("the page of errors has exactly the existing codes, with their messages", () => {
  const text = page("errors");
  const entries = sectionsOf(text).filter(({ title }) => title.startsWith("`ERR_"));
  assert.equal(
    entries.map(({ title }) => title.slice(1, -1)),
    stringsOf("index.d.ts", "IOLoopErrorCode"),
  );
  const files = filesIn(join(root, "host")).map((file) => readFileSync(join(root, "host", file), "utf8"));
  for (const { title, text: entry } of entries) {
    const [, says] = /\n\nSays: ([^]*?)\n\nWhen: /.exec(entry) ?? [];
    assert.ok(says, title);
    for (const [, sentence] of says.matchAll(/`([^`]*)`/g)) {
      const parts = sentence!.split("…");
      const isSaid = files.some((file) => parts.every((part) => file.includes(part)));
      assert.ok(isSaid, `${title}: ${sentence}`);
    }
  }
});

test("every default of an option is as in the declarations", () => {
  const comments = ["net/listener-options", "net/client-options", "stream/stream", "loop/graceful-stop"]
    .map((file) => readFileSync(join(root, "host", `${file}.ts`), "utf8"))
    .join("\n");
  const given = [...comments.matchAll(/[Dd]efault `?"?([\d.]*\w+)"?`?[^*]*\*\/\s+(?:get |set )*(\w+)/g)];
  assert.ok(given.length > 8);
  const items = api.flatMap((file) =>
    [...read(file).matchAll(/^(?:- |### )`(\w+)`([^]*?)(?=^- |^#|^$)/gm)].map(
      (match) => [match[1]!, match[0]] as const,
    ),
  );
  const entries = api.flatMap((file) => sectionsOf(read(file)).filter(({ level }) => level === 3));
  for (const [, value, name] of given) {
    const says = [
      ...items.filter(([item]) => item === name).map(([, text]) => text),
      ...entries.filter(({ title }) => title === `\`${name}\``).map(({ text }) => text),
    ];
    const wanted = new RegExp(`[Dd]efault (?:a |\`"?)?${value!.replaceAll(".", "\\.")}\\b`);
    const isSaid = says.some((text) => wanted.test(text));
    assert.ok(isSaid || ["free", "that", "what", "the"].includes(value!), `${name}: default ${value}`);
  }
});
