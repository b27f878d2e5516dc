// Timers and the run of a loop, under virtual time.

import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness } from "./harness.ts";

const test = harness("timers");

test("fire in deadline order, equal deadlines in order of creation", async () => {
  const clock = new VirtualClock();
  const loop = new IOLoop({ clock });
  const order: string[] = [];
  for (const [name, after] of [
    ["c", 3],
    ["a", 1],
    ["b1", 2],
    ["b2", 2],
    ["z", 0],
  ] as const) {
    loop.timer(after, () => void order.push(name));
  }
  const running = loop.start();
  await clock.advance(5);
  await running;
  assert.equal(order, ["z", "a", "b1", "b2", "c"]);
});
