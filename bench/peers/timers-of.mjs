// The sides of a timer bench: how each makes a timer of some milliseconds, and how its loop is started.

import { IOLoop } from "wasm-ioloop";
import * as timers from "wasm-ioloop/timers";

const HOUR = 3600; // a loop ends if nothing is pending

/** @type {Record<string, () => { make: (milliseconds: number, callback: () => void) => unknown, start: () => void }>} */
export const sides = {
  ours() {
    const loop = new IOLoop();
    return {
      make: (milliseconds, callback) => loop.timer(milliseconds / 1000, callback),
      start: () => {
        loop.timer(HOUR, () => {});
        void loop.start();
      },
    };
  },
  "ours-timers"() {
    return { make: (milliseconds, callback) => timers.setTimeout(callback, milliseconds), start: () => {} };
  },
  setTimeout() {
    return { make: (milliseconds, callback) => setTimeout(callback, milliseconds), start: () => {} };
  },
};
