// The functions of node:timers/promises, on the core of wasm-ioloop/timers.

import { onAbort } from "../base/signals.ts";
import { delayOf } from "./delay.ts";
import { OWN, RECURRING, REF } from "./entry.ts";
import { Timeout, clear, start } from "./timeout.ts";
import { abortError, checked } from "./wrong.ts";

/** Options of the promise forms. */
export interface TimerOptions {
  /** Whether the timer keeps the process alive; default true. */
  ref?: boolean | undefined;
  /** Clears the timer when it is aborted: the promise rejects with an `AbortError`, whose `cause` is the reason. */
  signal?: AbortSignal | undefined;
}

type Settle<T> = (value: T) => void;

// Most of their timers are OWN: they keep no context, as a callback of the promise has the one in which it was given to `then`.

/** Resolves with `value` after `delay` milliseconds. */
export function setTimeout<T = void>(delay?: number, value?: T, options?: TimerOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal, isRef } = checked("setTimeout", delay, options);
    const flags = isRef ? REF : 0;
    if (signal) abortable(signal, delayOf(delay), flags, value as T, resolve, reject);
    else if (mayHaveThen(value)) start(resolve, delayOf(delay), [value], flags);
    else void new Timeout(resolve, delayOf(delay), flags | OWN, value);
  });
}

// Resolving a promise with an object may call its `then`, in the context under way.
function mayHaveThen(value: unknown): boolean {
  return typeof value === "object" ? value !== null : typeof value === "function";
}

function abortable<T>(
  signal: AbortSignal,
  delay: number,
  flags: number,
  value: T,
  resolve: Settle<T>,
  reject: Settle<unknown>,
): void {
  let timer: Timeout | undefined;
  const end = onAbort(signal, (reason) => {
    if (timer) clear(timer);
    reject(abortError(reason));
  });
  const done = (): void => {
    end();
    resolve(value);
  };
  try {
    timer = start(done, delay, undefined, flags);
  } catch (error) {
    end();
    throw error;
  }
}

/** Yields `value` every `delay` milliseconds, until the iteration ends. It does not lose those that come while its caller is busy. */
export async function* setInterval<T = void>(
  delay?: number,
  value?: T,
  options?: TimerOptions,
): AsyncGenerator<T, void, void> {
  const { signal, isRef } = checked("setInterval", delay, options);
  let count = 0; // times that it has fired and not yielded yet
  let wake: (() => void) | undefined;
  let timer: Timeout | undefined;
  let end: (() => void) | undefined;
  const stop = (): void => {
    if (timer) clear(timer);
    wake?.();
  };
  const fired = (): void => {
    count++;
    wake?.();
  };
  try {
    end = onAbort(signal, stop);
    timer = new Timeout(fired, delayOf(delay), isRef ? OWN | RECURRING | REF : OWN | RECURRING, undefined);
    for (;;) {
      for (; count > 0; count--) yield value as T;
      if (signal?.aborted) throw abortError(signal.reason);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
    end?.();
  }
}
