// Callbacks run in the async context in which their timer was made. Of Node's tests: clearImmediate-als for timers, and what
// test/async-hooks and test/parallel/test-async-local-storage-* assert about timers and their promises.

import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import * as assert from "uvu/assert";
import { clearInterval, setInterval, setTimeout } from "wasm-ioloop/timers";
import { setInterval as setIntervalPromise, setTimeout as setTimeoutPromise } from "wasm-ioloop/timers/promises";
import { harness, until } from "../support/harness.ts";

const test = harness("timers/context");
const storage = new AsyncLocalStorage<string>();

test("each callback has the context in which its timer was made; one that was made outside has none", async () => {
  const seen: string[] = [];
  const see = (what: string): void => void seen.push(`${what}: ${storage.getStore() ?? "none"}`);
  setTimeout(see, 1, "before");
  storage.run("outer", () => {
    setTimeout(see, 1, "one");
    storage.run("inner", () => setTimeout(see, 1, "two"));
    setTimeout(see, 1, "three");
    const interval = setInterval(() => {
      see("interval");
      if (seen.filter((line) => line.startsWith("interval")).length === 2) clearInterval(interval);
    }, 1);
  });
  setTimeout(see, 1, "outside");
  await until(() => seen.length === 7);
  assert.equal(seen.slice(0, 5), ["before: none", "one: outer", "two: inner", "three: outer", "interval: outer"]);
  assert.equal(seen.slice(5).toSorted(), ["interval: outer", "outside: none"]);
});

test("what a callback starts has its context, also after an await", async () => {
  const seen: (string | undefined)[] = [];
  storage.run("a", () => {
    setTimeout(() => {
      setTimeout(() => seen.push(storage.getStore()), 1);
      void setTimeoutPromise(1).then(() => seen.push(storage.getStore()));
      void (async () => {
        for await (const _ of setIntervalPromise(1)) break;
        seen.push(storage.getStore());
      })();
      process.nextTick(() => seen.push(storage.getStore()));
    }, 1);
    setTimeout(() => storage.enterWith("b"), 1);
  });
  setTimeout(() => seen.push(storage.getStore()), 1);
  await until(() => seen.length === 5);
  assert.equal(
    seen.filter((store) => store !== "a"),
    [undefined],
  );
});

test("a refreshed timer keeps its context; one that has fired gets that of the refresh", async () => {
  const seen: (string | undefined)[] = [];
  const timer = storage.run("first", () => setTimeout(() => seen.push(storage.getStore()), 2));
  storage.run("second", () => timer.refresh());
  await until(() => seen.length === 1);
  storage.run("third", () => timer.refresh());
  await until(() => seen.length === 2);
  assert.equal(seen, ["first", "third"]);
});

test("a context that was kept earlier counts", async () => {
  const kept = storage.run("kept", () => new AsyncResource("TEST"));
  let store: string | undefined;
  kept.runInAsyncScope(() => setTimeout(() => (store = storage.getStore()), 1));
  await until(() => store !== undefined);
  assert.is(store, "kept");
});

test("a storage that is used for the first time after the first timer counts", async () => {
  const seen: unknown[] = [];
  const late = new AsyncLocalStorage<number>();
  setTimeout(() => seen.push(late.getStore()), 1);
  late.run(7, () => setTimeout(() => seen.push(late.getStore()), 1));
  await until(() => seen.length === 2);
  assert.equal(seen, [undefined, 7]);
});

test("a context that a callback enters is not that of the next one, nor of a later pass", async () => {
  const entered = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const see = (): void => {
    seen.push(entered.getStore());
    entered.enterWith("seen");
  };
  setTimeout(() => entered.enterWith("first"), 1);
  setTimeout(see, 1);
  storage.run("kept", () => setTimeout(see, 1));
  setTimeout(see, 1);
  setTimeout(see, 3);
  await until(() => seen.length === 4);
  assert.equal(seen, [undefined, undefined, undefined, undefined]);
});

test("a promise keeps the context in which it is awaited, whatever callbacks enter", async () => {
  const seen: unknown[] = [];
  const wait = async (): Promise<void> => {
    await setTimeoutPromise(1);
    seen.push(storage.getStore());
    for await (const _ of setIntervalPromise(1)) break;
    seen.push(storage.getStore());
  };
  setTimeout(() => storage.enterWith("entered"), 1);
  await Promise.all([wait(), storage.run("mine", wait), wait()]);
  assert.equal(
    seen.toSorted((a, b) => (a === b ? 0 : a === undefined ? 1 : -1)),
    ["mine", "mine", undefined, undefined, undefined, undefined],
  );
});
