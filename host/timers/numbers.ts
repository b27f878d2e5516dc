// Numbers of timers, for programs that keep numbers instead of timers. Only those that are asked for exist.

// As 32-bit integers, as which a browser takes the numbers of its timers, they are negative, which its numbers are not.
const FIRST = 2 ** 31;

const numbers = new WeakMap<object, number>();
const timers = new Map<number, object>(); // those that are running
let next = FIRST;

/** The number of a timer. */
export function numberOf(timer: object): number {
  const number = numbers.get(timer) ?? next++;
  numbers.set(timer, number);
  return number;
}

/** A timer with a number is running: it can be found. */
export function remember(timer: object): void {
  timers.set(numberOf(timer), timer);
}

/** It does not run any more. */
export function forget(timer: object): void {
  timers.delete(numberOf(timer));
}

/** The running timer with a number, or with the string that it is. */
export function timerOf(number: number | string): object | undefined {
  const found = Number(number);
  return typeof number === "string" && number !== String(found) ? undefined : timers.get(found);
}
