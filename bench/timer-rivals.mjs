// Timers that others have written in JavaScript, installed by `npm run peers`: undici's, which tell seconds apart, and what one
// writes by hand on a heap from npm.

import { importFile, load, versionOf } from "./packages.mjs";

const PACKAGES = { undici: "undici", heap: "tinyqueue" };

/** The version of a rival's package; undefined where it is not installed. */
export function versionOfRival(name) {
  return versionOf(PACKAGES[name]);
}

export const rivals = {
  undici: () => {
    const { setFastTimeout, clearFastTimeout } = load("undici/lib/util/timers.js");
    return {
      make: (seconds, callback) => setFastTimeout(callback, seconds * 1000),
      restart: (timer) => timer.refresh(),
      cancel: clearFastTimeout,
    };
  },
  // An entry that is cancelled stays in the heap until it comes to the top; one that is restarted is moved on then.
  heap: async () => {
    const { default: TinyQueue } = await importFile("tinyqueue/index.js");
    const queue = new TinyQueue([], (one, other) => one.key - other.key);
    return {
      make: (seconds, callback) => {
        const deadline = performance.now() + seconds * 1000;
        const timer = { key: deadline, deadline, after: seconds * 1000, callback };
        queue.push(timer);
        return timer;
      },
      restart: (timer) => (timer.deadline = performance.now() + timer.after),
      cancel: (timer) => (timer.callback = undefined),
    };
  },
};
