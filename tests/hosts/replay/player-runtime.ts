// The player on Node, Bun and Deno: `player-runtime.js MODULE SCRIPT`. The first line of its output is the runtime's version.

import { readFileSync } from "node:fs";
import { type Instance, play } from "./player.ts";

const { bun, deno, node, v8, webkit } = process.versions;
const [wasm = "", script = ""] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(wasm));
const make = (): Instance => new WebAssembly.Instance(module).exports as unknown as Instance;
console.log(`${bun ?? deno ?? node} ${webkit?.slice(0, 9) ?? v8}`);
console.log(play(readFileSync(script, "utf8"), make).join("\n"));
