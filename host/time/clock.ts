// Clocks and alarms: the source of time of a loop.

import { clearImmediate, clearTimeout, monotonicNow, setImmediate, setTimeout } from "../base/runtime.ts";

/** Calls back at a given time. */
export interface Alarm {
  /**
   * Calls back once, at `at` milliseconds on the clock or soon after. Replaces the time that was set before. If that time has
   * already passed, calls back in the next iteration of the event loop, never before `set` has returned.
   */
  set(at: number): void;
  /** Cancels the time that was set. */
  clear(): void;
}

/** The source of a loop's time. If it throws, the reactor emits `error`, and the loop continues with the last known time. */
export interface Clock {
  /** The time in milliseconds since any fixed moment; never goes backwards. */
  now(): number;
  /** Creates an alarm that calls `callback`. It keeps the process alive while it is set. */
  alarm(callback: () => void): Alarm;
}

const LONGEST = 2 ** 31 - 1; // setTimeout turns a longer delay into 1 ms

/** The system's monotonic clock. */
export class SystemClock implements Clock {
  now(): number {
    return monotonicNow();
  }

  alarm(callback: () => void): Alarm {
    let timeout: ReturnType<typeof setTimeout> | undefined;
    let turn: Turn | undefined;
    const clear = (): void => {
      clearTimeout(timeout);
      if (turn !== undefined) cancelTurn(turn);
      turn = undefined;
    };
    const set = (at: number): void => {
      clear();
      const delay = at - monotonicNow();
      if (delay <= 0) turn = nextTurn(callback);
      else timeout = setTimeout(callback, Math.min(Math.max(Math.ceil(delay), 1), LONGEST));
    };
    return { set, clear };
  }
}

/** Calls back in the next iteration of the runtime's event loop. `cancelTurn` cancels what it returns. */
export function nextTurn(callback: () => void): Turn {
  return setImmediate ? setImmediate(callback) : setTimeout(callback, 0);
}

/**
 * After this many consecutive iterations of its event loop, the runtime has polled its sockets and reported what was ready. Node and Bun
 * poll in each. On Deno an iteration is a Tokio task, and Tokio polls if there is nothing else to do, or else after 61 tasks
 * (`DENO_TOKIO_EVENT_INTERVAL`).
 */
export const TURNS_TO_READ: number = "Deno" in globalThis ? 64 : 2;

export type Turn = NodeJS.Immediate | ReturnType<typeof setTimeout>;

/** Cancels a `nextTurn`. */
export function cancelTurn(turn: Turn): void {
  if (clearImmediate) clearImmediate(turn as NodeJS.Immediate);
  else clearTimeout(turn as ReturnType<typeof setTimeout>);
}
