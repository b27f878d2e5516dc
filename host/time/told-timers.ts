// Timers that tell what becomes of them, for IOLOOP_DEBUG: apart, so that the others are short.

import { debug, show } from "../core/debug.ts";
import type { Callback } from "../engine/parts.ts";
import { Timers } from "./timers.ts";

export class ToldTimers extends Timers {
  override make(after: number, recurring: boolean, callback: Callback): number {
    const id = super.make(after, recurring, callback);
    this.#tell(id, `in ${after} s${recurring ? ", recurring" : ""}`);
    return id;
  }

  override remove(id: number): boolean {
    const isRemoved = super.remove(id);
    if (isRemoved) this.#tell(id, "removed");
    return isRemoved;
  }

  override fire(id: number, answer: number): void {
    this.#tell(id, "fires");
    super.fire(id, answer);
  }

  #tell(id: number, what: string): void {
    debug?.(this.core, `timer ${show(id)} ${what}`);
  }
}
