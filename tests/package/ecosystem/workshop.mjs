// Folders with the packed package and tools of fixed versions, in which programs run.

import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../../../pack.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const home = join(root, "build/ecosystem");
const runtimes = join(root, "build/runtimes/node_modules");
const SECONDS = 120;

/** Packs the package, and installs it into folders. */
export class Workshop {
  /** The packed file. */
  file;
  /** Its package.json. */
  manifest;
  #content = join(home, "content/package");

  constructor() {
    mkdirSync(home, { recursive: true });
    this.file = pack(home).file;
    rmSync(dirname(this.#content), { recursive: true, force: true });
    mkdirSync(dirname(this.#content));
    execFileSync("tar", ["-xzf", this.file, "-C", dirname(this.#content)]);
    this.manifest = JSON.parse(readFileSync(join(this.#content, "package.json"), "utf8"));
  }

  /** A new empty folder, from which no package can be resolved. @param {string} name */
  empty(name) {
    const folder = join(home, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    write(folder, {
      "package.json": `${JSON.stringify({ name: "user", version: "1.0.0", private: true, license: "MIT" })}\n`,
    });
    return folder;
  }

  /**
   * A folder with the package, these tools and these files. The tools stay installed between runs.
   *
   * @param {string} name @param {Readonly<Record<string, string>>} tools @param {Readonly<Record<string, string>>} files
   */
  with(name, tools, files) {
    const folder = join(home, name);
    const manifest = `${JSON.stringify({ name: "user", private: true, type: "module", dependencies: tools }, null, 2)}\n`;
    const stamp = join(folder, "installed.json");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== manifest) {
      rmSync(folder, { recursive: true, force: true });
      write(folder, { "package.json": manifest });
      const args = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
      if (Object.keys(tools).length > 0) execFileSync("npm", args, { cwd: folder, stdio: "pipe" });
      writeFileSync(stamp, manifest);
    }
    const installed = join(folder, "node_modules/wasm-ioloop");
    rmSync(installed, { recursive: true, force: true });
    cpSync(this.#content, installed, { recursive: true });
    write(folder, files);
    return folder;
  }
}

/** Writes files into a folder. @param {string} folder @param {Readonly<Record<string, string>>} files */
export function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/**
 * Runs a program to its end, and returns its output. Throws if it fails.
 *
 * @param {string} folder @param {readonly string[]} command @param {NodeJS.ProcessEnv} [env] @param {number} [seconds]
 * @returns {Promise<{ output: string, errors: string }>}
 */
export function run(folder, [program = "", ...args], env = {}, seconds = SECONDS) {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      // Without the variables that npm sets for its scripts: the tools would read them as options.
      env: { ...inherited(), NO_COLOR: "1", CI: "1", ...env },
      timeout: seconds * 1000,
      maxBuffer: 2 ** 24,
    };
    execFile(program, args, options, (error, output, errors) => {
      if (!error) return resolve({ output, errors });
      const why = error.killed ? `not done within ${seconds} s` : `ended with ${error.signal ?? `code ${error.code}`}`;
      reject(new Error(`${program} ${args.join(" ")}: ${why}\n${output}${errors}`));
    });
  });
}

function inherited() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name)));
}

/** Throws unless a program prints exactly that, and nothing to stderr. @param {Parameters<typeof run>} args */
export async function prints(/** @type {string} */ expected, ...args) {
  const { output, errors } = await run(...args);
  if (output !== expected || errors !== "") throw new Error(`printed\n${output}${errors}\ninstead of\n${expected}`);
}

/** The installed runtimes, by name; `node` is the one that runs this file. */
export const programs = Object.fromEntries(
  Object.entries({
    node: process.execPath,
    "node-22": join(runtimes, "node-22/bin/node"),
    "node-24": join(runtimes, "node-24/bin/node"),
    "node-26": join(runtimes, "node-26/bin/node"),
    bun: join(root, "node_modules/.bin/bun"),
    deno: join(runtimes, ".bin/deno"),
  }).filter(([, program]) => existsSync(program)),
);

/** The newest installed Node, for tools that need one newer than that which runs this file. */
export const newest = programs["node-24"] ?? programs["node-26"] ?? programs["node-22"];
