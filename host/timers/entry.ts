// A timer as the schedule sees it, and how its callback is called.

// oxlint-disable no-underscore-dangle -- `_onTimeout` is Node's name

import { within, without } from "./context.ts";

/** A timer: what the schedule needs to know of it. Few fields, as there may be a million timers. */
export interface Entry {
  /** Its slot in the core, -1 if it is not running, above its flags. */
  state: number;
  /** In milliseconds. */
  readonly delay: number;
  /** The arguments of the callback, or what the flags OWN and CONTEXT say; undefined if there is nothing. */
  kept: unknown;
  /** The callback, under Node's name, because Node's own `clearTimeout` sets it to null. So does ours. */
  // oxlint-disable-next-line no-explicit-any -- as Node's types have it
  _onTimeout: ((...args: any[]) => unknown) | null;
}

/** The timer keeps the process alive. */
export const REF = 1;
/** It starts again when it fires. */
export const RECURRING = 2;
/** It has a number, by which it can be cleared. */
export const NUMBERED = 4;
/** Its callback is ours, so that it needs no context, and gets what is kept. */
export const OWN = 8;
/** What is kept is the async context, or that and the arguments, as a Kept. */
const CONTEXT = 16;

/** The bits of the slot begin here. */
export const SLOT_SHIFT = 5;
/** The flags. */
export const FLAGS: number = (1 << SLOT_SHIFT) - 1;
/** The state of a timer that is not running, without its flags. */
export const STOPPED: number = -1 << SLOT_SHIFT;

/** The arguments of a callback that has an async context. */
class Kept {
  readonly context: unknown;
  readonly args: readonly unknown[];

  constructor(context: unknown, args: readonly unknown[]) {
    this.context = context;
    this.args = args;
  }
}

/** The flag for a context; none if it is undefined. */
export function flagOf(context: unknown): number {
  return context === undefined ? 0 : CONTEXT;
}

/** What a timer keeps. */
export function keptOf(context: unknown, args: readonly unknown[] | undefined): unknown {
  if (context === undefined) return args;
  return args === undefined ? context : new Kept(context, args);
}

/** Gives a timer another context. */
export function recontext(entry: Entry, context: unknown): void {
  const args = argsOf(entry);
  entry.state = (entry.state & ~CONTEXT) | flagOf(context);
  entry.kept = keptOf(context, args);
}

/** Calls the callback of a timer. */
export function callBack(entry: Entry): void {
  const { kept, state } = entry;
  if ((state & OWN) !== 0) entry._onTimeout!(kept);
  else if ((state & CONTEXT) === 0) without(call, entry);
  else within(kept instanceof Kept ? kept.context : kept, call, entry);
}

// As a method, so that `this` is the timer.
function call(entry: Entry): void {
  const args = argsOf(entry);
  if (args === undefined) entry._onTimeout!();
  else entry._onTimeout!(...args);
}

function argsOf({ kept, state }: Entry): readonly unknown[] | undefined {
  if ((state & CONTEXT) === 0) return kept as readonly unknown[] | undefined;
  return kept instanceof Kept ? kept.args : undefined;
}
