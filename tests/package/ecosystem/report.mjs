// The checks, their results, and those that were left out.

import { availableParallelism } from "node:os";

/** Collects results, and prints a line for each. */
export class Report {
  passed = 0;
  failed = 0;
  /** @type {[what: string, why: string][]} */
  #leftOut = [];

  /**
   * Runs a check: it passes unless `body` throws.
   *
   * @param {string} what @param {() => unknown} body
   */
  async check(what, body) {
    const begin = performance.now();
    /** @type {unknown} */
    let failure;
    let hasFailed = false;
    try {
      await body();
    } catch (error) {
      hasFailed = true;
      failure = error;
    }
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`${hasFailed ? "FAIL" : "ok  "} ${what}, ${seconds} s`);
    if (!hasFailed) this.passed++;
    else {
      this.failed++;
      const text = failure instanceof Error ? failure.message : String(failure);
      console.log(text.trimEnd().replaceAll(/^/gm, "     "));
    }
  }

  /**
   * Runs several checks, one per processor at a time.
   *
   * @param {readonly (readonly [what: string, body: () => unknown])[]} checks
   */
  async checkAll(checks) {
    const queue = [...checks];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await this.check(...next);
    };
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work));
  }

  /** Records a check that was left out, and why. @param {string} what @param {string} why */
  leaveOut(what, why) {
    this.#leftOut.push([what, why]);
  }

  /** Prints the checks that were left out, and the sum. */
  end() {
    for (const [what, why] of this.#leftOut) console.log(`left out: ${what}: ${why}`);
    console.log(`${this.passed} passed, ${this.failed} failed`);
  }
}
