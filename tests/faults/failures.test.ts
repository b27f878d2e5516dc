// Callbacks that throw or reject. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { IOLoop, Reactor } from "wasm-ioloop";
import { harness, quietLoop, turns, until } from "../support/harness.ts";

const test = harness("failures");

test("58, 59, 60 an exception in a timer is the reactor's error; other timers of that pass run, the loop continues", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  const error = new Error("Bye!");
  loop.timer(0, () => {
    throw error;
  });
  loop.timer(0, () => log.push("same pass"));
  loop.timer(0.01, () => log.push("later"));
  await loop.start();
  assert.equal(log, ["same pass", "later"]);
  assert.is(errors.length, 1);
  assert.is(errors[0]![0], error);
  assert.is(errors[0]![1], "timer");
});

test("64 the first of three next-tick callbacks throws: the others still run", async () => {
  const { loop, errors } = quietLoop();
  const log: string[] = [];
  loop.nextTick(() => {
    throw new Error("Bye!");
  });
  loop.nextTick(() => log.push("b"));
  loop.nextTick(() => log.push("c"));
  await loop.start();
  assert.equal(log, ["b", "c"]);
  assert.is(errors[0]![1], "nextTick");
});

test("an async callback that rejects is the reactor's error", async () => {
  const { loop, errors } = quietLoop();
  loop.timer(0, async () => {
    await turns(1);
    throw new Error("timer");
  });
  loop.nextTick(async () => {
    throw new Error("nextTick");
  });
  loop.on("finish", async () => {
    throw new Error("finish");
  });
  const keep = loop.timer(60, () => {});
  const running = loop.start();
  await until(() => errors.length === 2);
  void loop.stopGracefully();
  await running;
  await until(() => errors.length === 3);
  assert.equal(errors.map(([error, event]) => `${(error as Error).message} ${event}`).sort(), [
    "finish finish",
    "nextTick nextTick",
    "timer timer",
  ]);
  loop.remove(keep);
});

test("62 without error subscribers start rejects with the exception, and the loop can start again", async () => {
  const loop = new IOLoop();
  loop.reactor.unsubscribe("error");
  loop.timer(0, () => {
    throw new Error("Bye!");
  });
  loop.timer(60, () => {});
  try {
    await loop.start();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "Bye!");
  }
  assert.is(loop.isRunning, false);
  let fired = false;
  loop.timer(0, (loop) => {
    fired = true;
    loop.stop();
  });
  await loop.start();
  assert.is(fired, true);
  loop.reset();
});

test("63 an exception in an error subscriber rejects start", async () => {
  const reactor = new Reactor();
  reactor.on("error", (_reactor, error) => {
    throw new Error(`again: ${(error as Error).message}`);
  });
  reactor.timer(0, () => {
    throw new Error("Bye!");
  });
  try {
    await reactor.start();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "again: Bye!");
  }
});

test("a thrown value that is not an Error is passed on unchanged", async () => {
  const { loop, errors } = quietLoop();
  loop.timer(0, () => {
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- that is the point
    throw "a string";
  });
  await loop.start();
  assert.equal(errors, [["a string", "timer"]]);
});
