// The player in SpiderMonkey's shell: `js102 --module=player-shell.js -- MODULE SCRIPT`.

import { type Instance, play } from "./player.ts";

declare const scriptArgs: readonly [wasm: string, script: string];
declare function read(file: string): string;
declare function read(file: string, as: "binary"): Uint8Array<ArrayBuffer>;
declare function print(line: string): void;

const module = new WebAssembly.Module(read(scriptArgs[0], "binary"));
const make = (): Instance => new WebAssembly.Instance(module).exports as unknown as Instance;
print(play(read(scriptArgs[1]), make).join("\n"));
