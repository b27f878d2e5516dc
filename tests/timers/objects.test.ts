// The timers of wasm-ioloop/timers as objects, and the arguments of the functions: see node.test.ts.

import * as assert from "uvu/assert";
import { type Timeout, clearInterval, clearTimeout, setInterval, setTimeout } from "wasm-ioloop/timers";
import { harness, until } from "../support/harness.ts";

const test = harness("timers/objects");

const never = (): never => {
  throw new Error("must not be called");
};

/** Resolves when a timer of so many milliseconds has fired. */
function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

test("arguments and this", async () => {
  const seen: unknown[] = [];
  const take = function (this: Timeout, ...args: unknown[]): void {
    seen.push([this, args]);
    clearTimeout(this);
  };
  const timers = [
    setTimeout(take),
    setTimeout(take, 0),
    setTimeout(take, 0, "a"),
    setTimeout(take, 0, "a", undefined, { b: 1 }, 4),
    setInterval(take, 0),
    setInterval(take, 0, "c", 5, 6),
  ];
  await after(2);
  const args = [[], [], ["a"], ["a", undefined, { b: 1 }, 4], [], ["c", 5, 6]];
  assert.is(seen.length, 6);
  timers.forEach((timer, at) => {
    const [subject, given] = seen[at] as [Timeout, unknown[]];
    assert.is(subject, timer);
    assert.equal(given, args[at]);
  });
});

test("callbacks are called as they are", async () => {
  let count = 0;
  const proxy: (...args: unknown[]) => void = new Proxy((): void => void count++, { get: never });
  setTimeout(proxy, 1);
  setTimeout(proxy, 1, "one");
  setTimeout(proxy, 1, "one", "two", "three", "four");
  const interval = setInterval(proxy, 1, "one");
  await until(() => count >= 4);
  clearInterval(interval);
});

test("anything but a function is refused", () => {
  for (const make of [setTimeout, setInterval]) {
    for (const wrong of ["text", undefined, null, {}, 5, true, Symbol("s")]) {
      assert.throws(
        () => make(wrong as never, 1),
        (error: NodeJS.ErrnoException) =>
          error.name === "TypeError" &&
          error.code === "ERR_INVALID_ARG_TYPE" &&
          error.message.startsWith(`${make.name}: callback must be a function, not `),
      );
    }
  }
});

test("a delay that is no number counts as Node counts it", () => {
  for (const wrong of [1n, Symbol("s"), Object.create(null)])
    assert.throws(
      () => setTimeout(never, wrong as never),
      (error: Error) => error instanceof TypeError,
    );
});

test("anything can be cleared, in both ways", async () => {
  for (const clear of [clearTimeout, clearInterval]) {
    for (const what of [undefined, null, 0, -1, NaN, "", "text", {}, [], Symbol("s"), () => {}, globalThis])
      clear(what as never);
    clear(setTimeout(never, 1));
    clear(setInterval(never, 1));
    const twice = setTimeout(never, 1);
    clear(twice);
    clear(twice);
  }
  setTimeout(never, 1).close();
  assert.is(setInterval(never, 1).close().hasRef(), true);
  setTimeout(never, 1)[Symbol.dispose]();
  const timer = setTimeout(never, 1);
  clearTimeout(Object.create(timer) as Timeout);
  let fired = 0;
  setTimeout(() => fired++, 1); // in its place
  clearTimeout(timer);
  await after(3);
  assert.is(fired, 1);
});

test("refresh restarts a timer, also one that has fired, but not one that was cleared", async () => {
  const seen: string[] = [];
  const timer = setTimeout(() => seen.push("timer"), 1);
  const interval = setInterval(() => {
    seen.push("interval");
    if (seen.filter((what) => what === "interval").length === 2) clearInterval(interval);
  }, 1);
  setTimeout(() => seen.push("other"), 1);
  assert.is(timer.refresh(), timer);
  assert.is(interval.refresh(), interval);
  await until(() => seen.length === 4);
  assert.is(seen[0], "other");
  timer.refresh();
  await until(() => seen.length === 5);
  clearTimeout(timer);
  assert.is(timer.refresh(), timer);
  clearInterval(interval);
  interval.refresh();
  await after(3);
  assert.is(seen.length, 5);

  let times = 0;
  const itself: Timeout = setTimeout(() => ++times < 3 && itself.refresh(), 1);
  await until(() => times === 3);
  // Refreshed again and again, it waits.
  let [refreshed, fired] = [performance.now(), 0];
  const held = setTimeout(() => (fired = performance.now()), 12);
  for (let i = 0; i < 4; i++) {
    await after(4);
    refreshed = performance.now();
    held.refresh();
    if (fired > 0) return; // the machine was busy
  }
  await until(() => fired > 0);
  assert.ok(fired - refreshed >= 12);
});

test("ref, unref and hasRef", async () => {
  const timer = setTimeout(() => {}, 1);
  assert.is(timer.hasRef(), true);
  assert.is(timer.unref(), timer);
  assert.is(timer.hasRef(), false);
  assert.is(timer.unref().ref().ref(), timer);
  assert.is(timer.hasRef(), true);
  await after(3);
  assert.is(timer.hasRef(), true);
  assert.is(timer.unref().hasRef(), false);
  timer.refresh();
  assert.is(timer.hasRef(), false);
  clearTimeout(timer);
  const interval = setInterval(() => {}, 1)
    .unref()
    .ref()
    .unref();
  Reflect.apply(interval.unref, {}, []); // does not throw
  clearInterval(interval);
});

test("a number can be cleared", async () => {
  for (const timer of [setTimeout(never, 1), setInterval(never, 1)]) {
    const number = +timer;
    assert.ok(Number.isSafeInteger(number) && number > 0);
    assert.is(number, timer[Symbol.toPrimitive]());
    assert.is(`${timer as never}`, String(number));
    assert.equal(Object.keys({ [timer as never]: 1 }), [String(number)]);
    clearTimeout(number);
  }
  clearInterval(`${setTimeout(never, 1) as never}`);
  let others = 0;
  for (const spelled of [(id: string) => ` ${id}`, (id: string) => `${id}.0`, (id: string) => `+${id}`])
    clearTimeout(spelled(String(+setTimeout(() => others++, 1))));
  const [first, second] = [setTimeout(never, 1), setTimeout(never, 1)];
  assert.is.not(+first, +second);
  clearTimeout(+first);
  clearTimeout(+second);
  let fired = 0;
  const timer = setTimeout(() => fired++, 1);
  const number = +timer;
  await until(() => fired === 1);
  clearTimeout(number); // spent
  timer.refresh();
  assert.is(+timer, number);
  clearTimeout(number);
  await after(3);
  assert.is(fired, 1);
  assert.is(others, 3);
});
