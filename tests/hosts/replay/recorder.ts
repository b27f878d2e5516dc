// Writes a script by playing it on the core: each operation with its result.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./exports.ts";
import { format, parse } from "./numbers.ts";
import { type Instance, Player } from "./player.ts";

/** The module to replay. */
export const wasmFile: string = join(root, "dist/core.wasm");

/** Creates instances of the module in this process. */
export function instances(): () => Instance {
  const module = new WebAssembly.Module(readFileSync(wasmFile));
  return () => new WebAssembly.Instance(module).exports as unknown as Instance;
}

/** A script of one run, which begins with a new instance. */
export class Recorder {
  readonly lines: string[] = [];
  readonly #player = new Player(instances());

  constructor() {
    this.#record("new");
  }

  /** Calls an export. Returns its result, or 0 if it has none. */
  call(name: string, ...args: number[]): number {
    return this.#number([name, ...args.map(format)].join(" "));
  }

  /** Calls an export repeatedly. Returns the last result. */
  times(count: number, name: string, ...args: number[]): number {
    return this.#number([`times ${count} ${name}`, ...args.map(format)].join(" "));
  }

  /** Reads an entry of the array whose address an export returns. */
  load(address: string, index: number): number {
    return this.#number(`load ${address} ${index}`);
  }

  /** Writes an entry of such an array. */
  store(address: string, index: number, value: number): void {
    this.#record(`store ${address} ${index} ${format(value)}`);
  }

  /** Records the hash of the whole memory. */
  memory(): void {
    this.#record("memory");
  }

  #number(operation: string): number {
    return parse(this.#record(operation) ?? "0");
  }

  #record(operation: string): string | undefined {
    const result = this.#player.perform(operation);
    this.lines.push(result === undefined ? operation : `${operation} = ${result}`);
    return result;
  }
}
