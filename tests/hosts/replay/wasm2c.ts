// C as a host: the core as translated by wasm2c, and player.c.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Type, exports, root } from "./exports.ts";
import { type Host, linesOf, notInstalled, run } from "./host.ts";

const VERSION = "1.0.32"; // of Debian 12; other versions use other names
const RUNTIME = "/usr/share/wabt/wasm2c"; // the runtime library of its C code
const TYPES: Record<Type, string> = { i32: "(u32)(s32)", f64: "" };
const RESULTS: Record<Type, string> = { i32: "(s32)", f64: "" };

export const wasm2c: Host = {
  name: "wasm2c",
  missing() {
    const missing = notInstalled({ wasm2c: "wabt", gcc: "gcc" });
    if (missing !== undefined) return missing;
    const version = execFileSync("wasm2c", ["--version"], { encoding: "utf8" }).trim();
    return version === VERSION ? undefined : `it is version ${version}, and player.c needs the output of ${VERSION}`;
  },
  async play({ wasm, script, folder }) {
    const [core, program] = [join(folder, "core.c"), join(folder, "player")];
    await run("wasm2c", "--module-name", "core", wasm, "-o", core);
    writeFileSync(join(folder, "exports.h"), table(readFileSync(join(folder, "core.h"), "utf8")));
    const files = [core, join(root, "tests/hosts/replay/player.c"), join(RUNTIME, "wasm-rt-impl.c")];
    await run("gcc", "-O1", "-I", folder, "-I", RUNTIME, ...files, "-lm", "-o", program);
    const gcc = (await run("gcc", "-dumpfullversion")).trim();
    return { trace: linesOf(await run(program, script)), version: VERSION, engine: `gcc ${gcc}` };
  },
};

// The table of exports for player.c, which calls all of them in the same way.
function table(header: string): string {
  const named = new Map(
    [...header.matchAll(/\/\* export: '(\w+)' \*\/\n[^(]*?\b(\w+)\(/g)].map(([, a, b]) => [a!, b!]),
  );
  const calls = [...exports.values()].map(({ name, parameters, result }) => {
    const args = parameters.map(({ type }, at) => `, ${TYPES[type]}args[${at}]`).join("");
    const call = `${named.get(name)}(&core${args})`;
    return `static f64 call_${name}(const f64 *args) { ${result ? `return ${RESULTS[result]}${call}` : `${call}; return 0`}; }`;
  });
  const rows = [...exports.values()].map(({ name, result }) => `  {"${name}", call_${name}, ${result ? 1 : 0}},`);
  return [...calls, "static const Export exports[] = {", ...rows, "};", ""].join("\n");
}
