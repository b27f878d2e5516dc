// Random timers: each fires exactly once for each start that is not taken back, never early, and never after it was cleared.

import * as assert from "uvu/assert";
import { type Timeout, clearTimeout, setTimeout } from "wasm-ioloop/timers";
import { harness, until } from "../support/harness.ts";

const test = harness("timers/random");

/** A repeatable sequence of whole numbers below a limit. */
function sequence(seed: number): (limit: number) => number {
  let word = seed;
  return (limit) => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) % limit;
  };
}

test("timers made, refreshed, cleared and unrefed in random order, also by callbacks", async () => {
  const random = sequence(7);
  const timers: { timer: Timeout; delay: number; due: number; left: number }[] = [];
  const faults: string[] = [];
  let fired = 0;
  const act = (): void => {
    const what = random(10);
    const one = timers[random(Math.max(timers.length, 1))];
    if (what < 5 || !one) return make();
    if (what < 8) {
      const due = performance.now() + one.delay; // before the call, in which the core may get the time
      one.timer.refresh();
      if (one.left >= 0) [one.due, one.left] = [due, 1];
    } else if (what < 9) {
      clearTimeout(one.timer);
      one.left = -1;
    } else {
      if (random(2) === 0) one.timer.unref();
      else one.timer.ref();
    }
  };
  const make = (): void => {
    if (timers.length === 3000) return;
    const delay = 1 + random(30);
    const due = performance.now() + delay;
    const timer = setTimeout(() => {
      fired++;
      if (one.left !== 1) faults.push(`fires with ${one.left} starts left`);
      if (performance.now() < one.due) faults.push(`fires ${one.due - performance.now()} ms early`);
      one.left = one.left === 1 ? 0 : one.left;
      for (let times = random(3); times > 0; times--) act();
    }, delay);
    const one = { timer, delay, due, left: 1 };
    timers.push(one);
  };
  while (timers.length < 3000) {
    for (let i = 0; i < 500; i++) act();
    await new Promise((resolve) => setTimeout(resolve as () => void, 1));
  }
  await until(() => timers.every(({ left }) => left < 1));
  assert.equal(faults, []);
  assert.ok(fired > 1000, String(fired));
});
