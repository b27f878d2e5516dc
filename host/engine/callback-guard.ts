// The guard around callbacks: what they throw, or reject with, goes to the `error` event, and the loop goes on.

import type { Engine } from "./engine.ts";
import { isThenable } from "../base/errors.ts";
import type { Callback, Supervisor } from "./parts.ts";

export class Guard {
  readonly #engine: Engine;
  readonly #supervisor: Supervisor;

  constructor(engine: Engine, supervisor: Supervisor) {
    this.#engine = engine;
    this.#supervisor = supervisor;
  }

  /** Runs a task of the loop's own, which may emit. */
  run(event: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#supervisor.failed(error, event);
    }
  }

  /** Calls a callback of the user's. */
  call(callback: Callback, subject: unknown, event: string): void {
    try {
      const result = callback(subject as never);
      if (isThenable(result)) this.pending(result, event);
    } catch (error) {
      this.#supervisor.failed(error, event);
    }
  }

  /** Waits for a callback's promise. */
  pending(result: PromiseLike<unknown>, event: string): void {
    result.then(undefined, (error: unknown) => {
      const active = this.#engine.begin();
      this.#supervisor.failed(error, event);
      if (active) this.#engine.end();
    });
  }
}
