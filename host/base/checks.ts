// Checks of arguments: which one, what it was, what is allowed. Everything wrong is said at the call.

import type { IOLoopErrorCode } from "./errors.ts";

/** What a value must be. */
export interface Rule {
  /** In words: "a number of seconds, 0 or more". */
  readonly allowed: string;
  /** Whether the type is right; a wrong one is a TypeError. */
  readonly type: (value: unknown) => boolean;
  /** Whether a value of the right type is allowed; a wrong one is a RangeError. */
  readonly range?: (value: never) => boolean;
}

const isString = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";

function whole(from: number, to: number): Rule {
  return {
    allowed: `a whole number from ${from} to ${to}`,
    type: isNumber,
    range: (value: number) => Number.isInteger(value) && value >= from && value <= to,
  };
}

/** One of some words. */
export function oneOf(...words: readonly string[]): Rule {
  return {
    allowed: words.map((word) => `"${word}"`).join(" or "),
    type: isString,
    range: (value: string) => words.includes(value),
  };
}

export const SECONDS: Rule = {
  allowed: "a finite number of seconds, 0 or more",
  type: isNumber,
  range: (value: number) => value >= 0 && Number.isFinite(value * 1000),
};
export const FUNCTION: Rule = { allowed: "a function", type: (value) => typeof value === "function" };
export const BOOLEAN: Rule = { allowed: "true or false", type: (value) => typeof value === "boolean" };
export const PORT: Rule = whole(0, 65535);
export const PEER_PORT: Rule = whole(1, 65535);
export const COUNT: Rule = whole(0, 2147483647);
export const POSITIVE: Rule = whole(1, 2147483647);
export const TEXT: Rule = {
  allowed: "a string that is not empty",
  type: isString,
  range: (value: string) => value.length > 0,
};
export const OVERFLOW: Rule = oneOf("wait", "drop");
export const OBJECT: Rule = {
  allowed: "an object",
  type: (value) => (typeof value === "object" && value !== null) || typeof value === "function",
};
// By what they can do, or are called: a test runner may have made them in a realm of its own.
export const SIGNAL: Rule = {
  allowed: "an AbortSignal",
  type: (value) =>
    has(value, "addEventListener", "removeEventListener") && typeof (value as AbortSignal).aborted === "boolean",
};
export const CHUNK: Rule = {
  allowed: "a string, a Buffer or a Uint8Array",
  type: (value) => typeof value === "string" || value instanceof Uint8Array || isForeignUint8Array(value),
};
export const CLOCK: Rule = {
  allowed: "a clock, with now() and alarm()",
  type: (value) => has(value, "now", "alarm"),
};
export const STREAM: Rule = {
  allowed: "a socket or a Duplex of the runtime",
  type: (value) => has(value, "on", "off", "pause", "resume", "write", "destroy"),
};
export const STRING: Rule = { allowed: "a string", type: isString };

/** Throws unless `value` obeys `rule`. `name` says whose argument it is: `timer: after`. */
export function check(name: string, value: unknown, rule: Rule): void {
  if (!rule.type(value)) throw wrong(TypeError, "ERR_IOLOOP_INVALID_ARG_TYPE", name, value, rule);
  if (rule.range && !rule.range(value as never)) throw wrong(RangeError, "ERR_IOLOOP_OUT_OF_RANGE", name, value, rule);
}

function obeys(value: unknown, rule: Rule): boolean {
  return rule.type(value) && (!rule.range || rule.range(value as never));
}

/** Throws unless `options` is an object whose every option is known and obeys its rule. An option that is undefined counts as not given. */
export function checkOptions(what: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrong(TypeError, "ERR_IOLOOP_INVALID_ARG_TYPE", `${what}: options`, options, OBJECT);
  }
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name];
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) {
      const message = `${what}: unknown option "${name}"; known are ${Object.keys(rules).join(", ")}`;
      throw withCode(new TypeError(message), "ERR_IOLOOP_UNKNOWN_OPTION");
    }
    if (value !== undefined && !obeys(value, rule)) check(`${what}: option "${name}"`, value, rule);
  }
}

/** Checks the arguments of a timer: what is right costs no more than to look. */
export function checkTimer(what: string, after: unknown, callback: unknown): void {
  if (typeof callback !== "function" || typeof after !== "number" || !(after >= 0) || after * 1000 === Infinity) {
    refuseTimer(what, after, callback);
  }
}

function refuseTimer(what: string, after: unknown, callback: unknown): void {
  check(`${what}: callback`, callback, FUNCTION);
  check(`${what}: after`, after, SECONDS);
}

/** The two call forms, options first or callback first, as one: [first, callback]. */
export function callForm<T>(what: string, a: unknown, b: unknown): [T, (...args: never[]) => unknown] {
  const [first, callback] = typeof a === "function" ? [b, a] : [a, b];
  check(`${what}: callback`, callback, FUNCTION);
  return [first as T, callback as (...args: never[]) => unknown];
}

function isForeignUint8Array(value: unknown): boolean {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

// Duck typing, because a socket need not be made by the runtime's own classes.
function has(value: unknown, ...methods: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

function wrong(
  kind: typeof TypeError | typeof RangeError,
  code: IOLoopErrorCode,
  name: string,
  value: unknown,
  rule: Rule,
): Error {
  return withCode(new kind(`${name} must be ${rule.allowed}, not ${show(value)}`), code);
}

/** An error of the runtime, with a code of ours. */
export function withCode(error: Error, code: IOLoopErrorCode): Error {
  return Object.assign(error, { code });
}

function instance(value: object): string {
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "" ? `an object of ${name}` : "an object of no class";
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null)
    return value.constructor === Object ? "a plain object" : instance(value);
  return String(value);
}
