// The guard around callbacks: an exception or rejection goes to the reactor's `error` event, and the loop continues.

import { isThenable } from "../base/deferred.ts";
import type { Callback } from "../time/timers.ts";
import type { DropInfo, LoopEvent } from "./admission.ts";

interface Owner {
  begin(): boolean;
  end(): void;
}

/** Receives events that belong to no particular connection: the reactor, and the loop if there is one. */
export interface Supervisor {
  failed(error: unknown, event: string): void;
  tell(event: LoopEvent): void;
  drop(info: DropInfo): void;
}

export class Guard {
  readonly #owner: Owner;
  readonly #supervisor: Supervisor;

  constructor(owner: Owner, supervisor: Supervisor) {
    this.#owner = owner;
    this.#supervisor = supervisor;
  }

  /** Runs a task of the loop itself, which may emit events. */
  run(event: string, task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#supervisor.failed(error, event);
    }
  }

  /** Calls a user's callback. */
  call(callback: Callback, subject: unknown, event: string): void {
    try {
      const result = callback(subject as never);
      if (isThenable(result)) this.pending(result, event);
    } catch (error) {
      this.#supervisor.failed(error, event);
    }
  }

  /** Reports the rejection of a callback's promise. */
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
