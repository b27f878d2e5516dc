// TypeScript from 5.0 on: the programs in tests/package/types, with every kind of module resolution, with and without skipLibCheck.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { programs, run, write } from "./workshop.mjs";

/** Versions, each with Node's types of that time. */
const VERSIONS = {
  "5.0.4": "20.11.30",
  "5.4.5": "20.19.25",
  "5.9.3": "24.10.1",
  "6.0.3": "26.6.6",
  "7.0.2": "26.6.6",
};

const NEWEST = "7.0.2";

const RESOLUTIONS = {
  node16: { module: "node16" },
  nodenext: { module: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

const STRICT = { strict: true, noEmit: true };

/** @param {string} name */
const source = (name) => readFileSync(fileURLToPath(new URL(`../types/${name}`, import.meta.url)), "utf8");

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function compilers(report, workshop, short) {
  const files = { "good.ts": source("good.ts"), "anywhere.ts": source("anywhere.ts") };
  /** @type {[string, () => unknown][]} */
  const checks = [];
  for (const [version, types] of Object.entries(VERSIONS)) {
    if (short && version !== NEWEST) continue;
    const folder = workshop.with(`typescript-${version}`, { typescript: version, "@types/node": types }, files);
    /** @param {string} title @param {object} compilerOptions @param {string} file */
    const compile = (title, compilerOptions, file) => {
      const project = `${title.replaceAll(/\W+/g, "-")}.json`;
      write(folder, {
        [project]: JSON.stringify({ compilerOptions: { ...STRICT, ...compilerOptions }, files: [file] }),
      });
      const command = [programs.node, "node_modules/typescript/bin/tsc", "--pretty", "false", "-p", project];
      checks.push([`TypeScript ${version}, ${title}`, () => run(folder, command)]);
    };
    for (const [resolution, options] of Object.entries(RESOLUTIONS)) {
      // Before TypeScript 6 the default target is ES5, which users of bundlers do not have.
      const target = resolution === "bundler" && version.startsWith("5") && { target: "es2022" };
      for (const skipLibCheck of short ? [false] : [false, true]) {
        compile(`${resolution}, skipLibCheck ${skipLibCheck}`, { ...options, ...target, skipLibCheck }, "good.ts");
      }
    }
    const bare = { module: "nodenext", lib: ["es2022"], types: [], skipLibCheck: false };
    compile("core and testing without the types of Node and the DOM", bare, "anywhere.ts");
  }
  await report.checkAll(checks);
  if (!programs.deno) return report.leaveOut("deno check", "not installed: npm run runtimes");
  const types = { "@types/node": VERSIONS[NEWEST] };
  const folder = workshop.with("deno-check", types, { ...files, "deno.json": '{ "nodeModulesDir": "manual" }\n' });
  await report.check("deno check", () => run(folder, [programs.deno, "check", "good.ts", "anywhere.ts"]));
}
