// Delays as Node takes them: whole milliseconds from 1 to 2^31 - 1. Every other delay counts as 1 ms, most of them with a warning.

import { emitWarning } from "../base/runtime.ts";

/** The longest delay of a timer, in milliseconds. */
export const LONGEST: number = 2 ** 31 - 1;

/** The delay of a timer in whole milliseconds. */
export function delayOf(given: unknown): number {
  if (given === undefined) return 1;
  const delay = typeof given === "number" ? given : (given as number) * 1; // throws if it is a bigint
  if (delay >= 1 && delay <= LONGEST) return delay | 0;
  if (delay > LONGEST)
    warn("TimeoutOverflowWarning", `A delay of ${delay} ms does not fit into a 32-bit signed integer`);
  else if (delay < 0) warnOnce("TimeoutNegativeWarning", `A delay of ${delay} ms is negative`);
  else if (Number.isNaN(delay)) warnOnce("TimeoutNaNWarning", "A delay is not a number");
  return 1;
}

const warned = new Set<string>();

function warnOnce(name: string, what: string): void {
  if (warned.has(name)) return;
  warned.add(name);
  warn(name, what);
}

function warn(name: string, what: string): void {
  emitWarning?.(`${what}: the timer was set to 1 ms.`, name);
}
