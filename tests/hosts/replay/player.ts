// Plays a script on the core, in any JavaScript engine: it needs only the language. docs/internals/replay.md describes scripts. Instead
// of an instance of the module, it accepts any object with the same functions and a memory.

import { format, parse } from "./numbers.ts";

/** The object that a script is played on; its functions are called by name. */
export interface Instance {
  readonly memory: { readonly buffer: ArrayBuffer };
}

type Functions = Record<string, (...args: number[]) => number | undefined>;

/** The result of `memory` if there is no hash to compare. */
export const NO_HASH = "-";

export class Player {
  /** The number of operations performed. */
  operations = 0;
  readonly #make: () => Instance;
  readonly #hashes: boolean;
  #instance: Instance | undefined;

  /** `make` returns a new instance. `hashes`: whether all of its memory must be equal to the core's. */
  constructor(make: () => Instance, hashes = true) {
    this.#make = make;
    this.#hashes = hashes;
  }

  /** Performs an operation. Returns its result, or undefined if it has none. */
  perform(operation: string): string | undefined {
    const words = operation.split(" ");
    const count = words[0] === "times" ? parse(words.splice(0, 2)[1]!) : 1;
    this.operations += count;
    if (words[0] === "new") return void (this.#instance = this.#make());
    if (words[0] === "memory") return this.#hashes ? hash(this.#memory) : NO_HASH;
    const [name = "", ...args] = words;
    const perform = name === "load" || name === "store" ? this.#access(args) : this.#call(name, args.map(parse));
    let result: number | undefined;
    for (let left = count; left > 0; left--) result = perform();
    return result === undefined ? undefined : format(result);
  }

  get #memory(): ArrayBuffer {
    return this.#instance!.memory.buffer;
  }

  #call(name: string, args: readonly number[]): () => number | undefined {
    const functions = this.#instance as unknown as Functions;
    return () => functions[name]!(...args);
  }

  #access([address = "", index = "", value]: readonly string[]): () => number | undefined {
    return () => {
      const at = this.#call(address, [])()! + 8 * parse(index);
      const memory = new DataView(this.#memory);
      return value === undefined ? memory.getFloat64(at, true) : memory.setFloat64(at, parse(value), true)!;
    };
  }
}

/** Plays a script. Returns the result of each operation that has one, followed by the number of operations. */
export function play(script: string, make: () => Instance, hashes = true): string[] {
  const player = new Player(make, hashes);
  const trace: string[] = [];
  try {
    for (const line of script.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const result = player.perform(line.split(" = ")[0]!);
      if (result !== undefined) trace.push(result);
    }
    trace.push(`operations ${player.operations}`);
  } catch (error) {
    trace.push(String(error)); // the difference is here
  }
  return trace;
}

// 64-bit FNV-1a, in two halves: its prime is 2^40 + 435.
function hash(memory: ArrayBuffer): string {
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const byte of new Uint8Array(memory)) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 435;
    low = product >>> 0;
    high = (high * 435 + mixed * 256 + (product - low) / 2 ** 32) >>> 0;
  }
  return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
}
