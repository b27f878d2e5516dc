// The signals that prefork obeys. Those of a terminal reach the whole process group, and service managers often send theirs to every
// process: so workers ignore all of them, and obey only the manager.

import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { monotonicNow } from "../base/runtime.ts";

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
    if (!Object.hasOwn(constants.signals, signal)) return false; // `on` would take it as any other event
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

const COPY_MS = 500;

/**
 * Tells a second Ctrl-C from a copy of the first one. A terminal sends INT to its whole process group; `bun run` and other parents pass on
 * what they get to their child, which then gets it twice.
 */
export class Interrupts {
  #first: number | undefined;

  /** A signal to end has come. Returns whether it is an INT, and there was another signal to end a while ago. */
  isSecond(signal: string): boolean {
    const now = monotonicNow();
    this.#first ??= now;
    return signal === "SIGINT" && now - this.#first >= COPY_MS;
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
