// All hosts on which the corpus is replayed.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../support/runtimes.ts";
import { chromium } from "./chromium.ts";
import { type Host, linesOf, notInstalled, run } from "./host.ts";
import { interpreter } from "./interpreter.ts";
import { wasm2c } from "./wasm2c.ts";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function runtime(name: string): Host {
  const { program, args } = runtimes[name]!;
  return {
    name,
    missing: () => (existsSync(program) ? undefined : "it is not installed; npm run runtimes does that"),
    async play({ wasm, script }) {
      const [first = "", ...trace] = linesOf(await run(program, ...args, here("player-runtime.js"), wasm, script));
      const [version = "", engine = ""] = first.split(" ");
      return { trace, version, engine: `${name === "bun" ? "JavaScriptCore" : "V8"} ${engine}` };
    },
  };
}

const spiderMonkey: Host = {
  name: "js102",
  missing: () => notInstalled({ js102: "libmozjs-102-dev" }),
  async play({ wasm, script }) {
    const version = /[\d.]+$/.exec((await run("js102", "--version")).trim())![0];
    const trace = linesOf(await run("js102", `--module=${here("player-shell.js")}`, "--", wasm, script));
    return { trace, version, engine: "SpiderMonkey" };
  },
};

// A runtime that runs only some of the test files is not a separate engine.
const engines = Object.keys(runtimes).filter((name) => runtimes[name]!.files === undefined);

/** The slowest one first, so that others run beside it. */
export const hosts: readonly Host[] = [interpreter, wasm2c, chromium, spiderMonkey, ...engines.map(runtime)];
