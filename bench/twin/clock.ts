// The time the twin has been told, and which numbers it can work with.

const LATEST = 2 ** 53; // no deadline counted from here overflows

export class Clock {
  /** The latest time told. */
  now = 0;
  /** The time at which this pass began. */
  pass = 0;

  /** Tells what time it is: milliseconds, monotonic. A time that runs backwards, or is none, counts as the latest. */
  tell(now: number): number {
    if (now > this.now && now <= LATEST) this.now = now;
    return this.now;
  }
}

/** A duration in milliseconds: finite and not negative. */
export function isDuration(value: number): boolean {
  return value >= 0 && value < Infinity;
}

/** A limit: a whole number from 0 to 2^31 - 1. */
export function isLimit(value: number): boolean {
  return value >= 0 && value <= 2147483647 && Math.floor(value) === value;
}
