// Globals of the runtime, saved when this module is loaded: later replacements, such as a test's fake timers, do not affect the loop.

declare const INTERNAL: unique symbol; // Deno.internal

interface Global {
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    nextTick?(callback: () => void): void;
    emitWarning?(message: string, name: string): void;
    hrtime?(): [seconds: number, nanoseconds: number];
    getBuiltinModule?(name: string): unknown;
    /** Runs the callbacks of `nextTick` and the microtasks that are queued. */
    _tickCallback?(): void;
  };
  readonly Deno?: {
    readonly permissions?: { querySync(what: { name: "env"; variable: string }): { state: string } };
    readonly internal: typeof INTERNAL;
    readonly [INTERNAL]?: { readonly core?: { runNextTicks?(): void } };
    refTimer?(timer: unknown): void;
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

/** Keeps the process alive while a timer is running, after `unrefTimer`. */
export function refTimer(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === "object") timer.ref();
  else Deno?.refTimer?.(timer);
}

/** The time in milliseconds on the runtime's monotonic clock. */
export const monotonicNow: () => number = performance.now.bind(performance);

/**
 * How long a timer of the runtime has to be, in whole milliseconds, to end at a time of `monotonicNow` or soon after it. Node's timers end
 * when its clock has counted so many milliseconds, of which the first one may almost be over.
 */
export const timerUntil: (at: number) => number = countsMilliseconds() ? untilCounted : untilElapsed;

// Whole milliseconds on the clock of Node's timers begin when the sum of this and `monotonicNow` is a whole number.
const phase = (process?.hrtime?.()[1] ?? 0) / 1e6 - monotonicNow();

function countsMilliseconds(): boolean {
  return process?.hrtime !== undefined && !Deno && !("Bun" in globalThis);
}

function untilCounted(at: number): number {
  return Math.ceil(at + phase) - Math.floor(monotonicNow() + phase);
}

function untilElapsed(at: number): number {
  return Math.ceil(at - monotonicNow());
}

/** Calls back before the runtime continues with anything else: by `process.nextTick`, or in a microtask if there is none. */
export const nextTickOfRuntime: (callback: () => void) => void = process?.nextTick?.bind(process) ?? queueMicrotask;

const denoCore = Deno?.[Deno.internal]?.core;

/**
 * Runs the callbacks of `process.nextTick` and the microtasks that are queued, on Node and Deno; undefined if there is no such function.
 * On Bun, it does nothing.
 */
export const runTicks: (() => void) | undefined =
  process?.["_tickCallback"]?.bind(process) ?? denoCore?.runNextTicks?.bind(denoCore);

/** Prints a warning of a type; undefined in a browser. */
export const emitWarning: ((message: string, name: string) => void) | undefined = process?.emitWarning?.bind(process);

/** A module of the runtime, such as "node:async_hooks"; undefined if there is none, or no way to load it without an import. */
export function builtinModule(name: string): unknown {
  try {
    return process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}

/** An environment variable; undefined if it is not set, or if reading it is not permitted (Deno would prompt, or throw). */
export function setting(name: `IOLOOP_${string}` | `LISTEN_${string}`): string | undefined {
  const permission = Deno?.permissions?.querySync({ name: "env", variable: name });
  return permission && permission.state !== "granted" ? undefined : process?.env?.[name];
}
