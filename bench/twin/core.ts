// The core of wasm-ioloop without WebAssembly: the same algorithms in TypeScript, written by hand for a JavaScript engine.
// It is the control of the benchmarks: it shows what WebAssembly itself costs or saves. It has the
// interface of `Core`, so that any host can use it.

import type { Core } from "wasm-ioloop/core";
import { type Calls, TwinCalls } from "./index.ts";

export type { Calls };

/** One instance. */
export class TwinCore implements Pick<Core, "due" | "commands" | "activity" | "refresh" | "opened"> {
  /** The exports. */
  readonly calls: TwinCalls = new TwinCalls();
  /** The ids that `pollDue` collected. */
  readonly due: Float64Array = this.calls.due;
  /** The commands that `handleCommands` takes; to be written by the host. */
  readonly commands: Float64Array = this.calls.commands;
  /** The time of the last activity of each connection slot, in milliseconds; to be stored by the host. */
  activity: Float64Array = this.calls.activity;

  /** `seed`: for the random cut of maxAccepts; a whole number. */
  constructor(seed: number) {
    this.calls.handleSeed(seed);
  }

  /** The core needs this to renew its views; here it does nothing. */
  refresh(): void {}

  /** To be called with the id of every new connection, or the code in its place; returns it. */
  opened(id: number): number {
    this.activity = this.calls.activity;
    return id;
  }
}
