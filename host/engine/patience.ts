// Tells the core whether clients that have waited were still there when they were admitted: the adaptive order learns from that how long
// they are patient.
//
// One that has left shows it by its end, or by a reset. These are read in the turns after its admission. So a client that is answered, or
// closed by the program, before that may be gone: nothing is told until they must have been read.

import { TURNS_TO_READ } from "../time/clock.ts";
import { afterTurns } from "./turns.ts";

interface Owner {
  readonly core: { readonly calls: { handleFound(id: number, gone: number): unknown } };
  readonly guard: { run(event: string, task: () => void): void };
}

export class Patience {
  readonly #owner: Owner;
  /** Clients whose end may be unread, and whether they have been answered. */
  readonly #fresh = new Map<number, boolean>();
  #batch: number[] | undefined; // those of this turn
  #learns = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Whether the core learns. If not, nothing is told. */
  get learns(): boolean {
    return this.#learns;
  }

  set learns(on: boolean) {
    this.#learns = on;
    if (!on) this.clear();
  }

  /** A client is admitted. */
  admitted(id: number): void {
    if (!this.#learns) return;
    if (!this.#batch) this.#begin();
    if (!this.#batch) return;
    this.#batch.push(id);
    this.#fresh.set(id, false);
  }

  /** The first bytes were sent to it. */
  answered(id: number): void {
    if (this.#fresh.has(id)) this.#fresh.set(id, true);
    else this.found(id, false);
  }

  /** It has ended its side. It may only wait for the answer. To take that for patience would be worse: the queue would wait for nobody. */
  ended(id: number, isAnswered: boolean): void {
    if (!isAnswered || this.#fresh.has(id)) this.found(id, true);
  }

  /** Its connection closes. `left`: whether it has left unanswered; undefined if that is not known. */
  closed(id: number, left: boolean | undefined, isOfPeer: boolean): void {
    const isFresh = this.#fresh.delete(id);
    if (left || (isFresh && isOfPeer)) this.found(id, true);
    else if (left === false && !isFresh) this.found(id, false);
  }

  /** A client has gone, or is there. Only the first time counts. */
  found(id: number, gone: boolean): void {
    if (this.#learns) this.#owner.core.calls.handleFound(id, gone ? 1 : 0);
  }

  clear(): void {
    this.#fresh.clear();
    this.#batch = undefined;
  }

  #begin(): void {
    const { guard } = this.#owner;
    const batch: number[] = [];
    const isSet = afterTurns(guard, 1, () => {
      if (this.#batch === batch) this.#batch = undefined;
      if (!afterTurns(guard, TURNS_TO_READ - 1, () => this.#read(batch))) this.#read(batch);
    });
    if (isSet) this.#batch = batch;
  }

  // The ends of these clients have been read.
  #read(batch: readonly number[]): void {
    for (const id of batch) {
      const isAnswered = this.#fresh.get(id);
      this.#fresh.delete(id);
      if (isAnswered) this.found(id, false);
    }
  }
}
