// wasm-ioloop/timers/promises does what Node's tests promisified, promises, interval-promise-condition and nan-duration-warning-promises
// assert, but for what they say of immediates and of the scheduler.

import { promisify } from "node:util";
import * as assert from "uvu/assert";
import * as timers from "wasm-ioloop/timers";
import { setInterval, setTimeout } from "wasm-ioloop/timers/promises";
import { harness, until } from "../support/harness.ts";

const test = harness("timers/promises");

/** The error with which a promise rejects. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`it has resolved with ${String(value)}`)),
    (error: unknown) => error,
  );
}

/** A signal that counts its listeners. */
function countedSignal(): { signal: AbortSignal; abort: () => void; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  const set = new Set<unknown>();
  signal.addEventListener = (...args: unknown[]) => {
    set.add(args[1]);
    count = set.size;
    return Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    set.delete(args[1]);
    count = set.size;
    return Reflect.apply(removeEventListener, signal, args);
  };
  return { signal, abort: () => controller.abort(new Error("enough")), listeners: () => count };
}

function isAbort(error: unknown, cause?: unknown): boolean {
  const { name, code, cause: its } = error as Error & { code: string };
  return (
    error instanceof Error && name === "AbortError" && code === "ABORT_ERR" && (cause === undefined || its === cause)
  );
}

test("promisify returns it", () => {
  assert.is(promisify(timers.setTimeout), setTimeout);
});

test("a promise resolves to the value, never early", async () => {
  const begin = performance.now();
  assert.is(await setTimeout(3), undefined);
  assert.ok(performance.now() - begin >= 3);
  assert.is(await setTimeout(1, "value"), "value");
  assert.is(await setTimeout(undefined, null), null);
  assert.equal(await Promise.all([1, 2, 3].map((value) => setTimeout(4 - value, value))), [1, 2, 3]);
});

test("an interval yields the value until the iteration ends", async () => {
  const iterator = setInterval(1, "value");
  for (let i = 0; i < 2; i++) assert.equal(await iterator.next(), { done: false, value: "value" });
  assert.equal(await iterator.return(), { done: true, value: undefined });
  assert.equal(await iterator.next(), { done: true, value: undefined });
  let count = 0;
  for await (const value of setInterval(1)) {
    assert.is(value, undefined);
    if (++count === 3) break;
  }
});

test("an interval comes between timers as its delay says", async () => {
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  void setTimeout(1).then(note("one"));
  const iterator = setInterval(20);
  await iterator.next().then(note("twenty"));
  await iterator.next().then(note("forty"));
  await iterator.return();
  assert.equal(seen, ["one", "twenty", "forty"]);
});

test("a signal that is aborted rejects, and leaves no listener", async () => {
  const { signal, abort, listeners } = countedSignal();
  const waiting = rejection(setTimeout(60_000, undefined, { signal }));
  const iterator = setInterval(60_000, undefined, { signal });
  const ticking = rejection(iterator.next());
  await setTimeout(1);
  assert.is(listeners(), 2);
  abort();
  for (const error of [await waiting, await ticking]) assert.ok(isAbort(error, signal.reason));
  assert.is(listeners(), 0);
  assert.ok(isAbort(await rejection(setTimeout(1, undefined, { signal })), signal.reason));
  assert.ok(isAbort(await rejection(setInterval(1, undefined, { signal }).next()), signal.reason));
  assert.is(listeners(), 0);
});

test("a signal that is aborted later changes nothing", async () => {
  const { signal, abort, listeners } = countedSignal();
  assert.is(await setTimeout(1, "value", { signal }), "value");
  assert.is(listeners(), 0);
  let count = 0;
  for await (const _ of setInterval(1, undefined, { signal })) {
    assert.is(listeners(), 1);
    if (++count === 2) break;
  }
  assert.is(listeners(), 0);
  abort();
});

test("an aborted interval first yields what it has missed", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const error = await rejection(
    (async () => {
      for await (const _ of setInterval(2, undefined, { signal })) {
        count++;
        if (count > 1) continue;
        const end = performance.now() + 1;
        let others = 0;
        timers.setInterval(() => void others++, 2).unref();
        await until(() => others >= 3 && performance.now() > end);
        controller.abort();
      }
    })(),
  );
  assert.ok(isAbort(error));
  assert.ok(count >= 3, String(count));
});

test("an interval that is aborted in its loop ends there", async () => {
  const controller = new AbortController();
  let count = 0;
  const error = await rejection(
    (async () => {
      for await (const _ of setInterval(2, undefined, { signal: controller.signal }))
        if (++count === 3) controller.abort();
    })(),
  );
  assert.ok(isAbort(error));
  assert.is(count, 3);
});

test("wrong arguments reject", async () => {
  const wrong: [options: unknown[], name: RegExp][] = [
    [[1, "", false, Infinity, null, []], /^\w+: options must be an object, not /],
    [
      [1, "", false, Infinity, null, {}].map((signal) => ({ signal })),
      /^\w+: option "signal" must be an AbortSignal, not /,
    ],
    [[1, "", Infinity, null, {}].map((ref) => ({ ref })), /^\w+: option "ref" must be true or false, not /],
  ];
  const check = async (promise: Promise<unknown>, message: RegExp): Promise<void> => {
    const error = (await rejection(promise)) as NodeJS.ErrnoException;
    assert.is(error.code, "ERR_INVALID_ARG_TYPE");
    assert.instance(error, TypeError);
    assert.match(error.message, message);
  };
  for (const [options, message] of wrong) {
    for (const one of options) {
      await check(setTimeout(10, null, one as never), message);
      await check(setInterval(10, null, one as never).next(), message);
    }
  }
  for (const delay of ["1", null, {}, true]) {
    await check(setTimeout(delay as never), /^setTimeout: delay must be a number, not /);
    await check(setInterval(delay as never).next(), /^setInterval: delay must be a number, not /);
  }
});
