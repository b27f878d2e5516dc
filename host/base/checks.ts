// Checks of arguments. A wrong one throws at the call, with an error that says which one, what it was, and what is allowed.

import { type IOLoopErrorCode, withCode } from "./errors.ts";
import { knownOptions } from "./guess.ts";
import { show } from "./show.ts";

/** What a value must be. */
export interface Rule {
  /** In words: "a number of seconds, 0 or more". */
  readonly allowed: string;
  /** Whether the type is right; a wrong one is a TypeError. */
  readonly type: (value: unknown) => boolean;
  /** Whether a value of the right type is allowed; a wrong one is a RangeError. */
  readonly range?: (value: never) => boolean;
  /** Whether the value of an option has options in it. They are copied, so that the values that were checked are those that are used. */
  readonly holdsOthers?: boolean;
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
export const PORT: Rule = /* @__PURE__ */ whole(0, 65535);
export const PEER_PORT: Rule = /* @__PURE__ */ whole(1, 65535);
export const COUNT: Rule = /* @__PURE__ */ whole(0, 2147483647);
export const POSITIVE: Rule = /* @__PURE__ */ whole(1, 2147483647);
export const TEXT: Rule = {
  allowed: "a string that is not empty",
  type: isString,
  range: (value: string) => value.length > 0,
};
export const HOST: Rule = {
  allowed: "a name or an IP address: a string that is not empty and has no NUL",
  type: isString,
  range: (value: string) => value.length > 0 && !value.includes("\0"),
};
export const OVERFLOW: Rule = /* @__PURE__ */ oneOf("wait", "drop");
export const OBJECT: Rule = {
  allowed: "an object",
  // A revoked proxy has no prototype to ask for, and throws.
  type: (value) =>
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    Object.getPrototypeOf(value) !== undefined,
};
/** An object of options that are passed on to the runtime. */
export const OPTIONS: Rule = { ...OBJECT, holdsOthers: true };
// Checked by their methods and names, not by `instanceof`: a test runner may have created them in another realm.
export const SIGNAL: Rule = {
  allowed: "an AbortSignal",
  type: (value) =>
    has(value, "addEventListener", "removeEventListener") && typeof (value as AbortSignal).aborted === "boolean",
};
export const CHUNK: Rule = {
  allowed: "a string, a Buffer or a Uint8Array",
  type: (value) => typeof value === "string" || isUint8Array(value),
};
export const CLOCK: Rule = {
  allowed: "a clock, with now() and alarm()",
  type: (value) => has(value, "now", "alarm"),
};
export const STREAM: Rule = {
  allowed: "a socket or a Duplex of the runtime",
  type: (value) => has(value, "on", "off", "listenerCount", "pause", "resume", "write", "end", "destroy"),
};
export const ID: Rule = { allowed: "the id of a timer", type: isNumber };
export const STRING: Rule = { allowed: "a string", type: isString };

/** Throws unless `value` obeys `rule`. `name` is the method and the argument: `timer: after`. */
export function check(name: string, value: unknown, rule: Rule): void {
  if (!isOfType(value, rule)) throw wrong(TypeError, "ERR_IOLOOP_INVALID_ARG_TYPE", name, value, rule);
  if (rule.range && !rule.range(value as never)) throw wrong(RangeError, "ERR_IOLOOP_OUT_OF_RANGE", name, value, rule);
}

// Options as we keep them, without Object.prototype: a property that a program has added there is not an option.
// oxlint-disable-next-line no-extraneous-class -- a class, so that engines give its objects a fixed layout
class Own {}
Object.setPrototypeOf(Own.prototype, null);

/**
 * Returns a copy of the options. Only own properties count, and each is read exactly once. Throws unless every option is known
 * and obeys its rule. An option that is undefined counts as not given.
 */
export function checkOptions<T extends object>(what: string, options: T, rules: Readonly<Record<string, Rule>>): T {
  const own = new Own() as Record<string, unknown>;
  for (const name of namesOf(what, options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) {
      const message = `${what}: unknown option "${name}"; ${knownOptions(what, name, Object.keys(rules))}`;
      throw withCode(new TypeError(message), "ERR_IOLOOP_UNKNOWN_OPTION");
    }
    const given = (options as Record<string, unknown>)[name];
    if (given === undefined) continue;
    const value = rule.holdsOthers ? copyOf(given) : given;
    if (!isOfType(value, rule) || rule.range) check(`${what}: option "${name}"`, value, rule);
    own[name] = value;
  }
  return own as T;
}

function namesOf(what: string, options: unknown): string[] {
  try {
    if (typeof options === "object" && options !== null && !Array.isArray(options)) return Object.keys(options);
  } catch {
    // A revoked proxy.
  }
  throw wrong(TypeError, "ERR_IOLOOP_INVALID_ARG_TYPE", `${what}: options`, options, OBJECT);
}

// Bytes and functions have no options in them.
function copyOf(value: unknown): unknown {
  try {
    if (Array.isArray(value)) return [...(value as unknown[])];
    return typeof value === "object" && value !== null && !ArrayBuffer.isView(value) ? { ...value } : value;
  } catch {
    return value; // a revoked proxy: not what is allowed
  }
}

/** Throws if an option is combined with one that it excludes. */
export function checkApart(what: string, options: object, one: string, ...others: string[]): void {
  const other = Object.hasOwn(options, one) && others.find((name) => Object.hasOwn(options, name));
  if (other === undefined || other === false) return;
  const message = `${what}: options "${one}" and "${other}" cannot be combined`;
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

/** Checks the arguments of a timer. Inlined for speed: valid arguments cost no call. */
export function checkTimer(what: string, after: unknown, callback: unknown, count: number): void {
  if (
    typeof callback !== "function" ||
    typeof after !== "number" ||
    !(after >= 0) ||
    after * 1000 === Infinity ||
    count > 2
  ) {
    refuseTimer(what, after, callback);
  }
}

function refuseTimer(what: string, after: unknown, callback: unknown): void {
  check(`${what}: callback`, callback, FUNCTION);
  check(`${what}: after`, after, SECONDS);
  refuseMore(what, "a time and a callback");
}

/** Checks the arguments of `nextTick`. */
export function checkNextTick(callback: unknown, count: number): void {
  check("nextTick: callback", callback, FUNCTION);
  if (count > 1) refuseMore("nextTick", "a callback");
}

// setTimeout passes further arguments to the callback; ours do not.
function refuseMore(what: string, takes: string): never {
  const message = `${what} takes ${takes}, but no arguments for the callback; use () => callback(argument)`;
  throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
}

/** Accepts both call forms, options first or callback first. Returns [options, callback]. */
export function callForm<T>(what: string, a: unknown, b: unknown): [T, (...args: never[]) => unknown] {
  const [first, callback] = typeof a === "function" ? [b, a] : [a, b];
  check(`${what}: callback`, callback, FUNCTION);
  return [first as T, callback as (...args: never[]) => unknown];
}

const { get: typedArrayName } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
) as { get: (this: unknown) => string | undefined };

/** Whether a value is a real Uint8Array, of any realm. Never throws. */
export function isUint8Array(value: unknown): value is Uint8Array {
  // The second check also covers other realms, and costs more.
  return (ArrayBuffer.isView(value) && value instanceof Uint8Array) || typedArrayName.call(value) === "Uint8Array";
}

// Checked by methods, because a socket need not be an instance of the runtime's classes.
function has(value: unknown, ...methods: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

// A value whose check throws is not of the type: a revoked proxy, for example.
function isOfType(value: unknown, rule: Rule): boolean {
  try {
    return rule.type(value);
  } catch {
    return false;
  }
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
