// What the runtime has everywhere, taken when this is loaded: what a test puts in its place later, the loop does not see.

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

// Fake timers of a test runner reach none of these. A browser has no immediates.
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;
export const setImmediate: typeof globalThis.setImmediate | undefined = globalThis.setImmediate;
export const clearImmediate: typeof globalThis.clearImmediate | undefined = globalThis.clearImmediate;
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask;

/** The process need not wait for a timer. */
export function unrefTimer(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === "object") timer.unref();
  else Deno?.unrefTimer?.(timer);
}

/** Milliseconds on the monotonic clock of the runtime. */
export const monotonicNow: () => number = performance.now.bind(performance);

/** Calls back before the runtime goes on with anything else; where there is no such queue, in a microtask. */
export const nextTickOfRuntime: (callback: () => void) => void = process?.nextTick?.bind(process) ?? queueMicrotask;

/** A variable of the environment; undefined if it is not set, if there are none, and if none may be read (Deno would ask, or throw). */
export function setting(name: `IOLOOP_${string}`): string | undefined {
  const permission = Deno?.permissions?.querySync({ name: "env", variable: name });
  return permission && permission.state !== "granted" ? undefined : process?.env?.[name];
}
