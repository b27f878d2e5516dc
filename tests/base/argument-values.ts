// The parts of the rows of wrong arguments: wrong values, the words that describe them, and the sentences of messages.

import { EventEmitter as NodeEmitter } from "node:events";
import { Duplex } from "node:stream";
import { Client, type IOLoop, Reactor } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";

export type Task = (loop: IOLoop, wrong: never) => unknown;

// Every operation on it throws.
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
// Its `constructor` throws.
const shy = {
  get constructor(): never {
    throw new Error("nobody's business");
  },
};

/** A call, its wrong values, and the error for each of them: the class, and the message without the value. */
export type Row = readonly [call: Task, wrong: readonly (readonly [unknown, string])[], kind: string, message: string];

export const TYPE = "TypeError ERR_IOLOOP_INVALID_ARG_TYPE";
export const RANGE = "RangeError ERR_IOLOOP_OUT_OF_RANGE";

export const SECONDS_RANGE = [
  [NaN, "NaN"],
  [-1, "-1"],
  [-1e-9, "-1e-9"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [1e306, "1e+306"],
] as const;
export const NO_NUMBER = [
  ["3", '"3"'],
  [null, "null"],
  [true, "true"],
  [3n, "3"],
  [{}, "a plain object"],
  [[1], "an array"],
  [new Date(0), "an object of Date"],
  [Symbol("3"), "Symbol(3)"],
  [revoked, "a revoked proxy"],
  [shy, "a value that cannot be shown"],
] as const;
export const NO_FUNCTION = [
  [undefined, "undefined"],
  [null, "null"],
  [5, "5"],
  ["cb", '"cb"'],
  [{}, "a plain object"],
  [Symbol("cb"), "Symbol(cb)"],
  [revoked, "a revoked proxy"],
] as const;
export const NO_OPTIONS = [
  [null, "null"],
  [3000, "3000"],
  ["x".repeat(60), `"${"x".repeat(40)}…"`],
  [[], "an array"],
  [revoked, "a revoked proxy"],
] as const;
export const NO_REACTOR = [
  [{}, "a plain object"],
  [Reactor, "a function"],
  [new VirtualClock(), "an object of VirtualClock"],
  [Object.create(null), "an object without a class"],
  [null, "null"],
  ["poll", '"poll"'],
  [revoked, "a revoked proxy"],
] as const;
export const NO_STREAM = [
  [undefined, "undefined"],
  [null, "null"],
  [7, "7"],
  ["socket", '"socket"'],
  [{}, "a plain object"],
  [new NodeEmitter(), "an object of EventEmitter"],
  [revoked, "a revoked proxy"],
  [Object.create(Duplex.prototype), "an object of Duplex"],
  [{ write() {}, on() {} }, "a plain object"],
] as const;
export const NO_BYTES = [
  [new ArrayBuffer(1), "an object of ArrayBuffer"],
  [new Uint16Array(1), "an object of Uint16Array"],
  [new DataView(new ArrayBuffer(1)), "an object of DataView"],
  [Object.create(Uint8Array.prototype), "an object of Uint8Array"],
  [Object.create(Buffer.prototype), "an object of Buffer"],
  [new Proxy(new Uint8Array(1), {}), "an object of Uint8Array"],
  [{ [Symbol.toStringTag]: "Uint8Array" }, "a plain object"],
] as const;
export const NO_IDS = [
  ["1", '"1"'],
  [undefined, "undefined"],
  [{}, "a plain object"],
  [new Client(), "an object of Client"],
] as const;
export const HOST = "a name or an IP address: a string that is not empty and has no NUL";
export const PATH = "a path: a string that is not empty, has no NUL, and has at most 107 bytes";
export const WHOLE_0 = [
  [-1, "-1"],
  [1.5, "1.5"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [2 ** 31, "2147483648"],
] as const;
export const WHOLE_1 = [[0, "0"], ...WHOLE_0] as const;
export const PORTS = [
  [-1, "-1"],
  [65536, "65536"],
  [1.5, "1.5"],
  [NaN, "NaN"],
] as const;
export const NO_TEXT = [
  [5, "5"],
  [null, "null"],
  [Buffer.from("x"), "an object of Buffer"],
] as const;
export const EMPTY = [["", '""']] as const;
export const NO_BOOLEAN = [
  [1, "1"],
  ["yes", '"yes"'],
  [null, "null"],
] as const;

export const NO_OBJECT = [
  [revoked, "a revoked proxy"],
  [null, "null"],
  [5, "5"],
  [true, "true"],
  ["x", '"x"'],
] as const;
export const NO_PEM = [
  [5, "5"],
  [null, "null"],
  [true, "true"],
  [{}, "a plain object"],
  [new Uint8Array(1), "an object of Uint8Array"],
  [() => "PEM", "a function"],
] as const;

export const seconds = "must be a finite number of seconds, 0 or more";
export const whole = (from: number, to = 2147483647): string => `must be a whole number from ${from} to ${to}`;
export const nop = (): void => {};

/** A time, as an argument or an option. */
export function time(name: string, call: Task): Row[] {
  return [
    [call, SECONDS_RANGE, RANGE, `${name} ${seconds}`],
    [call, NO_NUMBER, TYPE, `${name} ${seconds}`],
  ];
}

/** A whole number. */
export function count(name: string, range: readonly (readonly [unknown, string])[], words: string, call: Task): Row[] {
  return [
    [call, range, RANGE, `${name} ${words}`],
    [call, NO_NUMBER, TYPE, `${name} ${words}`],
  ];
}

export function text(name: string, call: Task, allowed = "a string that is not empty"): Row[] {
  return [
    [call, NO_TEXT, TYPE, `${name} must be ${allowed}`],
    [call, EMPTY, RANGE, `${name} must be ${allowed}`],
  ];
}

export function callback(name: string, ...calls: Task[]): Row[] {
  return calls.map((call): Row => [call, NO_FUNCTION, TYPE, `${name}: callback must be a function`]);
}
