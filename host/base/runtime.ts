// Globals of the runtime, saved when this module is loaded: later replacements, such as a test's fake timers, do not affect the loop.

interface Global {
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    nextTick?(callback: () => void): void;
  };
  readonly Deno?: {
    readonly permissions?: { querySync(what: { name: "env"; variable: string }): { state: string } };
    unrefTimer?(timer: unknown): void;
  };
}

const { Deno, process } = globalThis as Global;

// A browser has no immediates.
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;
export const setImmediate: typeof globalThis.setImmediate | undefined = globalThis.setImmediate;
export const clearImmediate: typeof globalThis.clearImmediate | undefined = globalThis.clearImmediate;
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask;

/** Lets the process exit even if a timer is still running. */
export function unrefTimer(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === "object") timer.unref();
  else Deno?.unrefTimer?.(timer);
}

/** The time in milliseconds on the runtime's monotonic clock. */
export const monotonicNow: () => number = performance.now.bind(performance);

/** Calls back before the runtime continues with anything else: by `process.nextTick`, or in a microtask if there is none. */
export const nextTickOfRuntime: (callback: () => void) => void = process?.nextTick?.bind(process) ?? queueMicrotask;

/** An environment variable; undefined if it is not set, or if reading it is not permitted (Deno would prompt, or throw). */
export function setting(name: `IOLOOP_${string}` | `LISTEN_${string}`): string | undefined {
  const permission = Deno?.permissions?.querySync({ name: "env", variable: name });
  return permission && permission.state !== "granted" ? undefined : process?.env?.[name];
}
