// The time that the host has passed to the twin, and which numbers are valid.

const LATEST = 2 ** 53; // 2^53: deadlines counted from here do not overflow

export class Clock {
  /** The latest time that the host has passed. */
  now = 0;
  /** The time at which this pass began. */
  pass = 0;

  /** Sets the time in milliseconds, and returns it. A time that is earlier than the latest one, or invalid, counts as the latest one. */
  tell(now: number): number {
    if (now > this.now && now <= LATEST) this.now = now;
    return this.now;
  }
}

/** Whether a value is a valid duration in milliseconds: finite and not negative. */
export function isDuration(value: number): boolean {
  return value >= 0 && value < Infinity;
}

/** Whether a value is a valid limit: a whole number from 0 to 2^31 - 1. */
export function isLimit(value: number): boolean {
  return value >= 0 && value <= 2147483647 && Math.floor(value) === value;
}
