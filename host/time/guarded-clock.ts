// A user's clock may throw, and so may the runtime's own timers if memory is short. Neither may stop a loop permanently.

import { clearTimeout, setTimeout } from "../base/runtime.ts";
import { type Alarm, type Clock, SystemClock, nextTurn } from "./clock.ts";

type Failed = (error: unknown) => void;

const RETRY = 10; // milliseconds

/** Wraps a clock so that it never throws: it reports the error, and returns the last known time. A SystemClock is returned as it is. */
export function guardClock(clock: Clock, failed: Failed): Clock {
  return clock.constructor === SystemClock ? clock : new GuardedClock(clock, failed);
}

class GuardedClock implements Clock {
  readonly #clock: Clock;
  readonly #failed: Failed;
  #last: number;

  constructor(clock: Clock, failed: Failed) {
    this.#clock = clock;
    this.#failed = failed;
    this.#last = clock.now(); // if the first call throws, so does the constructor of the loop
  }

  now(): number {
    try {
      this.#last = this.#clock.now();
    } catch (error) {
      this.#failed(error);
    }
    return this.#last;
  }

  alarm(callback: () => void): Alarm {
    return this.#clock.alarm(callback);
  }
}

/** An alarm that never throws: it reports the error. If it cannot be set, it rings soon, so that the loop sets it again. */
export function guardedAlarm(clock: Clock, callback: () => void, failed: Failed): Alarm {
  let retry: ReturnType<typeof setTimeout> | undefined;
  const alarm = clock.alarm(callback);
  const forget = (): void => {
    if (retry === undefined) return;
    const timer = retry;
    retry = undefined;
    clearTimeout(timer);
  };
  const attempt = (task: () => void, instead?: () => void): void => {
    try {
      forget();
      task();
    } catch (error) {
      instead?.();
      failed(error);
    }
  };
  const ringSoon = (): void => {
    try {
      retry = setTimeout(callback, RETRY);
    } catch {
      nextTurn(callback);
    }
  };
  return {
    set: (at) => attempt(() => alarm.set(at), ringSoon),
    clear: () => attempt(() => alarm.clear()),
  };
}
