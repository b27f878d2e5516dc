// A clock of the user's may throw, and so may the runtime's own timers when memory is short. Neither may stop a loop for good.

import { clearTimeout, setTimeout } from "../base/runtime.ts";
import { type Alarm, type Clock, SystemClock, nextTurn } from "./clock.ts";

type Failed = (error: unknown) => void;

const RETRY = 10; // milliseconds

/** A clock that never throws: it reports what `clock` throws, and gives the time that it gave last. That of the system is as it is. */
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
    this.#last = clock.now(); // one that throws from the beginning is an error of who gave it
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

/** An alarm of a clock that never throws: it reports what is thrown, and where it cannot be set, rings soon: then it is set again. */
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
