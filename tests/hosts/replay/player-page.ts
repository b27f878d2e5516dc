// The player in a page of a browser: the trace is what this module exports.

import { type Instance, play } from "./player.ts";

const module = await WebAssembly.compileStreaming(fetch("core.wasm"));
const make = (): Instance => new WebAssembly.Instance(module).exports as unknown as Instance;

export const trace: readonly string[] = play(await (await fetch("script.txt")).text(), make);
