// class Delay: waiting, failing, and the reference's examples. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import type { Step } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { log } from "./delay-log.ts";
import { harness, quietLoop, turns } from "../support/harness.ts";

const test = harness("delay");

test("synchronise: ten concurrent timers, then the step", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const said: unknown[] = [];
  const delay = loop.delay();
  delay.step(() => said.push("BOOM!"));
  for (let i = 0; i < 10; i++) {
    const end = delay.begin();
    loop.timer(i, () => {
      said.push(10 - i);
      end();
    });
  }
  const waiting = delay.wait();
  await clock.advance(10);
  await waiting;
  assert.equal(said, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, "BOOM!"]);
});

test("sequentialise: each step runs when the timers of the previous one have fired", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const said: unknown[] = [];
  const say = (what: string): void => void said.push(`${clock.now() / 1000} ${what}`);
  const delay = loop.delay(
    (delay) => {
      loop.timer(2, delay.begin());
      say("Second step in 2 seconds.");
    },
    (delay) => {
      loop.timer(1, delay.begin());
      loop.timer(3, delay.begin());
      say("Third step in 3 seconds.");
    },
    () => say("And done after 5 seconds total."),
  );
  const waiting = delay.wait();
  await clock.advance(10);
  await waiting;
  assert.equal(said, [
    "0 Second step in 2 seconds.",
    "2 Third step in 3 seconds.",
    "5 And done after 5 seconds total.",
  ]);
});

test("194, 195, 198 an exception in a step breaks the chain, is the error event, and wait resolves", async () => {
  const { loop } = quietLoop();
  const said: unknown[] = [];
  const delay = loop.delay();
  delay.step(() => {
    throw new Error("Intentional error");
  });
  delay.step(() => said.push("Never actually reached."));
  assert.is(
    delay.catch((_delay, error) => void said.push(`Something went wrong: ${(error as Error).message}`)),
    delay,
  );
  delay.on("finish", () => said.push("nor this"));
  await delay.wait();
  assert.equal(said, ["Something went wrong: Intentional error"]);
  assert.equal(delay.remaining, []);
});

test("181, 189 steps run one after the other; the last one's arguments go to finish", async () => {
  const said = await log((delay, say) => {
    delay.steps(
      (delay) => {
        say(1);
        delay.pass("a", "b");
      },
      (delay, ...args) => {
        say([2, ...args]);
        delay.pass("c");
      },
    );
  });
  assert.equal(said, [1, [2, "a", "b"], ["finish", "c"]]);
});

test("182 the first step runs in the next tick after wait, and not without it", async () => {
  const { loop } = quietLoop();
  const said: string[] = [];
  const delay = loop.delay(() => said.push("step"));
  await loop.start();
  assert.equal(said, []);
  const waiting = delay.wait();
  assert.equal(said, []);
  await waiting;
  assert.equal(said, ["step"]);
});

test("183 events begun before wait delay the first step, and pass their arguments to it", async () => {
  const said = await log((delay, say, loop) => {
    const end = delay.begin(0);
    delay.step((_delay, ...args) => say(args));
    loop.timer(0.01, () => end("early"));
  });
  assert.equal(said, [["early"], ["finish", "early"]]);
});

test("184 if the loop is already running, wait does not stop it, and resolves at the end of the steps", async () => {
  const { loop } = quietLoop();
  const said: string[] = [];
  loop.nextTick(async (loop) => {
    const waiting = loop.delay((delay) => void loop.timer(0.01, delay.begin())).wait();
    said.push("returned");
    await waiting;
    said.push(`done ${loop.isRunning}`);
    loop.stop();
  });
  loop.timer(60, () => {});
  await loop.start();
  assert.equal(said, ["returned", "done true"]);
  loop.reset();
});

test("196 completions after an exception are ignored", async () => {
  const { loop } = quietLoop();
  const said: unknown[] = [];
  const delay = loop.delay(
    (delay) => {
      const end = delay.begin();
      loop.timer(0.01, () => end());
      throw new Error("Bye!");
    },
    () => said.push("never"),
  );
  delay.catch(() => void said.push("caught"));
  await delay.wait();
  await loop.start();
  assert.equal(said, ["caught"]);
});

test("197 an exception without a subscriber rejects wait; on a running loop it is also the reactor's error", async () => {
  const { loop, errors } = quietLoop();
  const failing: Step = async () => {
    await turns(1);
    throw new Error("Bye!");
  };
  loop.timer(60, () => {});
  const message = (promise: Promise<void>): Promise<string> =>
    promise.then(
      () => "none",
      (error: Error) => error.message,
    );
  assert.is(await message(loop.delay(failing, () => assert.unreachable()).wait()), "none");
  const throwing = loop.delay(() => {
    throw new Error("Hello!");
  });
  assert.is(await message(throwing.wait()), "Hello!");
  assert.is(loop.isRunning, false);
  const running = loop.start();
  const within = loop.delay(() => {
    throw new Error("Again!");
  });
  assert.is(await message(within.wait()), "Again!");
  assert.is(loop.isRunning, true);
  assert.equal(
    errors.map(([error, event]) => [(error as Error).message, event]),
    [
      ["Bye!", "delay"], // after its delay had finished
      ["Again!", "delay"],
    ],
  );
  loop.reset();
  await running;
});
