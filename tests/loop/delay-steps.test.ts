// class Delay: the order of steps, and their arguments. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { Delay } from "wasm-ioloop";
import { log } from "./delay-log.ts";
import { harness, plainServer, quietLoop } from "../support/harness.ts";

const test = harness("delay-steps");

test("185 the next step runs inside the last callback of an earlier tick", async () => {
  const said = await log((delay, say, loop) => {
    delay.steps(
      (delay) => {
        const end = delay.begin();
        loop.timer(0.01, () => {
          say("before");
          end();
          say("after");
        });
      },
      () => say("step"),
    );
  });
  assert.equal(said, ["before", "step", "after", ["finish"]].toSpliced(2, 2, ["finish"], "after"));
});

test("186 if a step's only event has happened before it returns, the next step runs after it", async () => {
  const said = await log((delay, say) => {
    delay.steps(
      (delay) => {
        delay.begin(0)("x");
        say("still in the first");
      },
      (_delay, ...args) => say(args),
    );
  });
  assert.equal(said, ["still in the first", ["x"], ["finish", "x"]]);
});

test("187 one event at once and another later: the next step waits for both, with the arguments of both", async () => {
  const said = await log((delay, say, loop) => {
    delay.steps(
      (delay) => {
        delay.begin(0)("now");
        const end = delay.begin(0);
        loop.timer(0.01, () => end("later"));
      },
      (_delay, ...args) => say(args),
    );
  });
  assert.equal(said, [
    ["now", "later"],
    ["finish", "now", "later"],
  ]);
});

test("188 a step that begins no event ends the chain: finish gets the arguments of that step", async () => {
  const said = await log((delay, say) => {
    delay.steps(
      (delay) => void delay.pass(1, 2),
      () => say("second"),
      () => say("never"),
    );
  });
  assert.equal(said, ["second", ["finish", 1, 2]]);
});

test("189 a delay without steps finishes with the arguments of its events", async () => {
  assert.equal(await log((delay) => void delay.pass("only")), [["finish", "only"]]);
  assert.equal(await log(() => {}), [["finish"]]);
});

test("190, 192 begin's offset and length choose the arguments", async () => {
  const said = await log((delay) => {
    delay.begin()(1, 2, 3);
    delay.begin(1, 1)(4, 5, 6);
    delay.begin(0, 1)(7, 8);
    delay.begin(2)(9, 10, 11);
    delay.begin(0, 2)(12, 13, 14);
    delay.begin(2, 5)(17, 18, 19, 20);
    delay.begin(0, 0)(99);
    delay.begin()();
  });
  assert.equal(said, [["finish", 2, 3, 5, 7, 11, 12, 13, 19, 20]]);
});

test("191 arguments are joined in the order of begin, whatever the order of completion", async () => {
  const said = await log((delay, _say, loop) => {
    const ends = [delay.begin(0), delay.begin(0), delay.begin(0)];
    loop.timer(0.01, () => ends[2]!("c"));
    loop.timer(0.02, () => ends[0]!("a"));
    loop.timer(0.03, () => ends[1]!("b"));
  });
  assert.equal(said, [["finish", "a", "b", "c"]]);
});

test("193 begin on client: error and stream of each, in the order in which they were begun", async () => {
  const { port, close } = await plainServer();
  const { port: shut, close: closed } = await plainServer();
  await closed();
  const said = await log((delay, say, loop) => {
    delay.steps(
      (delay) => {
        loop.client({ port: shut }, delay.begin());
        loop.client({ port }, delay.begin());
      },
      (_delay, ...args) => {
        const [error, none, noError, stream] = args as unknown[] as [Error, undefined, undefined, { close(): void }];
        say([error instanceof Error, none, noError]);
        stream.close();
      },
    );
  });
  assert.equal(said[0], [true, undefined, undefined]);
  await close();
});

test("199 remaining is the live list", async () => {
  const said = await log((delay, say) => {
    delay.steps(
      (delay) => {
        delay.remaining.splice(0, 1, (delay) => {
          say("inserted");
          delay.pass();
        });
        delay.pass();
      },
      () => say("replaced"),
      () => say("last"),
    );
  });
  assert.equal(said, ["inserted", "last", ["finish"]]);
});

test("200 data is shared between the steps", () => {
  const { loop } = quietLoop();
  const delay = loop.delay();
  assert.equal(delay.data(), {});
  assert.is(delay.data({ a: 1, b: 2 }), delay);
  assert.is(delay.data("a"), 1);
  assert.is(delay.data("c"), undefined);
  assert.equal(delay.data(), { a: 1, b: 2 });
});

test("200 an unknown key is undefined, whatever its name", () => {
  const delay = quietLoop().loop.delay();
  for (const key of ["key", "toString", "constructor", "__proto__"]) assert.is(delay.data(key), undefined, key);
  delay.data({ toString: 5 });
  assert.is(delay.data("toString"), 5);
});

test("201, 203 one callback called twice counts twice", async () => {
  const said = await log((delay, say, loop) => {
    delay.begin();
    const end = delay.begin();
    delay.step(() => say("step"));
    for (const after of [0.01, 0.02]) loop.timer(after, () => end());
  });
  assert.equal(said, ["step", ["finish"]]);
});

test("202 nested delays pass their arguments on", async () => {
  const said = await log((outer, say, loop) => {
    outer.steps(
      (outer) => {
        const inner = loop.delay((inner) => void inner.pass("inner"), outer.begin());
        void inner.wait();
      },
      (_outer, ...args) => say(args),
    );
  });
  assert.equal(said, [["inner"], ["finish", "inner"]]);
});

test("9, 204 a directly created delay uses the shared loop; pass is an event that has already happened", async () => {
  const delay = new Delay();
  const said: unknown[] = [];
  delay.steps(
    (delay) => void delay.pass(1, 2, 3),
    (_delay, ...args) => void said.push(...args),
  );
  await delay.wait();
  assert.equal(said, [1, 2, 3]);
  assert.is("then" in delay, false);
});
