// The functions of node:timers/promises, on the core of wasm-ioloop/timers.

import { onAbort } from "../base/signals.ts";
import { delayOf } from "./delay.ts";
import { RECURRING, REF } from "./schedule.ts";
import { Timeout, clear } from "./timeout.ts";
import { abortError, checked } from "./wrong.ts";

/** Options of the promise forms. */
export interface TimerOptions {
  /** Whether the timer keeps the process alive; default true. */
  ref?: boolean | undefined;
  /** Clears the timer when it is aborted: the promise rejects with an `AbortError`, whose `cause` is the reason. */
  signal?: AbortSignal | undefined;
}

/** Resolves with `value` after `delay` milliseconds. */
export function setTimeout<T = void>(delay?: number, value?: T, options?: TimerOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal, isRef } = checked("setTimeout", delay, options);
    const args = signal || value === undefined ? undefined : [value];
    // No context is kept: a callback of the promise has the one in which it was given to `then`.
    const timer = new Timeout(signal ? done : resolve, delayOf(delay), args, isRef ? REF : 0, undefined);
    const end = onAbort(signal, (reason) => {
      clear(timer);
      reject(abortError(reason));
    });
    function done(): void {
      end();
      resolve(value as T);
    }
  });
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
  const fired = (): void => {
    count++;
    wake?.();
  };
  const timer = new Timeout(fired, delayOf(delay), undefined, (isRef ? REF : 0) | RECURRING, undefined);
  const end = onAbort(signal, () => {
    clear(timer);
    wake?.();
  });
  try {
    for (;;) {
      for (; count > 0; count--) yield value as T;
      if (signal?.aborted) throw abortError(signal.reason);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    clear(timer);
    end();
  }
}
