// A timer, as Node's class Timeout. To the schedule it is an Entry, which is not declared, so that users need not see it.

// oxlint-disable no-underscore-dangle -- `_onTimeout` is Node's name

import { capture } from "./context.ts";
import { numberOf, remember } from "./numbers.ts";
import { type Entry, NUMBERED, RECURRING, REF, STOPPED, flagOf, keptOf, recontext } from "./entry.ts";
import { schedule } from "./schedule.ts";

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never; // Bun uses it, too
const INSPECT_ON_DENO: unique symbol = Symbol.for("Deno.customInspect") as never;

type Callback = (...args: never[]) => unknown;

/** A timer, as `setTimeout` and `setInterval` return it. */
export class Timeout {
  // Declared only: fields with an initial value would be written twice, and there may be a million timers.
  /** @internal */
  declare state: number;
  /** @internal */
  declare readonly delay: number;
  /** @internal */
  declare kept: unknown;
  /** The callback, under the name that Node has for it; null if the timer has been cleared. Not to be called. */
  // oxlint-disable-next-line no-explicit-any -- as Node's types have it
  declare _onTimeout: (...args: any[]) => any;

  /** @internal */
  constructor(callback: Callback, delay: number, flags: number, kept: unknown) {
    this.state = STOPPED | flags;
    this.delay = delay;
    this.kept = kept;
    this._onTimeout = callback;
    schedule.start(this);
  }

  /** Starts the timer again, from now. Also works after it has fired, but not after it was cleared. */
  refresh(): this {
    if (this.state >= 0) schedule.restart(this);
    else if ((this as Entry)._onTimeout !== null) {
      recontext(this, capture());
      schedule.start(this);
      if ((this.state & NUMBERED) !== 0) remember(this);
    }
    return this;
  }

  /** Keeps the process alive while the timer is running, as by default. */
  ref(): this {
    if ((this.state & REF) === 0) {
      const isRunning = this.state >= 0; // not so for another object, of which this may be called
      this.state |= REF;
      if (isRunning) schedule.hold(1);
    }
    return this;
  }

  /** Lets the process end although the timer is running. */
  unref(): this {
    if ((this.state & REF) !== 0) {
      this.state &= ~REF;
      if (this.state >= 0) schedule.hold(-1);
    }
    return this;
  }

  /** Whether the timer keeps the process alive. */
  hasRef(): boolean {
    return (this.state & REF) !== 0;
  }

  /** Clears the timer. */
  close(): this {
    clear(this);
    return this;
  }

  /** Clears the timer at the end of a block, with `using`. */
  [Symbol.dispose](): void {
    clear(this);
  }

  /** A number for the timer, which `clearTimeout` and `clearInterval` take, also as a string. */
  [Symbol.toPrimitive](): number {
    this.state |= NUMBERED;
    if (this.state >= 0) remember(this);
    return numberOf(this);
  }

  /** @internal */
  [INSPECT](): string {
    return shown(this);
  }

  /** @internal */
  [INSPECT_ON_DENO](): string {
    return shown(this);
  }
}

/** Starts a timer in the current context. */
export function start(callback: Callback, delay: number, args: readonly unknown[] | undefined, flags: number): Timeout {
  const context = capture();
  return new Timeout(callback, delay, flags | flagOf(context), keptOf(context, args));
}

/** Clears a timer: it does not fire any more, and cannot be started again. */
export function clear(timer: Timeout): void {
  if (timer.state >= 0) schedule.stop(timer);
  (timer as Entry)._onTimeout = null;
}

// `Timeout { delay: 1000, isRunning: true, hasRef: true }`.
function shown(timer: Timeout): string {
  const { delay, state } = timer;
  const kind = (state & RECURRING) === 0 ? "Timeout" : "Timeout (interval)";
  return `${kind} { delay: ${delay}, isRunning: ${state >= 0}, hasRef: ${timer.hasRef()} }`;
}
