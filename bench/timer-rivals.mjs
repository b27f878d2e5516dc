// Other timers in JavaScript, installed by `npm run peers`: undici's, which have a resolution of seconds, and hand-written ones on
// a heap from npm.

import { importFile, load, versionOf } from "./packages.mjs";

const PACKAGES = { undici: "undici", heap: "tinyqueue" };

/** The version of a peer's package; undefined if it is not installed. */
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
  // A cancelled entry stays in the heap until it reaches the top; a restarted one is moved then.
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
