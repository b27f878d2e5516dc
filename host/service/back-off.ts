// How long the next start of a worker must wait after starts that have failed. Times are in milliseconds.

const FIRST_MS = 500; // doubled by each further failure
const LONGEST_MS = 30_000;

export class BackOff {
  /** How many starts have failed in a row. Those that fail while the next start waits count as one. */
  failures = 0;
  /** When the next start may be tried. */
  until = 0;

  /** A start has failed. Returns how long the next one waits; undefined if it waits already. */
  failed(now: number): number | undefined {
    if (now < this.until) return undefined;
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures++);
    this.until = now + wait;
    return wait;
  }

  /** The next start need not wait, and failures count from the beginning. */
  clear(): void {
    this.until = this.failures = 0;
  }
}
