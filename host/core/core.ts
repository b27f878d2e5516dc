// The binding of the core: the one file that touches WebAssembly. It runs in every engine and needs nothing of `node:`.
//
// Its declarations need neither the types of the DOM nor those of Node: what is WebAssembly's is described here.

import { BATCH, COMMANDS, type CoreExports } from "./abi.ts";
import { KIND_UNIT, Kind, kindOf, slotOf } from "./ids.ts";
import { wasm } from "./wasm.ts";

export * from "./abi.ts";
export { Kind, kindOf, slotOf };

const FIRST_TIMER = Kind.TIMER * KIND_UNIT;
// What the first word of a timer's record has besides flags, that it is one and its generation; and how that differs from what
// stands in its id above the slot.
const NAMED = 0x9f_ff_ff_ff;
const NAME = 0xc0_00_00_00;

let compiled: WebAssembly.Module | undefined;

/** One instance of the core, with views of its memory that stay valid. */
export class Core {
  /** The exports, to be called directly. */
  readonly calls: CoreExports;
  /** The ids that `pollDue` collected. */
  due!: Float64Array;
  /** The commands that `handleCommands` takes; to be written by the host. */
  commands!: Float64Array;
  /** The time of the last activity of each connection slot, in milliseconds; to be stored by the host. */
  activity!: Float64Array;
  #timers!: Int32Array; // from the first timer's record on

  /**
   * `seed`: for the random cut of maxAccepts; a whole number. `module`: `core.wasm` as a compiled `WebAssembly.Module`, for
   * hosts that refuse to compile code from bytes; default the one that is built in, compiled at the first use.
   */
  constructor(seed: number, module: object = (compiled ??= new WebAssembly.Module(bytes(wasm)))) {
    this.calls = new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
    this.calls.handleSeed(seed);
    this.#view();
  }

  /** Whether an id names a timer: read in the core's memory, at a fraction of the price of a call. */
  isTimer(id: number): boolean {
    if (!(id >= FIRST_TIMER && id < FIRST_TIMER + KIND_UNIT)) return false;
    return (this.#timers[slotOf(id) << 3]! & NAMED) === ((id * 2 ** -22) ^ NAME);
  }

  /** To be called after every call that makes a timer, or sets a timeout: memory may have grown, and the views with it. */
  refresh(): void {
    if (this.due.length === 0) this.#view();
  }

  /** To be called with the id of every new connection or acceptor, or the code in its place; returns it. Tables may have moved. */
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

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
