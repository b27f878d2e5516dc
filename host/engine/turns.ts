// When passes run: in the next turn of the runtime's own event loop, and, while clients wait, several in one turn.
//
// In each turn the runtime looks at its sockets once, which can take long on a busy machine. A client that was only kept waiting by the
// number of admissions a pass need not wait for the next turn as well.

import { queueMicrotask } from "../base/runtime.ts";
import { type Turn, cancelTurn, nextTurn } from "../time/clock.ts";

export class Turns {
  readonly #ring: () => void;
  #turn: Turn | undefined;
  #left = 0; // passes that may still run in this turn
  #hasWaiting = false; // clients wait whom the next pass may admit

  /** `ring` runs a pass. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Makes a pass run in the next turn, and up to `passes` while clients wait. */
  wake(passes: number): void {
    if (this.#turn !== undefined) return;
    this.#turn = nextTurn(() => {
      this.#turn = undefined;
      this.#left = passes;
      this.#run();
    });
  }

  /** Clients wait whom another pass may admit: it runs in this turn if it still may. */
  wantAnother(): void {
    this.#hasWaiting = true;
  }

  cancel(): void {
    if (this.#turn !== undefined) cancelTurn(this.#turn);
    this.#turn = undefined;
    this.#left = 0;
  }

  #run(): void {
    this.#hasWaiting = false;
    this.#ring();
    if (this.#hasWaiting && --this.#left > 0) queueMicrotask(() => this.#run());
  }
}
