// A step that fails late, after its delay has an outcome, or when the delay is no longer waited for. No error is lost.

import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { deferred, harness, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("delay-late");

/** The errors that a reactor's subscriber received. */
function said(errors: readonly [unknown, string][]): string[] {
  return errors.map(([error, event]) => `${event}: ${(error as Error).message}`);
}

test("a step that rejects after the delay has finished is an error of the reactor", async () => {
  const { loop, errors } = quietLoop();
  const gate = deferred();
  const delay = loop.delay(async () => {
    await gate.promise;
    throw new Error("late");
  });
  await delay.wait();
  assert.equal(errors, []);
  gate.resolve();
  await until(() => errors.length > 0);
  assert.equal(said(errors), ["delay: late"]);
});

test("or of the delay, if that has a subscriber", async () => {
  const { loop, errors } = quietLoop();
  const gate = deferred();
  const heard: unknown[] = [];
  const delay = loop.delay(async () => {
    await gate.promise;
    throw new Error("late");
  });
  delay.catch((_delay, error) => void heard.push((error as Error).message));
  await delay.wait();
  gate.resolve();
  await turns(3);
  assert.equal(heard, ["late"]);
  assert.equal(errors, []);
});

test("without any subscriber, the current run is rejected with it", async () => {
  const loop = new IOLoop();
  loop.reactor.unsubscribe("error");
  const gate = deferred();
  await loop
    .delay(async () => {
      await gate.promise;
      throw new Error("late");
    })
    .wait();
  loop.timer(60, () => {});
  const running = loop.start();
  gate.resolve();
  assert.is(await running.catch((error: Error) => error.message), "late");
  loop.reset();
});

test("a step that throws when the loop has nothing left to wait for is an error of the reactor", async () => {
  const { loop, errors } = quietLoop();
  let end!: () => unknown;
  const delay = loop.delay(
    (delay) => (end = delay.begin()) && undefined,
    () => {
      throw new Error("late");
    },
  );
  await delay.wait();
  end();
  assert.equal(said(errors), ["delay: late"]);
});

test("if several steps fail, no error is lost, and the delay has one outcome", async () => {
  const { loop, errors } = quietLoop();
  const gate = deferred();
  const delay = loop.delay(
    async (delay) => {
      delay.pass();
      await gate.promise;
      throw new Error("first step");
    },
    () => {
      throw new Error("second step");
    },
  );
  assert.is(await delay.wait().catch((error: Error) => error.message), "second step");
  gate.resolve();
  await until(() => errors.length > 0);
  assert.equal(said(errors), ["delay: first step"]);
});

test("a late failure does not affect steps that have been set since", async () => {
  const { loop, errors } = quietLoop();
  const gate = deferred();
  const calls: string[] = [];
  const delay = loop.delay(async () => {
    await gate.promise;
    throw new Error("late");
  });
  await delay.wait();
  delay.steps(
    (delay) => void loop.timer(0.05, delay.begin()),
    () => void calls.push("second"),
  );
  const waiting = delay.wait();
  gate.resolve();
  await waiting;
  assert.equal(calls, ["second"]);
  assert.equal(said(errors), ["delay: late"]);
});

test("a delay that has failed can be used again, and earlier events do not count", async () => {
  const { loop } = quietLoop();
  const calls: unknown[] = [];
  let before!: (...args: unknown[]) => unknown;
  const delay = loop.delay((delay) => {
    before = delay.begin(0);
    throw new Error("Bye");
  });
  assert.is(await delay.wait().catch((error: Error) => error.message), "Bye");
  delay.steps(
    (delay) => void loop.timer(0.01, delay.begin(1)),
    (_delay, ...args) => void calls.push(args),
  );
  const waiting = delay.wait();
  before("of before");
  await waiting;
  assert.equal(calls, [[]]);
});

test("subscribers to finish that throw or reject are errors of the reactor", async () => {
  const { loop, errors } = quietLoop();
  const delay = loop.delay();
  delay.on("finish", async () => {
    await turns(1);
    throw new Error("rejected");
  });
  delay.on("finish", () => {
    throw new Error("thrown");
  });
  await delay.wait();
  await until(() => errors.length === 2);
  assert.equal(said(errors), ["finish: thrown", "finish: rejected"]);
});

test("a subscriber to error that throws is an error of the reactor", async () => {
  const { loop, errors } = quietLoop();
  const delay = loop.delay(() => {
    throw new Error("first");
  });
  delay.catch(() => {
    throw new Error("worse");
  });
  await delay.wait();
  assert.equal(said(errors), ["error: worse"]);
});
