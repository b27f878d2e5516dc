// The functions of node:timers, on a core of their own: a million timers cost what a thousand do. They need no loop.

import { delayOf } from "./delay.ts";
import { RECURRING, REF } from "./entry.ts";
import { timerOf } from "./numbers.ts";
import { setTimeout as setTimeoutPromise } from "./promises.ts";
import { Timeout, clear, start } from "./timeout.ts";
import { wrongType } from "./wrong.ts";

export type { Timeout } from "./timeout.ts";

/** Calls back once, after `delay` milliseconds, 1 to 2^31 - 1. Any other delay counts as 1. The callback gets `args`; its `this` is the timer. */
export function setTimeout<A extends unknown[]>(
  callback: (this: Timeout, ...args: A) => unknown,
  delay?: number,
  ...args: A
): Timeout;
/** The same for a callback that takes nothing, such as the `resolve` of a promise. */
export function setTimeout(callback: (nothing: void) => unknown, delay?: number): Timeout;
export function setTimeout(callback: (...args: never[]) => unknown, delay?: number, ...args: unknown[]): Timeout {
  if (typeof callback !== "function") throw wrongType("setTimeout: callback", "a function", callback);
  return start(callback, delayOf(delay), args.length === 0 ? undefined : args, REF);
}

/** Calls back every `delay` milliseconds, until the timer is cleared. Arguments as those of `setTimeout`. */
export function setInterval<A extends unknown[]>(
  callback: (this: Timeout, ...args: A) => unknown,
  delay?: number,
  ...args: A
): Timeout;
/** The same for a callback that takes nothing. */
export function setInterval(callback: (nothing: void) => unknown, delay?: number): Timeout;
export function setInterval(callback: (...args: never[]) => unknown, delay?: number, ...args: unknown[]): Timeout {
  if (typeof callback !== "function") throw wrongType("setInterval: callback", "a function", callback);
  return start(callback, delayOf(delay), args.length === 0 ? undefined : args, REF | RECURRING);
}

/** Clears a timer or an interval, given it or its number. Does nothing if it has ended, or with anything else. */
export function clearTimeout(timer?: Timeout | number | string | null): void {
  if (timer instanceof Timeout) return clear(timer);
  if (typeof timer !== "number" && typeof timer !== "string") return;
  const found = timerOf(timer);
  if (found) clear(found as Timeout);
}

/** The same as {@link clearTimeout}. */
export function clearInterval(timer?: Timeout | number | string | null): void {
  clearTimeout(timer);
}

// What `promisify` of node:util returns for it.
Object.defineProperty(setTimeout, Symbol.for("nodejs.util.promisify.custom"), {
  enumerable: true,
  value: setTimeoutPromise,
});
