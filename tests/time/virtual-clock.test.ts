// VirtualClock: only the test moves its time, and only forward.

import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, within } from "../support/harness.ts";

const test = harness("virtual-clock");

test("advance ends at the given time, or later if a callback has called block", async () => {
  const clock = new VirtualClock(5);
  const loop = new IOLoop({ clock });
  const seen: number[] = [];
  loop.timer(1, () => clock.block(10));
  loop.timer(2, () => seen.push(clock.now()));
  const running = loop.start();
  await clock.advance(0.5);
  assert.is(clock.now(), 5500);
  await clock.advance(1);
  assert.is(clock.now(), 16_000);
  await within(5, running);
  assert.equal(seen, [16_000]);
});

test("next is when the next alarm rings", async () => {
  const clock = new VirtualClock();
  const loop = new IOLoop({ clock });
  assert.is(clock.next, Infinity);
  const id = loop.timer(3, () => {});
  assert.is(clock.next, Infinity, "nothing has run yet");
  const running = loop.start();
  await clock.advance(1);
  assert.is(clock.next, 3);
  loop.remove(id);
  await within(5, running);
  assert.is(clock.next, Infinity);
});
