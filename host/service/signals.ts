// The signals that prefork obeys. Those of a terminal reach the whole process group, and service managers often send theirs to every
// process: so workers ignore all of them, and obey only the manager.

import { closeSync, openSync } from "node:fs";

export const SIGNALS = ["SIGTERM", "SIGQUIT", "SIGINT", "SIGUSR2", "SIGHUP", "SIGTTIN", "SIGTTOU"] as const;
export type Signal = (typeof SIGNALS)[number];

/** Calls back for each signal. */
export class Signals {
  /** Signals that this runtime does not have. */
  readonly missing: readonly Signal[];
  readonly #received: (signal: Signal) => void;
  readonly #listeners = new Map<Signal, () => void>();

  constructor(received: (signal: Signal) => void) {
    this.#received = received;
    this.missing = SIGNALS.filter((signal) => !this.#listen(signal));
  }

  /** Leaves them to the program, and to the defaults of the system. */
  end(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    this.#listeners.clear();
  }

  #listen(signal: Signal): boolean {
    const listener = (): void => this.#received(signal);
    try {
      process.on(signal, listener);
    } catch {
      return false;
    }
    this.#listeners.set(signal, listener);
    return true;
  }
}

/** Whether this process has a terminal. When its window is closed, it cannot be found out any more. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
