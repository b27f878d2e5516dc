// Signals of AbortControllers: no listener stays on one longer than it is needed.

import { queueMicrotask } from "./runtime.ts";

/**
 * Calls back once, when a signal is aborted; if it is aborted already, as soon as the caller has returned. Returns a function that removes
 * the listener.
 */
export function onAbort(signal: AbortSignal | undefined, aborted: (reason: unknown) => void): () => void {
  if (!signal) return nothing;
  let isOver = false;
  const abort = (): void => {
    if (isOver) return;
    end();
    aborted(signal.reason);
  };
  const end = (): void => {
    isOver = true;
    signal.removeEventListener("abort", abort);
  };
  if (signal.aborted) queueMicrotask(abort);
  else signal.addEventListener("abort", abort, { once: true });
  return end;
}

/** Keeps a rejection without a handler from being reported as unhandled. Returns the promise. */
export function silent<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}

function nothing(): void {
  // Nothing to do.
}
