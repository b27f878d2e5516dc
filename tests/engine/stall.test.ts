// A process that was stalled for longer than a timeout: busy in a callback, stopped, or halted by a debugger. Input that peers sent in
// time is read before any connection counts as idle.

import * as assert from "uvu/assert";
import type { IOLoop } from "wasm-ioloop";
import { harness, peer, plainServer, portOf, quietLoop, sleep, turns, until } from "../support/harness.ts";
import { join, openStream } from "../stream/open-stream.ts";

const test = harness("away");

const TIMEOUT = 0.15; // seconds
const AWAY = 270; // milliseconds
const JUST_TOO_LONG = 170;

function block(milliseconds = AWAY): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** The callbacks that keep the process busy: in the loop, and outside of it. */
const WAYS: Readonly<Record<string, (loop: IOLoop, away: () => void) => void>> = {
  "a timer": (loop, away) => void loop.timer(0.001, away),
  "a next tick": (loop, away) => loop.nextTick(away),
  "another stream": (loop, away) => {
    const id = loop.server({}, (_loop, stream) => void stream.on("read", away));
    const { socket } = peer({ port: portOf(loop, id) });
    socket.on("error", () => {}).write("do something that takes long");
  },
  "a timer of the runtime": (_loop, away) => void setTimeout(away, 1),
  "an immediate": (_loop, away) => void setImmediate(away),
  // Deno polls its sockets less often then.
  "the first of many immediates": (_loop, away) => {
    let left = 100;
    const turn = (): void => {
      if (left-- === 100) away();
      else block(1);
      if (left > 0) setImmediate(turn);
    };
    setImmediate(turn);
  },
};

const CASES = Object.entries(WAYS).flatMap(([where, go]) => [AWAY, JUST_TOO_LONG].map((away) => ({ where, go, away })));

for (const { where, go, away } of CASES) {
  test(`for ${away} ms, in ${where}: input that has arrived meanwhile is read first`, async () => {
    const { loop, stream, far, log, running } = await openStream();
    stream.on("read", (stream) => (stream.timeout = 0));
    go(loop, () => {
      stream.timeout = TIMEOUT;
      far.socket.write("in time");
      block(away);
    });
    await until(() => log.length > 0);
    assert.equal(log, ["read in time"]);
    loop.reset();
    await running;
    await far.closed;
  });
}

test("stalled again while that is read: no connection is idle because of that, either", async () => {
  const { loop, stream, far, log, running } = await openStream();
  const other = await join(loop);
  stream.timeout = TIMEOUT;
  let left = 5;
  other.stream.on("read", () => {
    if (left-- === 0) {
      stream.timeout = 0;
    } else {
      far.socket.write("x"); // read before the next input arrives
      other.far.socket.write("again");
      block();
    }
  });
  other.far.socket.write("begin");
  await until(() => left < 0 || log.includes("timeout"));
  assert.equal(
    log.filter((line) => !/^read x+$/.test(line)),
    [],
  );
  loop.reset();
  await Promise.all([running, far.closed, other.far.closed]);
});

test("a connection that is answered by a long callback is not idle then", async () => {
  const { loop, stream, far, log, running } = await openStream();
  const other = await join(loop);
  stream.timeout = TIMEOUT;
  stream.once("read", (stream) => {
    other.far.socket.write("meanwhile"); // read between the answer and the next pass
    block();
    stream.write("late");
  });
  far.socket.write("take long");
  await until(() => log.length >= 3);
  await sleep(TIMEOUT / 4);
  far.socket.write("thanks");
  await until(() => log.length >= 4);
  assert.equal(log.slice(0, 4), ["read take long", "write late", "drain", "read thanks"]);
  other.stream.close();
  await far.closed; // idle after all
  assert.equal(log.slice(4), ["timeout", "close"]);
  await Promise.all([running, other.far.closed]);
});

test("a connection that has sent nothing is idle all the same, and timers fire in order", async () => {
  const { loop, stream, far, log, running } = await openStream();
  for (const seconds of [0.03, 0.01, 0.02]) loop.timer(seconds, () => void log.push(`timer ${seconds}`));
  loop.timer(0.001, () => {
    stream.timeout = TIMEOUT;
    block();
  });
  await far.closed;
  assert.equal(log, ["timer 0.01", "timer 0.02", "timer 0.03", "timeout", "close"]);
  await running;
});

test("a connection attempt that has succeeded meanwhile does not time out", async () => {
  const { port, close } = await plainServer();
  const { loop } = quietLoop();
  let outcome: unknown;
  loop.client({ port, timeout: TIMEOUT }, (loop, error) => {
    outcome = error ?? "connected";
    loop.reset();
  });
  loop.nextTick((loop) => loop.nextTick(() => block())); // when the attempt has begun
  await loop.start();
  assert.is(outcome, "connected");
  await close();
});

test("after the loop was stopped for longer, input that has arrived meanwhile is read first", async () => {
  const { loop, stream, far, log, running } = await openStream();
  stream.timeout = TIMEOUT;
  loop.stop();
  await running;
  far.socket.write("in time");
  block();
  const again = loop.start();
  await until(() => log.length > 0);
  assert.is(log[0], "read in time");
  loop.reset();
  await again;
  await far.closed;
});

test("if the callback that keeps the process busy stops the loop, expired timers still run", async () => {
  const { loop, stream, far, running } = await openStream();
  const fired: string[] = [];
  for (const kind of ["timer", "recurring"] as const) loop[kind](0.5, () => void fired.push(kind));
  stream.on("read", () => {
    block(600);
    loop.nextTick(() => void fired.push("next tick"));
    loop.stop();
  });
  far.socket.write("stop");
  await running;
  assert.equal(fired.toSorted(), ["next tick", "recurring", "timer"]);
  loop.reset();
  await far.closed;
});

test("a loop that is always late continues, obeys stop, and runs oneTick", async () => {
  const { loop } = quietLoop();
  let fired = 0;
  loop.recurring(0.001, () => {
    fired++;
    block();
  });
  const running = loop.start();
  await until(() => fired >= 2);
  loop.stop();
  await running;
  block();
  const before = fired;
  await loop.oneTick();
  assert.is(fired, before + 1);
  loop.reset();
  await turns(2);
});
