// Schedules passes: in the next iteration of the runtime's event loop (a turn) and, while clients wait, several in one turn.
//
// In each turn the runtime polls its sockets once, which can take long on a busy machine. A client that waits only because a pass has
// admitted its maximum should not wait for the next turn as well.

import { queueMicrotask, setTimeout } from "../base/runtime.ts";
import { type Turn, cancelTurn, nextTurn } from "../time/clock.ts";

export class Turns {
  readonly #ring: () => void;
  readonly #failed: (error: unknown) => void;
  #turn: Turn | undefined;
  #left = 0; // passes that may still run in this turn
  #hasWaiting = false; // clients wait that the next pass may admit

  /** `ring` runs a pass; `failed` is called with errors of the runtime, such as those for lack of memory. */
  constructor(ring: () => void, failed: (error: unknown) => void) {
    this.#ring = ring;
    this.#failed = failed;
  }

  /** Schedules a pass for the next turn, and up to `passes` of them while clients wait. */
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
      this.#turn = setTimeout(run, 0); // a fallback with the same effect
      this.#failed(error);
    }
  }

  /** Asks for another pass in the current turn, because clients wait. It runs if the limit of passes allows it. */
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
      this.#failed(error); // the pass will run, and find nothing to do
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

/** Calls back after some iterations of the event loop. Returns false if the runtime cannot schedule that. */
export function afterTurns(
  guard: { run(event: string, task: () => void): void },
  turns: number,
  then: () => void,
): boolean {
  let isSet = false;
  guard.run("accept", () => {
    nextTurn(() => {
      if (turns <= 1 || !afterTurns(guard, turns - 1, then)) then();
    });
    isSet = true;
  });
  return isSet;
}
