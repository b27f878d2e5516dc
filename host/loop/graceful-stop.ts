// The graceful stop: what a caller may ask of it, and how it is handed to the core.

import { oneOf, SECONDS, SIGNAL, checkOptions } from "../base/checks.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Resource } from "../engine/resources.ts";

/** Options of `stopGracefully`. */
export interface StopOptions {
  /** Seconds to go on accepting first, while a load balancer takes notice; default 0. */
  delay?: number | undefined;
  /** Seconds after the end of accepting at which connections that are left are closed; default 0, never. */
  timeout?: number | undefined;
  /** Aborted, it ends the patience: what is left is closed at once, as when `timeout` has passed. */
  signal?: AbortSignal | undefined;
  /**
   * Clients that wait to be admitted when accepting ends: `"serve"` (the default) admits them as slots become free, `"reset"` resets
   * them at once, each with a `drop`.
   */
  waiting?: "serve" | "reset" | undefined;
}

/** Begins a graceful stop, or hastens the one under way. Resolves when the loop has stopped. */
export function stopGracefully(engine: LoopEngine, options: StopOptions): Promise<void> {
  const given = checkOptions("stopGracefully", options, RULES);
  const { delay = 0, timeout = 0, signal, waiting = "serve" } = given;
  const { admission, run } = engine;
  const hurry = (): void => {
    if (admission.hurry()) admission.askNow();
  };
  if (signal?.aborted === false) listen(engine, signal, hurry); // first: where that throws, nothing has begun
  admission.drain(delay, timeout, waiting === "reset", engine.clock.now());
  if (signal?.aborted) admission.hurry();
  admission.askNow();
  return Promise.resolve(run?.promise.catch(() => {})); // whoever started it gets the error
}

const RULES = { delay: SECONDS, timeout: SECONDS, signal: SIGNAL, waiting: oneOf("serve", "reset") };

// Until the loop has stopped, or is reset; also if it does not run yet.
function listen(engine: LoopEngine, signal: AbortSignal, hurry: () => void): void {
  const end = (): void => {
    engine.resources.delete(listening);
    signal.removeEventListener("abort", hurry);
  };
  const listening: Resource = { suspend: end, resume: () => {}, close: end };
  signal.addEventListener("abort", hurry, { once: true });
  engine.resources.add(listening);
}
