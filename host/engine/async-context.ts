// The async context of a run, as AsyncLocalStorage sees it.

import { AsyncResource } from "node:async_hooks";

/** The async context in which this object was created. */
export class AsyncContext {
  readonly #resource = new AsyncResource("IOLoop", { requireManualDestroy: true });

  /** Runs a task in that context. */
  run(task: () => void): void {
    this.#resource.runInAsyncScope(task);
  }

  /** Ends the async resource, for tools that track the runtime's resources. To be called exactly once. */
  end(): void {
    this.#resource.emitDestroy();
  }
}
