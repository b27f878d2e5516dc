// Errors of the timers. They have the names and codes of Node's, because programs compare those.

import { show } from "../base/show.ts";

/** Options of the promise forms, checked. */
export interface Checked {
  readonly signal: AbortSignal | undefined;
  readonly isRef: boolean;
}

const NONE: Checked = { signal: undefined, isRef: true };

/** The error for an argument of the wrong type. */
export function wrongType(what: string, allowed: string, given: unknown): TypeError {
  const error = new TypeError(`${what} must be ${allowed}, not ${show(given)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** The error for a timer whose signal was aborted. */
export function abortError(cause: unknown): Error {
  const error = new Error("The timer was aborted", { cause });
  // Defined, not assigned: in realms with frozen intrinsics, properties of Error.prototype cannot be overridden by assignment.
  Object.defineProperty(error, "name", { value: "AbortError", writable: true, configurable: true });
  return Object.assign(error, { code: "ABORT_ERR" });
}

/** Checks the arguments of a promise form. Throws if one is of the wrong type, or if the signal is aborted already. */
export function checked(method: string, delay: unknown, options: unknown): Checked {
  if (delay !== undefined && typeof delay !== "number") throw wrongType(`${method}: delay`, "a number", delay);
  if (options === undefined) return NONE;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrongType(`${method}: options`, "an object", options);
  }
  const { signal, ref = true } = options as { signal?: unknown; ref?: unknown };
  if (typeof ref !== "boolean") throw wrongType(`${method}: option "ref"`, "true or false", ref);
  if (signal === undefined) return { signal, isRef: ref };
  if (!isSignal(signal)) throw wrongType(`${method}: option "signal"`, "an AbortSignal", signal);
  if (signal.aborted) throw abortError(signal.reason);
  return { signal, isRef: ref };
}

// By its members, not by `instanceof`: it may have been created in another realm.
function isSignal(value: unknown): value is AbortSignal {
  const signal = value as Partial<AbortSignal> | null;
  return typeof signal?.aborted === "boolean" && typeof signal.addEventListener === "function";
}
