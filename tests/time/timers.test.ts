// Timers, recurring timers and next-tick callbacks, under virtual time. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import type { Id, IOLoop, IOLoopError } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, quietLoop, turns } from "../support/harness.ts";

const test = harness("timers");

function virtual(): {
  clock: VirtualClock;
  loop: IOLoop;
  errors: [unknown, string][];
  log: string[];
  at(name: string): void;
} {
  const clock = new VirtualClock();
  const { loop, errors } = quietLoop({ clock });
  const log: string[] = [];
  return { clock, loop, errors, log, at: (name) => void log.push(`${name} ${clock.now() / 1000}`) };
}

test("26, 28 a timer fires once, at its deadline; fractions and 0 are allowed", async () => {
  const { clock, loop, log, at } = virtual();
  loop.timer(1.5, () => at("b"));
  loop.timer(0.25, () => at("a"));
  loop.timer(0, () => at("zero"));
  const running = loop.start();
  await clock.advance(10);
  await running;
  assert.equal(log, ["zero 0", "a 0.25", "b 1.5"]);
});

test("27 the callback gets the loop; a reactor's the reactor", async () => {
  const { clock, loop } = virtual();
  const got: unknown[] = [];
  loop.timer(1, (...args) => void got.push(...args));
  loop.reactor.timer(1, (...args) => void got.push(...args));
  loop.nextTick((...args) => void got.push(...args));
  const running = loop.start();
  await clock.advance(1);
  await running;
  assert.is(got.length, 3);
  assert.is(got[0], loop);
  assert.is(got[1], loop);
  assert.is(got[2], loop.reactor);
});

test("29, 30 timers overdue together fire by deadline, equal deadlines in order of creation", async () => {
  const { clock, loop, log } = virtual();
  for (const [name, after] of [
    ["c", 3],
    ["a", 1],
    ["b1", 2],
    ["b2", 2],
    ["b3", 2],
    ["z", 0],
  ] as const) {
    loop.timer(after, () => void log.push(name));
  }
  clock.block(10);
  await loop.start();
  assert.equal(log, ["z", "a", "b1", "b2", "b3", "c"]);
});

test("callback first is the same as callback last", async () => {
  const { clock, loop, log, at } = virtual();
  loop.timer(() => at("timer"), 1);
  const id = loop.recurring(() => at("recurring"), 2);
  const running = loop.start();
  await clock.advance(4);
  loop.remove(id);
  await running;
  assert.equal(log, ["timer 1", "recurring 2", "recurring 4"]);
});

test("31 a timer of 0 seconds made in a timer callback fires in a later tick", async () => {
  const { loop, log } = virtual();
  loop.timer(0, (loop) => {
    log.push("first");
    loop.timer(0, () => log.push("later"));
  });
  loop.timer(0, () => log.push("second"));
  await loop.start();
  assert.equal(log, ["first", "second", "later"]);
});

test("33, 34 nextTick returns nothing, and calls back later, in order", async () => {
  const { loop, log } = virtual();
  assert.is(
    loop.nextTick(() => log.push("a")),
    undefined,
  );
  loop.nextTick(() => log.push("b"));
  loop.nextTick(() => log.push("c"));
  assert.equal(log, []);
  await loop.start();
  assert.equal(log, ["a", "b", "c"]);
});

test("35 a callback queued inside a next-tick callback runs in the next tick", async () => {
  const { loop, log } = virtual();
  loop.timer(0, () => log.push("timer"));
  loop.nextTick((loop) => {
    log.push("outer");
    loop.nextTick(() => log.push("inner"));
  });
  await loop.start();
  assert.equal(log, ["outer", "timer", "inner"]);
});

test("37 a recurring timer fires repeatedly; with 0, once each tick", async () => {
  const { clock, loop, log, at } = virtual();
  const id = loop.recurring(0.5, () => at("tick"));
  let zero = 0;
  const fast = loop.recurring(0, (loop) => {
    if (++zero === 3) loop.remove(fast);
  });
  const running = loop.start();
  await clock.advance(2);
  loop.remove(id);
  await running;
  assert.equal(log, ["tick 0.5", "tick 1", "tick 1.5", "tick 2"]);
  assert.is(zero, 3);
});

test("38 a recurring timer is due its interval after the tick in which it fired; missed calls are dropped", async () => {
  const { clock, loop, log, at } = virtual();
  let blocked = false;
  const id = loop.recurring(0.25, (loop) => {
    at("tick");
    if (!blocked) clock.block(0.5);
    blocked = true;
    if (log.length === 4) loop.remove(id);
  });
  const running = loop.start();
  await clock.advance(5);
  await running;
  assert.equal(log, ["tick 0.25", "tick 0.75", "tick 1", "tick 1.25"]);
});

test("38 if the process blocks before start, the first call is late, and the next one is its interval after that", async () => {
  const { clock, loop, log, at } = virtual();
  const id = loop.recurring(0.25, () => at("tick"));
  clock.block(0.75);
  const running = loop.start();
  await clock.advance(0.5);
  loop.remove(id);
  await running;
  assert.equal(log, ["tick 0.75", "tick 1", "tick 1.25"]);
});

test("39 a recurring timer may remove itself", async () => {
  const { clock, loop, log, at } = virtual();
  const id = loop.recurring(1, (loop) => {
    at("tick");
    assert.is(loop.remove(id), true);
  });
  const running = loop.start();
  await clock.advance(5);
  await running;
  assert.equal(log, ["tick 1"]);
});

test("40, 45 of two overdue timers that remove each other, one runs", async () => {
  const { clock, loop, log } = virtual();
  const ids: Id[] = [];
  ids.push(loop.timer(1, (loop) => log.push(`a ${loop.remove(ids[1]!)}`)));
  ids.push(loop.timer(2, (loop) => log.push(`b ${loop.remove(ids[0]!)}`)));
  clock.block(3);
  await loop.start();
  assert.equal(log, ["a true"]);
});

test("41 again restarts an active timer, one-shot or recurring, with its full interval", async () => {
  const { clock, loop, log, at } = virtual();
  const once = loop.timer(2, () => at("once"));
  const often = loop.recurring(3, () => at("often"));
  const running = loop.start();
  await clock.advance(1);
  loop.reactor.again(once);
  loop.reactor.again(often);
  await clock.advance(6);
  loop.remove(often);
  await running;
  assert.equal(log, ["once 3", "often 4", "often 7"]);
});

test("42 again on a timer that is overdue in this pass postpones it", async () => {
  const { clock, loop, log, at } = virtual();
  loop.timer(1, (loop) => {
    at("first");
    loop.reactor.again(second);
  });
  const second = loop.timer(2, () => at("second"));
  clock.block(5);
  const running = loop.start();
  await clock.advance(2);
  await running;
  assert.equal(log, ["first 5", "second 7"]);
});

test("43 again throws if the timer was removed, has fired, or is unknown", async () => {
  const { loop, log } = virtual();
  const { reactor } = loop;
  const inactive = (id: Id): void => {
    try {
      reactor.again(id);
      assert.unreachable();
    } catch (error) {
      assert.is((error as IOLoopError).code, "ERR_IOLOOP_TIMER_INACTIVE");
      assert.match((error as IOLoopError).message, /^Timer not active: /);
      log.push("inactive");
    }
  };
  const fired: Id = loop.timer(0, () => inactive(fired));
  const removed = loop.timer(1, () => {});
  loop.remove(removed);
  inactive(removed);
  await loop.start();
  inactive(fired);
  inactive(12345 as never);
  assert.is(log.length, 4);
});

test("44 again with a time changes the interval permanently", async () => {
  const { clock, loop, log, at } = virtual();
  const id = loop.recurring(5, () => at("tick"));
  loop.reactor.again(id, 1);
  const running = loop.start();
  await clock.advance(3);
  loop.remove(id);
  await running;
  assert.equal(log, ["tick 1", "tick 2", "tick 3"]);
});

test("a timer is never early on the system's clock", async () => {
  const { loop } = quietLoop();
  const early: number[] = [];
  for (let i = 0; i < 200; i++) {
    const after = Math.random() * 0.3;
    const due = performance.now() + after * 1000;
    loop.timer(after, () => {
      if (performance.now() < due) early.push(performance.now() - due);
    });
  }
  await loop.start();
  assert.equal(early, []);
});

test("a loop with one timer an hour away does not wake up in between, except once for a removed timer", async () => {
  const { clock, loop, log, at } = virtual();
  const far = loop.timer(3600, () => at("far"));
  const running = loop.start();
  const soon = loop.timer(1, () => at("soon"));
  const gone = loop.timer(2, () => at("gone"));
  await clock.advance(1);
  loop.remove(gone);
  await turns(3);
  assert.is(clock.next, 2);
  await clock.advance(1);
  assert.is(clock.next, 3600);
  loop.remove(soon);
  loop.remove(far);
  await running;
  assert.is(clock.next, Infinity);
  assert.equal(log, ["soon 1"]);
});

test("a million timers: created, half removed, half restarted, the rest fired in order", async () => {
  const { clock, loop } = virtual();
  const count = 1_000_000;
  const ids = Array.from<Id>({ length: count });
  const due = new Float64Array(count);
  let seed = 1;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  let last = -1;
  let lastIndex = -1;
  let fired = 0;
  let disorder = 0;
  for (let i = 0; i < count; i++) {
    due[i] = Math.floor(random() * 1000);
    ids[i] = loop.timer(due[i]!, () => {
      fired++;
      if (due[i]! < last || (due[i] === last && i < lastIndex && i % 4 === lastIndex % 4)) disorder++;
      last = due[i]!;
      lastIndex = i;
    });
  }
  for (let i = 1; i < count; i += 2) assert.ok(loop.remove(ids[i]!));
  for (let i = 0; i < count; i += 4) {
    due[i] = Math.floor(random() * 1000);
    loop.reactor.again(ids[i]!, due[i]);
  }
  clock.block(2000);
  await loop.start();
  assert.is(fired, count / 2);
  assert.is(disorder, 0);
});
