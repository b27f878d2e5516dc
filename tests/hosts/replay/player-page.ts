// The player in a browser page. This module exports the trace.

import { type Instance, play } from "./player.ts";

const module = await WebAssembly.compileStreaming(fetch("core.wasm"));
const make = (): Instance => new WebAssembly.Instance(module).exports as unknown as Instance;

export const trace: readonly string[] = play(await (await fetch("script.txt")).text(), make);
