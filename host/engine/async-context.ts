// The async context of a run, as AsyncLocalStorage has it.

import { AsyncResource } from "node:async_hooks";

/** The context in which it was made. */
export class AsyncContext {
  readonly #resource = new AsyncResource("IOLoop", { requireManualDestroy: true });

  /** Runs something in it. */
  run(task: () => void): void {
    this.#resource.runInAsyncScope(task);
  }

  /** It is not needed any more: tools that follow resources of the runtime see the end of this one. Once. */
  end(): void {
    this.#resource.emitDestroy();
  }
}
