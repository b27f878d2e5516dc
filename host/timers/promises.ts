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
    const args = value === undefined ? undefined : [value];
    const flags = isRef ? REF : 0;
    // No context is kept: that of a callback of the promise is the one in which it was given to `then`.
    if (!signal) return void new Timeout(resolve, delayOf(delay), args, flags, undefined);
    const done = (): void => {
      end();
      resolve(value as T);
    };
    const timer = new Timeout(done, delayOf(delay), undefined, flags, undefined);
    const end = onAbort(signal, (reason) => {
      clear(timer);
      reject(abortError(reason));
    });
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
