// The size of the package, and the time until a program has a loop.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { summary } from "./measure.mjs";
import { findRuntimes, runScript } from "./runtimes.mjs";
import { sidesOn, takeTurns } from "./turns.mjs";

export const title = "Size and start";

export const about = `The published core, and a user's bundle: a program that imports only IOLoop, made by Bun's
bundler, minified, and compressed by gzip like a download; and the share of the core as text with its binding. Then the time that a
new process takes to import the package and make a loop that serves, and the time to import node:net and make a server.`;

const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, runtimes, peers, only, progress }) {
  const [tables, skipped] = [[], []];
  if (!only || only.includes("size")) {
    try {
      tables.push(sizes());
    } catch (error) {
      skipped.push({ name: "Size of a bundle", reason: error.message });
    }
  }
  if (!only || only.includes("start")) {
    const { rows, skipped: left } = await takeTurns({
      candidates: sidesOn(runtimes, { name: "node-net", title: "node:net" }, peers),
      rounds,
      progress,
      measure: ({ on, peer }) => runScript(on, "bench/peers/starting.mjs", [peer]),
    });
    const columns = [{ key: "start", title: "until it is ready", unit: "ms", better: "lower" }];
    const title = "Importing the package and making a loop";
    tables.push({ id: "start", title, main: "start", columns, rows });
    skipped.push(...left);
  }
  return { tables, skipped };
}

function sizes() {
  const bundle = bundled("index", 'import { IOLoop } from "wasm-ioloop";\nawait IOLoop.start();\n');
  const core = bundled("core", 'import { Core } from "wasm-ioloop/core";\nconsole.log(new Core(1).calls.version());\n');
  const timers = bundled("timers", 'import { setTimeout } from "wasm-ioloop/timers";\nsetTimeout(console.log, 1);\n');
  const bytes = {
    "core.wasm": statSync(join(root, "dist/core.wasm")).size,
    "bundle, minified": bundle.length,
    "bundle, minified, gzipped": zipped(bundle),
    "of it the core and its binding, gzipped": zipped(core),
    "wasm-ioloop/timers alone, minified, gzipped": zipped(timers),
  };
  return {
    id: "size",
    title: "Bytes",
    main: "bytes",
    columns: [{ key: "bytes", title: "size", unit: "B", better: "lower" }],
    rows: Object.entries(bytes).map(([name, size]) => ({ name, peer: "ours", cells: { bytes: summary([size]) } })),
  };
}

function zipped(text) {
  return gzipSync(text, { level: 9 }).length;
}

function bundled(name, text) {
  const [bun] = findRuntimes(["bun"]).runtimes;
  if (!bun) throw new Error("Bun, which makes it, is not installed: npm ci");
  const folder = join(root, "build/bench");
  mkdirSync(folder, { recursive: true });
  const [entry, bundle] = ["entry.mjs", "bundle.mjs"].map((file) => join(folder, `${name}-${file}`));
  writeFileSync(entry, text);
  execFileSync(bun.program, ["build", entry, "--minify", "--target=node", `--outfile=${bundle}`], { stdio: "pipe" });
  return readFileSync(bundle);
}
