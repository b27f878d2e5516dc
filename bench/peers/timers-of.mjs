// The two sides of a bench of timers: how each makes one of so many milliseconds, and how it is left alone.

import { IOLoop } from "wasm-ioloop";

const HOUR = 3600; // a loop ends where nothing is pending

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
  setTimeout() {
    return { make: (milliseconds, callback) => setTimeout(callback, milliseconds), start: () => {} };
  },
};
