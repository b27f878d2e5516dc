// The package as a user gets it: the contents of the packed file.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";

interface Packed {
  readonly file: string;
  readonly files: readonly string[];
  readonly size: number;
}

interface Manifest {
  readonly name: string;
  readonly main: string;
  readonly types: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly repository: { readonly url: string };
  readonly [name: string]: unknown;
}

const folder = mkdtempSync(join(tmpdir(), "ioloop-packed-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

const { pack } = (await import(pathToFileURL(join(root, "pack.mjs")).href)) as { pack(folder: string): Packed };
const packed = pack(folder);
execFileSync("tar", ["-xzf", packed.file, "-C", folder]); // over what an earlier run has left there
const home = join(folder, "package");
const files = filesIn(home);
const read = (file: string): string => readFileSync(join(home, file), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;
const entries = ["admin", "core", "framing", "index", "prefork", "testing", "timers", "timers-promises"];

const test = harness("packed"); // after the top-level awaits, because a suite runs soon after it is created

test("it contains the build, the sources and the documents, and nothing else", () => {
  assert.equal(files, [...packed.files].toSorted());
  const built = [...entries, "shared"].flatMap((name) =>
    [".d.ts", ".d.ts.map", ".js", ".js.map"].map((kind) => name + kind),
  );
  assert.equal(
    files.filter((file) => file.startsWith("dist/")),
    [...built, "core.wasm", ...["cli", "service", "timers-shared"].flatMap((name) => [`${name}.js`, `${name}.js.map`])]
      .map((file) => `dist/${file}`)
      .toSorted(),
  );
  assert.equal(
    files.filter((file) => !file.includes("/")),
    ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "package.json"],
  );
  const rest = files.filter((file) => file.includes("/") && !file.startsWith("dist/"));
  assert.equal(
    rest.filter((file) => !/^(?:host\/(?:[a-z]+\/)?[a-z-]+\.ts|docs\/(?:[a-z]+\/)?[a-z-]+\.md)$/.test(file)),
    [],
  );
  assert.equal(
    rest.filter((file) => file.startsWith("host/")),
    filesIn(join(root, "host")).map((file) => `host/${file}`),
  );
  assert.equal(
    rest.filter((file) => file.startsWith("docs/")),
    filesIn(join(root, "docs"))
      .filter((file) => file.endsWith(".md"))
      .map((file) => `docs/${file}`),
  );
});

test("its package.json has what a user needs, and nothing for development", () => {
  assert.equal(Object.keys(manifest).toSorted(), [
    "bin",
    "bugs",
    "description",
    "engines",
    "exports",
    "files",
    "homepage",
    "keywords",
    "license",
    "main",
    "name",
    "peerDependencies",
    "peerDependenciesMeta",
    "repository",
    "sideEffects",
    "type",
    "types",
    "version",
  ]);
  const address = manifest.repository.url.replace(/^git\+|\.git$/g, "");
  assert.match(address, /^https:\/\/[\w.-]+\/[\w-]+\/[\w-]+$/);
  assert.is(manifest["homepage"], `${address}#readme`);
  assert.is(manifest["bugs"], `${address}/issues`);
  assert.equal(manifest["peerDependencies"], { "@types/node": "*" });
  assert.equal(manifest["peerDependenciesMeta"], { "@types/node": { optional: true } });
});

test("the address of the repository is written in one place only", () => {
  const address = manifest.repository.url.replace(/^git\+|\.git$/g, "");
  const own = ["package.json", "pack.mjs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
  const documents = filesIn(join(root, "docs")).map((file) => join("docs", file));
  const sources = filesIn(join(root, "host")).map((file) => join("host", file));
  const found = [...own, ...documents, ...sources]
    .map((file) => [file, readFileSync(join(root, file), "utf8").split(address).length - 1] as const)
    .filter(([, count]) => count > 0);
  assert.equal(found, [["package.json", 1]]);
});

test("every entry point exists, with its declarations", () => {
  const { exports } = manifest;
  assert.equal(exports["."], { types: manifest.types, default: manifest.main });
  const paths = Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const path of [manifest.main, manifest.types, ...paths]) assert.ok(existsSync(join(home, path)), path);
  assert.equal(
    Object.keys(exports).filter((name) => !/\.\w+$/.test(name)),
    [".", "./admin", "./core", "./framing", "./prefork", "./testing", "./timers", "./timers/promises"],
  );
});

test("the command is a program", () => {
  assert.equal(manifest["bin"], { "wasm-ioloop": "dist/cli.js" });
  assert.match(read("dist/cli.js"), /^#!\/usr\/bin\/env node\n/);
});

test("code and declarations have source maps to their sources", () => {
  for (const file of files.filter((name) => /^dist\/.*\.(?:js|d\.ts)$/.test(name))) {
    const map = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(read(file))?.[1];
    assert.is(map, `${file.slice("dist/".length)}.map`, file);
    const { sources, mappings } = JSON.parse(read(`dist/${map}`)) as { sources: string[]; mappings: string };
    assert.ok(sources.length > 0 && mappings.length > 50, file);
    for (const source of sources) assert.ok(existsSync(join(home, "dist", source)), `${file}: ${source}`);
  }
});

test("declarations that need Node's types refer to them themselves", () => {
  assert.match(read("dist/index.d.ts"), /^\/\/\/ <reference types="node" \/>\n/);
  for (const name of ["core", "shared", "testing", "timers", "timers-promises"]) {
    assert.not.match(
      read(`dist/${name}.d.ts`),
      /<reference types|"node:|\bNodeJS\b|\bBuffer\b|\bWebAssembly\.\w+[;,)]/,
      name,
    );
  }
});

test("the links in its documents have targets", () => {
  const dead: string[] = [];
  for (const file of files.filter((name) => name.endsWith(".md"))) {
    const prose = read(file).replaceAll(/^```[^]*?^```/gm, "");
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      const path = target!.replace(/#.*/, "");
      if (path === "" || target!.startsWith("https://")) continue;
      if (!existsSync(join(home, dirname(file), path))) dead.push(`${file}: ${target}`);
    }
  }
  assert.equal(dead, []);
});

test("it contains no secrets, and no paths of the machine it was built on", () => {
  const secrets =
    /-----BEGIN (?:\w+ )?PRIVATE KEY-----\s*\w{16}|\bnpm_\w{36}|\bgh[pousr]_\w{36}|\bAKIA[A-Z\d]{16}|_authToken|\/\/[^/\s:]+:[^/\s@]+@/;
  const places = [root, `${homedir()}/`, `${tmpdir()}/ioloop-`, "/home/", "/Users/"];
  for (const file of files) {
    const text = readFileSync(join(home, file), "latin1");
    assert.not.match(text, secrets, file);
    assert.equal(
      places.filter((place) => text.includes(place)),
      [],
      file,
    );
  }
});
