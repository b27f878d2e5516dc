// The playground as files to be served: its page, the core as it was built, and a way back to the documents.

import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { PLAYGROUND, ROOT } from "./pages.mjs";

const SERVED = new Set([".html", ".css", ".js"]);
const CORE = "../../dist/core.js";
const HEAD_END = "</header>";
const BACK = '  <p><a href="../index.html" style="color: inherit">Documentation</a></p>\n    ';

/** Replaces a part of a text that must be in it exactly once. @param {string} text @param {string} from @param {string} to */
function replace(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`index.html of the playground must contain ${from} once`);
  return text.replace(from, to);
}

/** The modules of the package that one of them needs, itself included. @param {string} file @returns {string[]} */
function modulesOf(file) {
  const imports = readFileSync(file, "utf8").matchAll(/\bfrom\s*"(\.\/[^"]+)"/g);
  return [file, ...[...imports].flatMap(([, name = ""]) => modulesOf(join(dirname(file), name)))];
}

/** Copies it into the site. @param {string} site */
export function copyPlayground(site) {
  const from = join(ROOT, PLAYGROUND.folder);
  const to = join(site, PLAYGROUND.link);
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from).filter((name) => SERVED.has(extname(name)));
  for (const name of names) cpSync(join(from, name), join(to, name));
  const [core = "", ...others] = modulesOf(join(from, CORE));
  for (const file of [core, ...others]) cpSync(file, file.replace(dirname(core), join(to, "core")));
  const page = readFileSync(join(to, "index.html"), "utf8");
  writeFileSync(join(to, "index.html"), replace(replace(page, CORE, "./core/core.js"), HEAD_END, BACK + HEAD_END));
}
