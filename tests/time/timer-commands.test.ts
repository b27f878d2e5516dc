// Timers that are started, restarted and removed within a callback, or outside of callbacks, on the system's clock. Their start time is that of
// the end of the callback, or of the task.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { IOLoop, type Id, type IOLoopError } from "wasm-ioloop";
import { harness } from "../support/harness.ts";

const test = harness("timer commands");

/** Runs a task within a callback of a loop, and waits until the loop has nothing left to do. */
async function within(program: (loop: IOLoop) => void): Promise<void> {
  const loop = new IOLoop();
  loop.nextTick(() => program(loop));
  await loop.start();
}

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test("more commands than fit into one call", async () => {
  const fired: number[] = [];
  await within((loop) => {
    for (let i = 0; i < 2000; i++) loop.timer(0.001, () => fired.push(i));
  });
  assert.equal(
    fired,
    Array.from({ length: 2000 }, (_, i) => i),
  );
});

test("a timer that is removed in the callback that started it never fires, and does not keep the loop running", async () => {
  const fired: string[] = [];
  await within((loop) => {
    const id = loop.timer(0.001, () => fired.push("removed"));
    assert.ok(loop.remove(id));
    assert.not(loop.remove(id));
    assert.throws(
      () => loop.reactor.again(id),
      (error: IOLoopError) => error.code === "ERR_IOLOOP_TIMER_INACTIVE",
    );
    const far = loop.recurring(3600, () => fired.push("far"));
    loop.remove(far);
  });
  assert.equal(fired, []);
});

test("a timer that is started beside many connections can be restarted and removed", async () => {
  await within((loop) => {
    for (let i = 0; i < 1000; i++) loop.client({ handle: new PassThrough() }, () => {});
    loop.timer(0.05, () => {
      const ids = Array.from({ length: 3 }, () => loop.timer(3600, () => {}));
      for (const id of ids) loop.reactor.again(id);
      assert.ok(ids.every((id) => loop.remove(id)));
      loop.reset();
    });
  });
});

test("a timer that reuses a slot at once has another id", async () => {
  const fired: string[] = [];
  await within((loop) => {
    const first = loop.timer(0.001, () => fired.push("first"));
    loop.remove(first);
    loop.nextTick(() => {
      const second = loop.timer(0.001, () => fired.push("second"));
      assert.is.not(second, first);
      assert.not(loop.remove(first));
    });
  });
  assert.equal(fired, ["second"]);
});

test("timers with the same delay fire in the order in which they were started or restarted", async () => {
  const fired: string[] = [];
  await within((loop) => {
    const [a, b] = ["a", "b", "c"].map((name) => loop.timer(0.01, () => fired.push(name)));
    loop.reactor.again(b!);
    loop.timer(0.01, () => fired.push("d"));
    loop.reactor.again(a!);
  });
  assert.equal(fired, ["c", "b", "d", "a"]);
});

test("no timer is early, however long its callback takes: its time starts at the end of the callback", async () => {
  for (const delay of [0, 0.001, 0.02]) {
    let made = 0;
    let fired = 0;
    await within((loop) => {
      made = performance.now();
      loop.timer(delay, () => (fired = performance.now()));
      block(15);
    });
    assert.ok(fired - made >= delay * 1000 + 15, `${delay} s: ${fired - made} ms`);
  }
});

test("a timer that is due in the same pass as the callback can still be removed, restarted, or given another interval", async () => {
  const fired: string[] = [];
  let began = 0;
  let late = 0;
  await within((loop) => {
    let ids: Id[] = [];
    loop.timer(0.01, () => {
      began = performance.now();
      loop.remove(ids[0]!);
      loop.reactor.again(ids[1]!);
      loop.reactor.again(ids[2]!, 0.03);
    });
    ids = ["removed", "restarted", "later"].map((name) =>
      loop.timer(0.01, () => {
        fired.push(name);
        late = performance.now() - began;
      }),
    );
  });
  assert.equal(fired, ["restarted", "later"]);
  assert.ok(late >= 30, `${late} ms`);
});

test("timers of a callback that throws are started all the same", async () => {
  const fired: string[] = [];
  const loop = new IOLoop();
  const errors: unknown[] = [];
  loop.reactor.unsubscribe("error");
  loop.reactor.on("error", (_reactor, error) => errors.push(error));
  loop.nextTick(() => {
    loop.timer(0.001, () => fired.push("made"));
    throw new Error("after it");
  });
  await loop.start();
  assert.equal(fired, ["made"]);
  assert.is(errors.length, 1);
});

test("if the callback stops the loop, its timers stay; if it resets the loop, they are removed", async () => {
  const fired: string[] = [];
  const loop = new IOLoop();
  loop.nextTick(() => {
    loop.timer(0.001, () => fired.push("kept"));
    loop.stop();
  });
  await loop.start();
  assert.equal(fired, []);
  await loop.start();
  assert.equal(fired, ["kept"]);
  loop.nextTick(() => {
    const id = loop.timer(0.001, () => fired.push("reset"));
    loop.reset();
    assert.not(loop.remove(id));
    loop.timer(0.001, () => fired.push("after reset"));
  });
  await loop.start();
  await loop.start();
  assert.equal(fired, ["kept", "after reset"]);
});

for (const runs of [true, false]) {
  const when = runs ? "after an await" : "while the loop is stopped";

  /** Runs a task outside of callbacks, and then the loop until it has nothing left to do. */
  const outside = async (program: (loop: IOLoop) => void): Promise<void> => {
    const loop = new IOLoop();
    const hold = loop.timer(3600, () => {});
    const running = runs ? loop.start() : undefined;
    await new Promise((resolve) => setImmediate(resolve)); // its first pass
    program(loop);
    loop.remove(hold);
    await (running ?? loop.start());
  };

  test(`no timer is early ${when}: one time for all begins at the end of the task`, async () => {
    // A single one, few, and more than one call can hold; several times, as the first ones may get their time in another way.
    for (const count of [1, 1, 2, 8, 300, 600]) {
      const early: number[] = [];
      let made = 0;
      let left = count;
      await outside((loop) => {
        const ids = Array.from({ length: count }, () =>
          loop.timer(0.01, () => {
            left--;
            if (performance.now() - made < 10) early.push(performance.now() - made);
          }),
        );
        block(5);
        made = performance.now();
        for (const id of ids) loop.reactor.again(id);
        loop.reactor.again(ids[0]!, 0.011);
      });
      assert.equal(early, []);
      assert.is(left, 0);
    }
  });

  test(`${when} timers with the same delay fire in order, and removed ones never`, async () => {
    const fired: string[] = [];
    await outside((loop) => {
      const [a, b, gone] = ["a", "b", "gone", "c"].map((name) => loop.timer(0.01, () => fired.push(name)));
      loop.reactor.again(b!);
      loop.reactor.again(gone!);
      assert.ok(loop.remove(gone!));
      loop.timer(0.01, () => fired.push("d"));
      loop.reactor.again(a!);
    });
    assert.equal(fired, ["c", "b", "d", "a"]);
  });
}

test("lone timers outside callbacks are never early, and keep their order with others", async () => {
  const loop = new IOLoop();
  const early: number[] = [];
  const fired: number[] = [];
  const running = loop.start({ forever: true });
  for (let i = 0; i < 100; i++) {
    const due = performance.now() + 20;
    loop.timer(0.02, () => {
      fired.push(i);
      if (performance.now() < due) early.push(i);
    });
    await Promise.resolve();
  }
  await new Promise<void>((resolve) => loop.timer(0.03, () => resolve()));
  loop.stop();
  await running;
  assert.equal(early, []);
  assert.equal(
    fired,
    fired.toSorted((a, b) => a - b),
  );
  assert.is(fired.length, 100);
});

test("a reset between the start of a timer and the end of the task forgets the timer", async () => {
  const loop = new IOLoop();
  const fired: string[] = [];
  const id = loop.timer(0.001, () => fired.push("before"));
  loop.reactor.again(id);
  loop.reset();
  loop.timer(0.001, () => fired.push("after"));
  await loop.start();
  assert.equal(fired, ["after"]);
});

test("a value that is not an id does not name a timer", async () => {
  await within((loop) => {
    const id: number = loop.timer(3600, () => {});
    const kin = [id + 2 ** 22, id - 2 ** 22, id + 1, -id, id * 2, id + 2 ** 54];
    const slots = [0, 1, 5, 1 - 2 ** 22, 5 - 2 ** 22, 5.5, 2 ** 52, 2 ** 52 + 5];
    const forged = [...kin, ...slots, NaN, Infinity];
    for (const other of forged) if (other !== id) assert.not(loop.remove(other as Id), String(other));
    assert.ok(loop.remove(id as Id));
  });
});
