// The layout of the repository: small files, imports in one direction, and internals that stay internal.

import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { declarations } from "./declarations.ts";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";

const test = harness("layout");

const LONGEST = 300;
const FOLDERS = ["assembly", "host", "tests", "bench", "examples"];

/** The rooms of host/, and the others that each may import from: those below it, for types, too. */
const GROUND = ["base"];
const CORE = [...GROUND, "core"];
const TIME = [...CORE, "time"];
const ENGINE = [...TIME, "engine"];
const REACTOR = [...ENGINE, "socket", "reactor"];
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: GROUND,
  core: CORE,
  time: TIME,
  socket: [...GROUND, "socket"],
  engine: ENGINE,
  reactor: REACTOR,
  framing: [...GROUND, "framing"],
  timers: [...CORE, "timers"],
  stream: [...REACTOR, "framing", "stream"],
  net: [...REACTOR, "net"],
  loop: [...REACTOR, "framing", "stream", "net", "loop"],
  service: [...GROUND, "", "service"], // it uses the package as a program does
};
/** Rooms that may use modules of Node, and single files of other rooms that may. */
const NODE_ROOMS = new Set(["socket", "reactor", "stream", "net", "service"]);
const NODE_FILES = new Set([
  "engine/async-context",
  "loop/http-connection",
  "loop/http-drain",
  "loop/http-requests",
  "loop/served",
]);
/** Modules that also run in a browser, with all their imports. */
const ANYWHERE = ["core/core", "time/virtual-clock", "timers/timers", "timers/promises"];
/** Imports that may form a circle within a room, because the public API makes the two files refer to each other: in functions only. */
const CIRCLES = new Set(["loop/delay → loop/ioloop"]);

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
const text = new Map(
  filesIn(join(root, "host"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file.replace(/\.ts$/, ""), read("host", file)]),
);

/** The room of a file; that of `index` is "". */
function roomOf(name: string): string {
  return name.includes("/") ? dirname(name) : "";
}

/** The imports and re-exports of a source file. Type-only ones are marked. */
function importsOf(source: string): Import[] {
  const statements = source.matchAll(/^(?:import|export)\s+(type\s)?([^;"'=(]*?)(?:\sfrom\s+)?"([^"]+)";/gm);
  return [...statements].map(([, type, what = "", from]) => {
    const names = /\{([^}]*)\}/
      .exec(what)?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "");
    const beside = what.replace(/\{[^}]*\}/, "").replaceAll(/[\s,]/g, "");
    // If there are only types inside the braces and nothing outside, the import is removed by the compiler.
    const areTypes = names !== undefined && beside === "" && names.every((name) => /^\s*type\s/.test(name));
    return { from: from!, isType: type !== undefined || areTypes };
  });
}

/** The files of host/ that a file imports from; with `valuesOnly`, without type-only imports. */
function below(name: string, valuesOnly = true): string[] {
  return importsOf(text.get(name) ?? "")
    .filter(({ from, isType }) => !(valuesOnly && isType) && from.startsWith("."))
    .map(({ from }) => join(dirname(name), from).replace(/\.ts$/, ""));
}

/** All files that a file imports, directly or indirectly, and itself. */
function reach(name: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const next of below(name)) reach(next, seen);
  return seen;
}

function run(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: root, maxBuffer: 2 ** 24 }, (error, output) => {
      if (error) reject(error);
      else resolve(output);
    });
  });
}

test(`no file has more than ${LONGEST} lines`, () => {
  const all = FOLDERS.flatMap((folder) => filesIn(join(root, folder)).map((file) => join(folder, file)));
  const files = all.filter((file) => !file.endsWith("package-lock.json"));
  assert.ok(files.length > 40);
  const long = files.map((file) => [file, read(file).split("\n").length - 1] as const);
  assert.equal(
    long.filter(([, lines]) => lines > LONGEST),
    [],
  );
});

test("imports are parsed correctly", () => {
  const source = 'import a from "./a.ts";\nimport { type B } from "./b.ts";\nimport type { C } from "./c.ts";\n';
  const more = 'import {\n  type D,\n  e,\n} from "./d.ts";\nexport { type F } from "./f.ts";\nimport "./g.ts";\n';
  assert.equal(
    importsOf(source + more).map(({ from, isType }) => `${from} ${isType}`),
    ["./a.ts false", "./b.ts true", "./c.ts true", "./d.ts false", "./f.ts true", "./g.ts false"],
  );
  for (const [name, source] of text) {
    const lines = [...source.matchAll(/^(?:import\s|export [^;]* from ")/gm)];
    assert.is(importsOf(source).length, lines.length, name);
  }
});

test("imports between files of host/ form no circle, types included", () => {
  const order: string[] = [];
  const left = new Set(text.keys());
  for (let found = true; found;) {
    found = false;
    for (const name of left) {
      const missing = below(name, false).filter((other) => !order.includes(other));
      if (!missing.every((other) => CIRCLES.has(`${name} → ${other}`))) continue;
      order.push(name);
      left.delete(name);
      found = true;
    }
  }
  assert.equal([...left], [], "these files import each other in a circle, or a file that does not exist");
});

test("every file is in a room, and imports only from its own room and rooms below, types included", () => {
  const wrong: string[] = [];
  for (const name of text.keys()) {
    const room = roomOf(name);
    if (room === "") {
      assert.is(name, "index");
      continue;
    }
    assert.ok(ROOMS[room], `${name} is in an unknown room`);
    for (const other of below(name, false))
      if (!ROOMS[room].includes(roomOf(other))) wrong.push(`${name} imports ${other}`);
  }
  assert.equal(wrong, []);
  for (const room of Object.keys(ROOMS))
    assert.ok(
      [...text.keys()].some((name) => roomOf(name) === room),
      room,
    );
});

test("only rooms that deal with sockets, and a few single files, import Node's modules", () => {
  for (const [name, source] of text) {
    if (NODE_ROOMS.has(roomOf(name)) || NODE_FILES.has(name)) continue;
    const nodes = importsOf(source).filter(({ from }) => from.startsWith("node:"));
    assert.equal(nodes, [], name);
  }
});

test("the core's binding and the virtual clock do not need Node", () => {
  for (const entry of ANYWHERE) {
    for (const name of reach(entry)) {
      const imports = importsOf(text.get(name)!);
      const outside = imports.filter(({ from, isType }) => !isType && !from.startsWith("."));
      assert.equal(outside, [], name);
    }
  }
});

test("nor do their bundles: one file per entry point, one that they share, and one that those of the timers share", () => {
  const files = new Map<string, string[]>();
  for (const name of readdirSync(join(root, "dist")).filter((file) => file.endsWith(".js"))) {
    files.set(
      `./${name}`,
      [...read("dist", name).matchAll(/^import [^"]*"([^"]+)";/gm)].map(([, from]) => from!),
    );
  }
  assert.equal([...files.keys()].toSorted(), [
    "./admin.js",
    "./cli.js",
    "./core.js",
    "./framing.js",
    "./index.js",
    "./prefork.js",
    "./service.js",
    "./shared.js",
    "./testing.js",
    "./timers-promises.js",
    "./timers-shared.js",
    "./timers.js",
  ]);
  assert.equal(files.get("./core.js"), []);
  assert.equal(files.get("./testing.js"), ["./shared.js"]);
  assert.equal(files.get("./framing.js"), ["./shared.js"]);
  assert.equal(files.get("./shared.js"), []);
  assert.equal(files.get("./service.js"), []);
  for (const service of ["./admin.js", "./prefork.js"]) {
    const own = files.get(service)!.filter((from) => !from.startsWith("node:") && from !== "./index.js");
    assert.equal(own, ["./service.js"]);
  }
  const ofCommand = files.get("./cli.js")!.filter((from) => !from.startsWith("node:"));
  assert.equal(ofCommand.toSorted(), ["./admin.js", "./index.js", "./prefork.js"]);
  for (const name of ["timers", "timers-promises", "timers-shared"])
    assert.equal(
      files.get(`./${name}.js`)!.filter((from) => from.startsWith("node:") || from === "./index.js"),
      [],
      name,
    );
  assert.equal(
    files
      .get("./index.js")!
      .filter((from) => !from.startsWith("node:"))
      .toSorted(),
    ["./core.js", "./shared.js"],
  );
});

test("only the rooms of the core, of time, of the engine and of the timers call the core", () => {
  const rooms = new Set(["core", "time", "engine", "timers"]);
  for (const [name, source] of text)
    if (!rooms.has(roomOf(name))) assert.not.match(source, /\.calls\b|\{ calls \}/, name);
});

test("only the binding of the core touches WebAssembly", () => {
  for (const [name, source] of text) {
    if (name === "core/core") continue;
    const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    assert.not.match(code, /\bWebAssembly\.|@assemblyscript/, name);
  }
});

test("timers and microtasks come from base/runtime, so that fake timers do not replace them", () => {
  const names =
    /(?<![.\w#"]|function )(setTimeout|setInterval|setImmediate|queueMicrotask|performance\.now|process\.nextTick)\b\(/g;
  for (const [name, source] of text) {
    if (name === "base/runtime") continue;
    const taken = /import \{([^}]*)\} from "[./]*base\/runtime\.ts";|import \{([^}]*)\} from "\.\/runtime\.ts";/.exec(
      source,
    );
    for (const [, used] of source.matchAll(names)) {
      const isMethod = new RegExp(`^  (?:async )?${used}\\(`, "m").test(source);
      assert.ok(isMethod || (taken?.[1] ?? taken?.[2] ?? "").includes(used!), `${name}: ${used}`);
    }
  }
});

test("no generated file is tracked", async () => {
  if (!existsSync(join(root, ".git"))) return; // a copy without Git history
  const tracked = (await run("git", "ls-files")).trimEnd().split("\n");
  assert.ok(tracked.includes("package.json"));
  const made = /^(?:build|dist|node_modules)\/|^host\/core\/wasm\.ts$|\.(?:wasm|wat|tgz|tsbuildinfo|map|log)$/;
  assert.equal(
    tracked.filter((file) => made.test(file)),
    [],
  );
  assert.is(await run("git", "ls-files", "--cached", "--ignored", "--exclude-standard"), "");
});

test("internal members are not in the declarations", () => {
  const all = declarations();
  let count = 0;
  for (const [file, source] of text) {
    const marked =
      /^export (?:abstract )?class (\w+)|@internal \*\/\n\s+(?:static |readonly |get |set |override )*(\w+)/gm;
    let members: readonly string[] = [];
    for (const [, name, member] of source.matchAll(marked)) {
      if (name !== undefined) members = all.get(name)?.members ?? [];
      if (member === undefined) continue;
      count++;
      assert.not.ok(members.includes(member), `${file}: ${member}`);
    }
  }
  assert.ok(count > 20);
  for (const file of filesIn(join(root, "dist")).filter((name) => name.endsWith(".d.ts"))) {
    assert.not.match(read("dist", file), "@internal", file);
  }
  const classes = ["IOLoop", "Reactor", "Stream", "Server", "Client", "GuardedEmitter", "EventEmitter", "VirtualClock"];
  for (const name of classes) {
    assert.equal(
      all.get(name)!.members.filter((member) => /^(?:engine|id|fire|join|record|suspend|resume)$/.test(member)),
      [],
      name,
    );
  }
});
