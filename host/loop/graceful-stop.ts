// The graceful stop: its options, and the call of the core that begins it.

import { oneOf, SECONDS, SIGNAL, checkOptions } from "../base/checks.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { Resource } from "../engine/resources.ts";

/** Options of `stopGracefully`. */
export interface StopOptions {
  /** Seconds to keep accepting first, until a load balancer has noticed; default 0. */
  delay?: number | undefined;
  /** Seconds from the end of accepting until the remaining connections are closed; default 0, never. */
  timeout?: number | undefined;
  /** When it is aborted, the remaining connections are closed at once, as when `timeout` has passed. */
  signal?: AbortSignal | undefined;
  /**
   * What happens to clients that wait to be admitted when accepting ends: `"serve"` (the default) admits them as slots become free;
   * `"reset"` resets them at once, and emits `drop` for each.
   */
  waiting?: "serve" | "reset" | undefined;
}

/** Begins a graceful stop, or shortens the one that has begun. Resolves when the loop has stopped. */
export function stopGracefully(engine: LoopEngine, options: StopOptions): Promise<void> {
  const given = checkOptions("stopGracefully", options, RULES);
  const { delay = 0, timeout = 0, signal, waiting = "serve" } = given;
  const { admission, run } = engine;
  const hurry = (): void => {
    if (admission.hurry()) admission.askNow();
  };
  if (signal?.aborted === false) listen(engine, signal, hurry); // first, because it may throw: then no stop has begun
  admission.drain(delay, timeout, waiting === "reset", engine.clock.now());
  if (signal?.aborted) admission.hurry();
  admission.askNow();
  return Promise.resolve(run?.promise.catch(() => {})); // the promise of `start` rejects with the error
}

const RULES = { delay: SECONDS, timeout: SECONDS, signal: SIGNAL, waiting: oneOf("serve", "reset") };

// Listens until the loop has stopped or is reset, also if it is not running yet.
function listen(engine: LoopEngine, signal: AbortSignal, hurry: () => void): void {
  const end = (): void => {
    engine.resources.delete(listening);
    signal.removeEventListener("abort", hurry);
  };
  const listening: Resource = { suspend: end, resume: () => {}, close: end };
  signal.addEventListener("abort", hurry, { once: true });
  engine.resources.add(listening);
}
