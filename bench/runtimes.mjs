// The measured runtimes: the Node that runs this file, the newest installed Node, Bun and Deno.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastLine, run } from "./processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const extra = join(root, "build/runtimes/node_modules");

/**
 * @typedef {object} Runtime
 * @property {string} name as on the command line
 * @property {"node" | "bun" | "deno"} kind
 * @property {string} label as in the tables: Node 26
 * @property {string} version
 * @property {string} program
 * @property {string[]} args arguments before the file
 */

const NODE_ARGS = ["--expose-gc"];
const KNOWN = [
  { name: "node", kind: "node", program: process.execPath, args: NODE_ARGS },
  ...["22", "24", "26"].map((major) => {
    return { name: `node-${major}`, kind: "node", program: join(extra, `node-${major}/bin/node`), args: NODE_ARGS };
  }),
  { name: "bun", kind: "bun", program: join(root, "node_modules/bun/bin/bun.exe"), args: ["--expose-gc"] },
  {
    name: "deno",
    kind: "deno",
    program: join(extra, "deno/deno"),
    args: ["run", "--allow-all", "--quiet", "--v8-flags=--expose-gc"],
  },
];
const TITLES = { node: "Node", bun: "Bun", deno: "Deno" };

/** The runtimes with these names; default those that are usually measured. And those that are missing, with the reason. */
export function findRuntimes(names) {
  const unknown = names?.find((name) => !KNOWN.some((runtime) => runtime.name === name));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown runtime "${unknown}"; known are ${KNOWN.map(({ name }) => name).join(", ")}`);
  }
  const usual = new Set(["node", newestNode()?.name, "bun", "deno"]);
  const wanted = KNOWN.filter(({ name }) => (names ? names.includes(name) : usual.has(name)));
  const [runtimes, skipped, seen] = [[], [], new Set()];
  for (const runtime of wanted) {
    if (!existsSync(runtime.program)) {
      const hint = runtime.name === "bun" ? "npm ci" : "npm run runtimes";
      skipped.push({ name: TITLES[runtime.kind], reason: `${runtime.name} is not installed: ${hint}` });
      continue;
    }
    const version = versionOf(runtime);
    const label = runtime.kind === "node" ? `Node ${version.split(".")[0]}` : TITLES[runtime.kind];
    if (seen.has(label)) continue; // the Node that runs this file is the newest
    seen.add(label);
    runtimes.push({ ...runtime, version, label });
  }
  return { runtimes, skipped };
}

/**
 * Runs a script in a process of a runtime, on the core for measured processes. Returns the JSON in the last line of its
 * output.
 * @param {Runtime} runtime
 */
export async function runScript(runtime, script, args, options) {
  const output = await run("server", [runtime.program, ...runtime.args, script, ...args.map(String)], options);
  return JSON.parse(lastLine(output));
}

function newestNode() {
  return KNOWN.findLast(({ kind, program }) => kind === "node" && existsSync(program));
}

function versionOf({ program }) {
  const text = execFileSync(program, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(text)[0];
}
