// AsyncLocalStorage: the async context of callbacks.

import { AsyncLocalStorage, createHook } from "node:async_hooks";
import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, isBun, isDeno, portOf, quietLoop, turns, until, within } from "../support/harness.ts";

const test = harness("async-context");

const SOON = 10; // seconds

test("timers and next ticks run in the context of start, whichever code has started them, set the alarm, or woken the loop", async () => {
  for (const clock of [undefined, new VirtualClock()]) {
    const storage = new AsyncLocalStorage<string>();
    const { loop } = quietLoop(clock && { clock });
    const seen: string[] = [];
    const see = (what: string) => (): void => void seen.push(`${what} ${storage.getStore()}`);
    storage.run("before", () => loop.timer(0.002, see("timer")));
    loop.timer(0.004, () => {
      storage.run("inside", () => {
        loop.timer(0, see("timer"));
        loop.nextTick(see("next tick"));
      });
    });
    loop.timer(0.006, see("timer"));
    storage.run("outside", () => {
      setTimeout(() => {
        loop.timer(0.001, see("timer")); // has the nearest deadline, so it sets the alarm
        loop.nextTick(see("next tick")); // wakes the loop
      }, 1);
    });
    const keep = loop.timer(60, () => {});
    const running = storage.run("start", () => loop.start());
    while (seen.length < 6) await (clock ? clock.advance(0.001) : new Promise((resolve) => setTimeout(resolve, 1)));
    storage.run("remove", () => loop.remove(keep));
    await within(SOON, running);
    assert.equal(seen.sort(), [...Array(2).fill("next tick start"), ...Array(4).fill("timer start")]);
  }
});

test("each run has the context in which start was called", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { loop } = quietLoop();
  const seen: unknown[] = [];
  for (const store of ["first", "second"]) {
    loop.timer(0.001, () => void seen.push(storage.getStore()));
    await within(
      SOON,
      storage.run(store, () => loop.oneTick()),
    );
  }
  assert.equal(seen, ["first", "second"]);
});

test("a client's callback runs in the context of start, too; a bound one runs in its own", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { loop } = quietLoop();
  const seen: (string | undefined)[] = [];
  const id = loop.server({}, () => {});
  const port = portOf(loop, id);
  let left = 2;
  const done = (): void => {
    if (--left === 0) loop.reset();
  };
  storage.run("client", () => {
    loop.client({ port }, () => {
      seen.push(storage.getStore());
      done();
    });
    loop.timer(
      0.001,
      AsyncLocalStorage.bind(() => {
        seen.push(storage.getStore());
        done();
      }),
    );
  });
  await within(
    SOON,
    storage.run("start", () => loop.start()),
  );
  assert.equal(new Set(seen), new Set(["client", "start"]));
});

test("the async resource of a run ends with it, even if another run starts in the same pass", async () => {
  if (isBun || isDeno) return; // they have no async hooks
  const open = new Set<number>();
  let made = 0;
  const hook = createHook({
    init(id, type) {
      if (type === "IOLoop") made++;
      if (type === "IOLoop") open.add(id);
    },
    destroy: (id) => void open.delete(id),
  }).enable();
  const { loop } = quietLoop();
  for (let i = 0; i < 20; i++) {
    loop.timer(0, () => {});
    await (i % 2 === 0 ? loop.oneTick() : loop.start());
  }
  let again: Promise<void> | undefined;
  loop.timer(0, (loop) => {
    loop.stop();
    again = loop.start();
  });
  await loop.start();
  await turns(2);
  loop.stop();
  await again;
  loop.timer(60, () => {});
  const running = loop.start();
  loop.reset();
  await running;
  await until(() => open.size === 0);
  hook.disable();
  assert.is(made, 23);
});
