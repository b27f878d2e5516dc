// When passes run: in the next turn of the runtime's own event loop, and, while clients wait, several in one turn.
//
// In each turn the runtime looks at its sockets once, which can take long on a busy machine. A client that was only kept waiting by the
// number of admissions a pass need not wait for the next turn as well.

import { queueMicrotask, setTimeout } from "../base/runtime.ts";
import { type Turn, cancelTurn, nextTurn } from "../time/clock.ts";

export class Turns {
  readonly #ring: () => void;
  readonly #failed: (error: unknown) => void;
  #turn: Turn | undefined;
  #left = 0; // passes that may still run in this turn
  #hasWaiting = false; // clients wait whom the next pass may admit

  /** `ring` runs a pass; `failed` is told what the runtime throws, when memory is short. */
  constructor(ring: () => void, failed: (error: unknown) => void) {
    this.#ring = ring;
    this.#failed = failed;
  }

  /** Makes a pass run in the next turn, and up to `passes` while clients wait. */
  wake(passes: number): void {
    if (this.#turn !== undefined) return;
    const run = (): void => {
      this.#turn = undefined;
      this.#left = passes;
      this.#run();
    };
    try {
      this.#turn = nextTurn(run);
    } catch (error) {
      this.#turn = setTimeout(run, 0); // another way to the same
      this.#failed(error);
    }
  }

  /** Clients wait whom another pass may admit: it runs in this turn if it still may. */
  wantAnother(): void {
    this.#hasWaiting = true;
  }

  cancel(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#left = 0;
    if (turn === undefined) return;
    try {
      cancelTurn(turn);
    } catch (error) {
      this.#failed(error); // it runs, and finds nothing to do
    }
  }

  #run(): void {
    this.#hasWaiting = false;
    this.#ring();
    if (!this.#hasWaiting || --this.#left <= 0) return;
    try {
      queueMicrotask(() => this.#run());
    } catch (error) {
      this.wake(this.#left);
      this.#failed(error);
    }
  }
}
