// The graceful stop: what a caller may ask of it, and how it is handed to the core.

import { Code } from "../core/core.ts";
import type { Engine } from "../engine/engine.ts";
import type { StopOptions } from "./loop-options.ts";
import { SECONDS, SIGNAL, checkOptions } from "../base/checks.ts";
import type { Resource } from "../engine/parts.ts";

/** Begins a graceful stop, or hastens the one under way. Resolves when the loop has stopped. */
export async function stopGracefully(engine: Engine, options: StopOptions): Promise<void> {
  const { delay = 0, timeout = 0, signal } = options;
  const { core, run } = engine;
  core.calls.handleDrain(delay * 1000, timeout * 1000, engine.clock.now(), 0);
  core.refresh();
  engine.rearm();
  const hurry = (): void => {
    if (core.calls.handleHurry() === Code.OK) engine.askNow();
  };
  if (signal?.aborted) core.calls.handleHurry();
  else if (signal) listen(engine, signal, hurry);
  engine.askNow();
  await run?.promise.catch(() => {}); // who started it is told
}

// Until the loop has stopped, or is reset; where it does not run yet, too.
function listen(engine: Engine, signal: AbortSignal, hurry: () => void): void {
  const end = (): void => {
    signal.removeEventListener("abort", hurry);
    engine.resources.delete(listening);
  };
  const listening: Resource = { suspend: end, resume: () => {}, close: end };
  signal.addEventListener("abort", hurry, { once: true });
  engine.resources.add(listening);
}

/** Throws unless the options are those of a graceful stop. */
export function checkStopOptions(options: StopOptions): void {
  checkOptions("stopGracefully", options, { delay: SECONDS, timeout: SECONDS, signal: SIGNAL });
}
