// The binding of the core: the only file that uses WebAssembly. It runs in every engine and imports nothing from `node:`.
//
// Its declarations need neither the types of the DOM nor those of Node.

import { BATCH, COMMANDS, type CoreExports } from "./abi.ts";
import { KIND_UNIT, Kind, kindOf, slotOf } from "./ids.ts";
import { wasm } from "./wasm.ts";

export * from "./abi.ts";
export { Kind, kindOf, slotOf };

const FIRST_TIMER = Kind.TIMER * KIND_UNIT;
// NAMED masks the flags out of the first word of a timer's record; the bit that says it is in use and the generation stay.
// Exclusive-or with NAME converts the part of an id above the slot into that form.
const NAMED = 0x9f_ff_ff_ff;
const NAME = 0xc0_00_00_00;
const GENERATION = 0x1f_ff_ff_ff;
const GENERATION_UNIT = 2 ** 22;

let compiled: WebAssembly.Module | undefined;

/** One instance of the core, with views of its memory that stay valid. */
export class Core {
  /** The exports, to be called directly. */
  readonly calls: CoreExports;
  /** The ids that `pollDue` collected: a view of the core's memory. */
  due!: Float64Array;
  /** The commands for `handleCommands`, the ids of timers. Written by the host. */
  commands!: Float64Array;
  /** The time of the last activity of each connection slot, in milliseconds. Written by the host. */
  activity!: Float64Array;
  #timers!: Int32Array; // from the first timer's record on

  /**
   * `seed`, a whole number, is for the random cut of maxAccepts. `module` is `core.wasm` as a compiled `WebAssembly.Module`, for
   * hosts that do not allow compiling from bytes; default the built-in one, compiled at its first use.
   */
  constructor(seed: number, module: object = (compiled ??= new WebAssembly.Module(bytes(wasm)))) {
    this.calls = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
    this.calls.handleSeed(seed);
    this.#view();
  }

  /** Whether an id names a timer. Reads the core's memory, which is much cheaper than a call. */
  isTimer(id: number): boolean {
    if (!(id >= FIRST_TIMER && id < FIRST_TIMER + KIND_UNIT)) return false;
    return (this.#timers[slotOf(id) << 3]! & NAMED) === ((id * 2 ** -22) ^ NAME);
  }

  /** The id of the timer in a slot. There must be one. Reads the core's memory. @internal */
  timerId(slot: number): number {
    return FIRST_TIMER + (this.#timers[slot << 3]! & GENERATION) * GENERATION_UNIT + slot;
  }

  /** Renews the views if memory has grown. Call it after every call that creates a timer or sets a timeout. */
  refresh(): void {
    if (this.due.length === 0) this.#view();
  }

  /** Renews the views if tables have moved. Call it with the result of every call that creates a connection or acceptor. Returns that result. */
  opened(id: number): number {
    const isGrown = kindOf(id) === Kind.CONNECTION ? slotOf(id) >= this.activity.length : id > 0;
    if (isGrown || this.due.length === 0) this.#view();
    return id;
  }

  #view(): void {
    const { buffer } = this.calls.memory;
    const [timers] = new Uint32Array(buffer, this.calls.timerAddress(), 1);
    this.#timers = new Int32Array(buffer, timers);
    this.due = new Float64Array(buffer, this.calls.dueAddress(), BATCH);
    this.commands = new Float64Array(buffer, this.calls.commandAddress(), COMMANDS);
    this.activity = new Float64Array(buffer, this.calls.activityAddress(), this.calls.connectionCapacity());
  }
}

interface Decoder {
  readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
}

// A browser has no Buffer, which takes a tenth of the time.
function bytes(base64: string): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis as Decoder;
  if (Buffer) return Buffer.from(base64, "base64");
  const text = atob(base64);
  const all = new Uint8Array(text.length);
  for (let i = 0; i < all.length; i++) all[i] = text.charCodeAt(i);
  return all;
}
