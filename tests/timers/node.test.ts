// wasm-ioloop/timers does what Node's own tests of its timers assert. Their assertions about behaviour, in our words, by the name of the
// file in test/parallel of Node without "test-timers-"; further ones are in objects.test.ts, process.test.ts,
// promises.test.ts and context.test.ts.
//
//   (test-timers)        every bad delay counts as 1 ms: those timers fire before one of 2 ms
//   api-refs             the functions do not need the global ones
//   args                 arguments are passed on, also several, also by intervals
//   clear-in-callback    a timer can clear itself, and one that is due together with it
//   clear-null-does-not-throw-error, clear-object-does-not-throw-error, invalid-clear   anything can be cleared
//   clear-timeout-interval-equivalent   clearTimeout clears intervals, clearInterval timers
//   destroyed, dispose   close and Symbol.dispose clear a timer
//   interval-throw       an interval goes on after its callback has thrown (process.test.ts)
//   max-duration-warning, nan-duration-*, negative-duration-*, not-emit-duration-zero   warnings (process.test.ts)
//   nested               a timer of a callback never fires in the same pass, however long the callback takes
//   next-tick            nextTick callbacks run between two timers that are due together, and may clear the second
//   non-integer-delay, timeout-with-non-integer   fractions are cut off; the order is that of whole milliseconds
//   ordering             a chain of timers of 1 ms takes 1 ms each
//   refresh, refresh-in-callback   refresh puts a timer behind the others, and starts one that has fired
//   same-timeout-wrong-list-deleted   clearing a fired timer does not disturb a new one with the same delay
//   this                 `this` is the timer
//   throw-when-cb-not-function   a TypeError, ERR_INVALID_ARG_TYPE
//   to-primitive         a number, which can be cleared, also as a string
//   uncaught-exception, unref-throw-then-ref   the others fire after one has thrown (process.test.ts)
//   unref, unrefd-*, unrefed-*, unenroll-unref-interval   unref, ref, hasRef (process.test.ts)
//   user-call            callbacks without `call` and `apply`
//   zero-timeout         arguments with a delay of 0
//
// Not taken over, because they are about Node's inside, about immediates, or about functions that it has removed: active, enroll*,
// enroll-*, unenroll*, linked-list, priority-queue, now, immediate*, clearImmediate*, setimmediate-*, socket-timeout-*, timeout-to-interval,
// process-tampering, promises-scheduler, reset-process-domain-on-throw (domains), unref-reused-no-exposed-list.

import * as assert from "uvu/assert";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "wasm-ioloop/timers";
import { harness, until } from "../support/harness.ts";

const test = harness("timers/node");

const never = (): never => {
  throw new Error("must not be called");
};

/** Blocks for some milliseconds. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Resolves when a timer of so many milliseconds has fired. */
function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}

test("it never fires early, and in order of deadlines", async () => {
  const order: number[] = [];
  const begin = performance.now();
  const wait = (delay: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(() => {
        order.push(delay);
        assert.ok(performance.now() - begin >= delay);
        resolve();
      }, delay);
    });
  await Promise.all([20, 5, 12, 1, 9].map(wait));
  assert.equal(order, [1, 5, 9, 12, 20]);
});

test("equal deadlines fire in order, whatever made them equal", async () => {
  const order: string[] = [];
  const say = (what: string): void => void order.push(what);
  const first = setTimeout(say, 3, "first, refreshed");
  setTimeout(say, 3, "second");
  const cleared = setTimeout(say, 3, "cleared");
  setTimeout(say, 3, "third");
  first.refresh();
  clearTimeout(cleared);
  setTimeout(say, 3, "last");
  await after(4);
  assert.equal(order, ["second", "third", "first, refreshed", "last"]);
});

test("every delay that is not from 1 to 2^31 - 1 counts as 1", async () => {
  const { process } = globalThis;
  const warnings = process.listeners("warning");
  process.removeAllListeners("warning"); // which print them
  process.on("warning", () => {});
  const delays = [undefined, null, true, false, "", [], {}, NaN, Infinity, -Infinity, -10, -0.5, -0, 0, 0.1, 1, "1"];
  const all = [...delays, 2 ** 31, 12_345_678_901_234] as never[];
  let fired = 0;
  for (const delay of all) {
    setTimeout(() => fired++, delay);
    const interval = setInterval(() => {
      fired++;
      clearInterval(interval);
    }, delay);
  }
  await after(2);
  assert.is(fired, 2 * all.length);
  await after(1); // warnings are emitted later
  process.removeAllListeners("warning");
  for (const listener of warnings) process.on("warning", listener);
});

test("fractions are cut off", async () => {
  const order: number[] = [];
  for (const [delay, turn] of [
    [1, 1],
    [1.8, 2],
    [1.1, 3],
    [1, 4],
    [2.9, 5],
  ] as const)
    setTimeout(() => order.push(turn), delay);
  await after(2);
  assert.equal(order, [1, 2, 3, 4, 5]);
  let left = 5;
  await new Promise<void>((resolve) => {
    const again = (): void => void (--left === 0 ? resolve() : setTimeout(again, 1.000_000_000_000_01));
    again();
  });
});

test("a timer clears itself, or another one that is due with it", async () => {
  const seen: string[] = [];
  const first = setTimeout(() => {
    seen.push("first");
    clearTimeout(first);
    clearTimeout(second);
    third.refresh();
  }, 1);
  const second = setTimeout(never, 1);
  const third = setTimeout(() => seen.push("third"), 1);
  setTimeout(() => seen.push("fourth"), 1);
  await until(() => seen.length === 3);
  assert.equal(seen, ["first", "fourth", "third"]);
  // A spent timer is cleared when its slot has a new one.
  const later = setTimeout(() => seen.push("later"), 1);
  for (const spent of [first, second, third]) clearTimeout(spent);
  await until(() => seen.includes("later"));
  clearTimeout(later);
});

test("a timer of a callback fires in a later pass", async () => {
  const seen: string[] = [];
  for (const delay of [0, 5]) {
    setTimeout(() => {
      setTimeout(() => seen.push(`inner ${delay}`), delay);
      block(delay + 1);
      setImmediate(() => seen.push(`pass ${delay} over`));
    }, delay);
  }
  await until(() => seen.length === 4);
  for (const delay of [0, 5])
    assert.ok(seen.indexOf(`pass ${delay} over`) < seen.indexOf(`inner ${delay}`), String(seen));
});

test("what a callback queues runs before the next one", async () => {
  const seen: string[] = [];
  setTimeout(() => {
    seen.push("one");
    void Promise.resolve()
      .then(() => seen.push("promise"))
      .then(() => seen.push("its promise"))
      .then(() => clearTimeout(second));
    process.nextTick(() => {
      seen.push("tick");
      clearTimeout(third);
    });
  }, 1);
  const second = setTimeout(never, 1);
  const third = setTimeout(never, 1);
  setTimeout(() => seen.push("two"), 1);
  await until(() => seen.includes("two"));
  assert.equal([...seen].sort(), ["its promise", "one", "promise", "tick", "two"]);
  assert.is(seen.at(-1), "two");
});

test("a chain of timers of 1 ms takes 1 ms each", async () => {
  let last = performance.now();
  for (let i = 0; i < 5; i++) {
    await after(1);
    const now = performance.now();
    assert.ok(now - last >= 1);
    last = now;
  }
});

test("an interval is cleared by its callback, and goes on otherwise", async () => {
  let count = 0;
  const begin = performance.now();
  const interval = setInterval(() => {
    if (++count === 5) clearInterval(interval);
  }, 2);
  await until(() => count === 5);
  assert.ok(performance.now() - begin >= 10);
  await after(5);
  assert.is(count, 5);
});
