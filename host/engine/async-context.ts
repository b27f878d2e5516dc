// The async context of a run, as AsyncLocalStorage has it.

import { AsyncResource } from "node:async_hooks";

/** Runs something in the context in which this was called. */
export function captureContext(): (run: () => void) => void {
  const resource = new AsyncResource("IOLoop", { requireManualDestroy: true }); // nobody waits for its end
  return (run) => resource.runInAsyncScope(run);
}
