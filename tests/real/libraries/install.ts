// Installs the libraries into build/libraries, in the versions of the lockfile in dependencies/.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../support/paths.ts";

const FROM = join(root, "tests/real/libraries/dependencies");
const HOME = join(root, "build/libraries");
const FILES = ["package.json", "package-lock.json"];
const STAMP = join(HOME, "installed.json");
const LOADER = join(HOME, "load.mjs");

/** Installs the libraries, unless these versions are installed. Throws with npm's output if that fails. */
export function install(): void {
  const wanted = FILES.map((file) => readFileSync(join(FROM, file), "utf8")).join("");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  console.log("installing the libraries into build/libraries");
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  for (const file of FILES) copyFileSync(join(FROM, file), join(HOME, file));
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: HOME, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in build/libraries:\n${stdout}${stderr}`);
  writeFileSync(LOADER, "export const load = (name) => import(name);\n");
  writeFileSync(STAMP, wanted);
}

/** Imports an installed library. The tests are compiled without its types, so that it need not be installed then. */
export async function library(name: string): Promise<any> {
  const { load } = (await import(pathToFileURL(LOADER).href)) as { load: (name: string) => Promise<unknown> };
  return load(name);
}
