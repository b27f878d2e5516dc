// The graceful stop: what a caller may ask of it, and how it is handed to the core.

import { Code } from "./core.ts";
import type { Engine } from "./engine.ts";
import type { StopOptions } from "./loop-options.ts";
import { SECONDS, SIGNAL, checkOptions } from "./options.ts";

/** Begins a graceful stop, or hastens the one under way. Resolves when the loop has stopped. */
export async function stopGracefully(engine: Engine, options: StopOptions): Promise<void> {
  const { delay = 0, timeout = 0, signal } = options;
  const { core, stopped } = engine;
  core.calls.handleDrain(delay * 1000, timeout * 1000, engine.clock.now());
  core.refresh();
  engine.rearm();
  const hurry = (): void => {
    if (core.calls.handleHurry() === Code.OK) engine.askNow();
  };
  if (signal?.aborted) core.calls.handleHurry();
  signal?.addEventListener("abort", hurry, { once: true });
  engine.askNow();
  await stopped;
  signal?.removeEventListener("abort", hurry);
}

/** Throws unless the options are those of a graceful stop. */
export function checkStopOptions(options: StopOptions): void {
  checkOptions("stopGracefully", options, { delay: SECONDS, timeout: SECONDS, signal: SIGNAL });
}
