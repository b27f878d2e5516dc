// Parts of a loop that the end of a scope closes.

import type { Events } from "../base/event-emitter.ts";
import { ReactorPart } from "../reactor/emitters.ts";

/** A part of a loop that `using` and `await using` close. */
export abstract class Disposable<E extends Events<E>> extends ReactorPart<E> {
  abstract close(): void;

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
