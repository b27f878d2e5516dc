// Timers that others have written in JavaScript, installed by `npm run peers`: undici's, which tell seconds apart, and what one
// writes by hand on a heap from npm.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = fileURLToPath(new URL("../build/peers/", import.meta.url));
const require = createRequire(join(folder, "index.js"));

const PACKAGES = { undici: "undici", heap: "tinyqueue" };

/** The version of a rival's package; undefined where it is not installed. */
export function versionOfRival(name) {
  const file = join(folder, "node_modules", PACKAGES[name], "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}

/** The packages that are installed, and their versions. */
export function versionsOfRivals() {
  const named = Object.entries(PACKAGES).map(([name, title]) => [title, versionOfRival(name)]);
  return Object.fromEntries(named.filter(([, version]) => version));
}

export const rivals = {
  undici: () => {
    const { setFastTimeout, clearFastTimeout } = require("undici/lib/util/timers.js");
    return {
      make: (seconds, callback) => setFastTimeout(callback, seconds * 1000),
      restart: (timer) => timer.refresh(),
      cancel: clearFastTimeout,
    };
  },
  // An entry that is cancelled stays in the heap until it comes to the top; one that is restarted is moved on then.
  heap: async () => {
    const file = join(folder, "node_modules/tinyqueue/index.js");
    const { default: TinyQueue } = await import(pathToFileURL(file).href);
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
