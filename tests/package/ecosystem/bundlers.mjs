// Bundlers: each makes a single file of a program and the package, which runs without the package.

import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM, SAID } from "./talk.mjs";
import { prints, programs, run } from "./workshop.mjs";

const TOOLS = { esbuild: "0.28.2", rolldown: "1.3.2", webpack: "5.113.0", vite: "8.3.8", postject: "1.0.0-alpha.6" };

const FILES = {
  "talk.mjs": PROGRAM,
  "webpack.mjs": `import { resolve } from "node:path";
import webpack from "webpack";
const library = { type: "module" };
const output = { path: resolve("out"), filename: "webpack.mjs", module: true, library };
const options = { mode: "production", target: "node20", entry: "./talk.mjs", experiments: { outputModule: true }, output };
webpack(options, (error, stats) => {
  if (error) throw error;
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  for (const { message } of [...errors, ...warnings]) console.error(message);
});
`,
  "vite.config.mjs": `export default {
  logLevel: "warn",
  ssr: { noExternal: true },
  build: { ssr: "talk.mjs", outDir: "out/vite", minify: true },
};
`,
  "sea.json": '{ "main": "out/esbuild.cjs", "output": "out/sea.blob", "disableExperimentalSEAWarning": true }\n',
};

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function bundlers(report, workshop, short) {
  const { node, bun, deno } = programs;
  const folder = workshop.with("bundlers", TOOLS, FILES);
  const bin = (/** @type {string} */ path) => join(folder, "node_modules", path);
  const elsewhere = workshop.empty("bundled"); // the package cannot be resolved from here

  /** @param {string} title @param {readonly string[]} command @param {string} file @param {readonly string[]} runner */
  const bundle = (title, command, file, runner = [node]) =>
    report.check(title, async () => {
      const { errors } = await run(folder, command);
      if (/warn/i.test(errors)) throw new Error(errors);
      const made = join(elsewhere, file.replaceAll("/", "-").replace(/\.js$/, ".mjs"));
      copyFileSync(join(folder, "out", file), made);
      await prints(SAID, elsewhere, [...runner, made]);
    });

  const esbuild = [
    node,
    bin("esbuild/bin/esbuild"),
    "talk.mjs",
    "--bundle",
    "--minify",
    "--platform=node",
    "--log-level=warning",
  ];
  await bundle("esbuild, ESM", [...esbuild, "--format=esm", "--outfile=out/esbuild.mjs"], "esbuild.mjs");
  await bundle("esbuild, CommonJS", [...esbuild, "--format=cjs", "--outfile=out/esbuild.cjs"], "esbuild.cjs");
  const rolldown = [
    node,
    bin("rolldown/bin/cli.mjs"),
    "talk.mjs",
    "--platform",
    "node",
    "--minify",
    "--log-level",
    "warn",
  ];
  await bundle("rolldown", [...rolldown, "--file", "out/rolldown.mjs"], "rolldown.mjs");
  if (short) return;

  await bundle("webpack", [node, "webpack.mjs"], "webpack.mjs");
  await bundle("Vite, SSR", [node, bin("vite/bin/vite.js"), "build"], "vite/talk.js");
  if (bun) {
    await bundle("bun build", [bun, "build", "talk.mjs", "--target=bun", "--outfile=out/bun.js"], "bun.js", [bun]);
    await bundle("bun build --compile", [bun, "build", "--compile", "talk.mjs", "--outfile=out/bun"], "bun", []);
  }
  if (deno) report.leaveOut("deno compile", "it downloads the runtime for the file");
  await singles(report, folder, elsewhere);
}

/** A single executable of Node and a program. @param {import("./report.mjs").Report} report @param {string} folder @param {string} elsewhere */
async function singles(report, folder, elsewhere) {
  const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
  for (const name of ["node", "node-24"]) {
    const node = programs[name];
    if (!node || !existsSync(join(folder, "out/esbuild.cjs"))) continue;
    const { output } = await run(folder, [node, "--version"]);
    await report.check(`single executable, Node ${output.trim().slice(1)}`, async () => {
      const made = join(elsewhere, `single-${name}`);
      await run(folder, [node, "--experimental-sea-config", "sea.json"]);
      copyFileSync(node, made);
      const postject = join(folder, "node_modules/postject/dist/cli.js");
      await run(folder, [programs.node, postject, made, "NODE_SEA_BLOB", "out/sea.blob", "--sentinel-fuse", fuse]);
      await prints(SAID, elsewhere, [made]);
    });
  }
}
