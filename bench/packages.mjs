// The npm packages that benches compare with, as installed by `npm run peers`. package.json lists them.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "build/peers");
const require = createRequire(join(folder, "index.js"));

/** Loads one of them, or a file in one. */
export function load(name) {
  return require(name);
}

/** Imports a file in one of them, as a module. */
export function importFile(path) {
  return import(pathToFileURL(join(folder, "node_modules", path)).href);
}

/** The version of a package; undefined when it is not installed. */
export function versionOf(name) {
  const file = join(folder, "node_modules", name, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}

/** The packages that are installed, and their versions. */
export function versionsOfPackages() {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = scripts.peers.split(" ").flatMap((word) => /^(@?[^@]+)@\d+$/.exec(word)?.[1] ?? []);
  const versions = names.map((name) => [name, versionOf(name)]);
  return Object.fromEntries(versions.filter(([, version]) => version));
}
