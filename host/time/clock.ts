// Time as an object: what the loop takes its time from.

import { clearImmediate, clearTimeout, monotonicNow, setImmediate, setTimeout } from "../base/runtime.ts";

/** Calls back at a time. */
export interface Alarm {
  /**
   * Calls back once, at `at` milliseconds on the clock or soon after, instead of any time set before. For a time that has
   * come already, that is the next turn of the runtime, never before `set` has returned.
   */
  set(at: number): void;
  /** Calls back no more. */
  clear(): void;
}

/** Where a loop takes its time from. What it throws is the reactor's `error`: the loop takes the time it had last, and goes on. */
export interface Clock {
  /** Milliseconds since any fixed moment; never runs backwards. */
  now(): number;
  /** An alarm that calls `callback`. A set one keeps the process alive; one that is not set costs nothing. */
  alarm(callback: () => void): Alarm;
}

const LONGEST = 2 ** 31 - 1; // setTimeout takes more for 1 ms

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

/** Calls back in the next turn of the runtime's own loop; `cancel` what it returns. */
export function nextTurn(callback: () => void): Turn {
  return setImmediate ? setImmediate(callback) : setTimeout(callback, 0);
}

/**
 * After so many turns, one after the other, the runtime has looked at its sockets and told what there was: Node and Bun look in each,
 * Deno, whose turns are tasks of Tokio's, where there is nothing else to do, and after 61 (`DENO_TOKIO_EVENT_INTERVAL`) where there is.
 */
export const TURNS_TO_READ: number = "Deno" in globalThis ? 64 : 2;

export type Turn = NodeJS.Immediate | ReturnType<typeof setTimeout>;

/** Takes `nextTurn` back. */
export function cancelTurn(turn: Turn): void {
  if (clearImmediate) clearImmediate(turn as NodeJS.Immediate);
  else clearTimeout(turn as ReturnType<typeof setTimeout>);
}
