// Clients that the runtime has not accepted yet.
//
// While a callback keeps the process busy, clients arrive in the system's queue, of which the runtime may accept only one in each iteration
// of its event loop. Those that wait here are then the oldest. So the adaptive order lets the runtime accept first, until an iteration in
// which no client has arrived: else the newest that it knows would be one that has waited longest.

import { TURNS_TO_READ } from "../time/clock.ts";
import { afterTurns } from "./turns.ts";

/** Milliseconds since the system's queue was last known to be empty, up to which it is not looked at again. */
const SHORT = 5;

/** The longest time that this may take: a share of the time since then, so that a flood of clients cannot hold up admission, and milliseconds. */
const SHARE = 0.1;
const MOST = 50;

const FEW = 2; // with less than that, nobody is overtaken

interface Owner {
  readonly clock: { now(): number };
  readonly guard: { run(event: string, task: () => void): void };
  ask(): void;
}

/** Whether admission has to wait until the runtime has accepted what the system has. */
export class Arrivals {
  readonly #owner: Owner;
  #count = 0;
  #emptyAt = 0; // when the system's queue was last empty
  #isLooking = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** A client has arrived. */
  add(): void {
    this.#count++;
  }

  /** Whether clients are to be accepted before one of those that wait is admitted. When that is done, the loop is asked again. */
  comeFirst(waiting: number): boolean {
    if (this.#isLooking || waiting < FEW) return this.#isLooking;
    const now = this.#owner.clock.now(); // not the start of the dispatch, which may have taken long
    const since = now - this.#emptyAt;
    if (since > SHORT) this.#look(now + Math.min(since * SHARE, MOST));
    return this.#isLooking;
  }

  #look(until: number): void {
    const before = this.#count;
    this.#isLooking = afterTurns(this.#owner.guard, TURNS_TO_READ, () => {
      const now = this.#owner.clock.now();
      this.#isLooking = false;
      if (this.#count > before && now < until) this.#look(until);
      if (this.#isLooking) return;
      this.#emptyAt = now;
      this.#owner.ask();
    });
  }
}
