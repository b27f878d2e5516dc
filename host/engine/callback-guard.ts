// The guard around callbacks: what they throw, or reject with, goes to the `error` event, and the loop goes on.

import { isThenable } from "../base/deferred.ts";
import type { Callback } from "../time/timers.ts";
import type { DropInfo, Told } from "./admission.ts";

interface Owner {
  begin(): boolean;
  end(): void;
}

/** Receives what happens to no particular connection: the reactor, and the loop if it has one. */
export interface Supervisor {
  failed(error: unknown, event: string): void;
  tell(event: Told): void;
  drop(info: DropInfo): void;
}

export class Guard {
  readonly #owner: Owner;
  readonly #supervisor: Supervisor;

  constructor(owner: Owner, supervisor: Supervisor) {
    this.#owner = owner;
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
      const active = this.#owner.begin();
      try {
        this.#supervisor.failed(error, event);
      } finally {
        if (active) this.#owner.end();
      }
    });
  }
}
