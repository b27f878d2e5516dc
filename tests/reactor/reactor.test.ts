// class Reactor alone, without a loop. Numbers name statements about the originals.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { IOLoop, IOLoopError, Reactor } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, turns } from "../support/harness.ts";

const test = harness("reactor");

const hasCode = (code: string, message: string) => (error: IOLoopError) =>
  error instanceof IOLoopError && error.code === code && error.message.startsWith(message);

test("13, 14, 15 start ends at once with nothing to do, and otherwise when the last timer has fired", async () => {
  const reactor = new Reactor();
  assert.is(reactor.isRunning, false);
  await reactor.start();
  await reactor.oneTick();
  let inside = false;
  reactor.timer(0, () => void (inside = reactor.isRunning));
  const running = reactor.start();
  assert.is(reactor.isRunning, true);
  assert.throws(() => reactor.start(), hasCode("ERR_IOLOOP_RUNNING", "IOLoop already running"));
  assert.throws(() => void reactor.oneTick(), hasCode("ERR_IOLOOP_RUNNING", "IOLoop already running"));
  await running;
  assert.is(inside, true);
  assert.is(reactor.isRunning, false);
});

test("21, 22 stop has no effect before start; timers that are left continue with the next start", async () => {
  const reactor = new Reactor();
  reactor.stop();
  const log: string[] = [];
  reactor.timer(0, () => {
    log.push("first");
    reactor.stop();
    reactor.timer(0, () => void log.push("second"));
  });
  await reactor.start();
  await turns(5);
  assert.equal(log, ["first"]);
  await reactor.start();
  assert.equal(log, ["first", "second"]);
});

test("18 oneTick waits for one event", async () => {
  const clock = new VirtualClock();
  const reactor = new Reactor({ clock });
  const log: string[] = [];
  reactor.timer(3, () => void log.push("3"));
  reactor.timer(5, () => void log.push("5"));
  const tick = reactor.oneTick();
  await clock.advance(10);
  await tick;
  assert.equal(log, ["3"]);
  await reactor.oneTick();
  assert.equal(log, ["3", "5"]);
});

test("27, 37 callbacks get the reactor; timer, recurring and nextTick, in both call forms", async () => {
  const clock = new VirtualClock();
  const reactor = new Reactor({ clock });
  const log: string[] = [];
  const note = (name: string) => (it: Reactor) => {
    assert.is(it, reactor);
    log.push(`${name} ${clock.now() / 1000}`);
  };
  reactor.timer(1, note("timer"));
  reactor.timer(note("timer"), 2);
  const id = reactor.recurring(1.5, note("recurring"));
  reactor.recurring(note("other"), 10);
  assert.is(reactor.nextTick(note("next")), undefined);
  assert.equal(log, []);
  const running = reactor.start();
  await clock.advance(3);
  assert.equal(log, ["next 0", "timer 1", "recurring 1.5", "timer 2", "recurring 3"]);
  assert.is(reactor.remove(id), true);
  await clock.advance(7);
  assert.equal(log.slice(5), ["other 10"]);
  reactor.reset();
  await running;
});

test("41, 43, 44 again restarts the full interval, sets a new one permanently, and throws for a spent timer", async () => {
  const clock = new VirtualClock();
  const reactor = new Reactor({ clock });
  const fired: number[] = [];
  const once = reactor.timer(2, () => void fired.push(clock.now() / 1000));
  const running = reactor.start();
  await clock.advance(1);
  reactor.again(once);
  await clock.advance(1.5);
  assert.equal(fired, []);
  reactor.again(once, 4);
  await clock.advance(4);
  assert.equal(fired, [6.5]);
  await running;
  assert.throws(() => reactor.again(once), hasCode("ERR_IOLOOP_TIMER_INACTIVE", "Timer not active"));
});

test("46, 49, 52 io and watch return the reactor; remove returns whether there was anything", async () => {
  const reactor = new Reactor();
  const handle = new PassThrough();
  const nothing = (): void => {};
  assert.is(reactor.io(handle, nothing), reactor);
  assert.is(reactor.io(nothing, handle), reactor);
  assert.is(reactor.watch(handle, false, false), reactor);
  assert.is(reactor.remove(handle), true);
  assert.is(reactor.remove(handle), false);
  const timer = reactor.timer(1, nothing);
  assert.is(reactor.remove(timer), true);
  assert.is(reactor.remove(timer), false);
  assert.is(reactor.remove(12_345 as never), false);
  assert.is(reactor.remove(undefined as never), false);
  assert.throws(
    () => reactor.watch(handle, true, true),
    hasCode("ERR_IOLOOP_WATCHER_INACTIVE", "I/O watcher not active"),
  );
  for (const wrong of [1, 0, "true", undefined, null] as never[]) {
    reactor.io(handle, nothing);
    assert.throws(() => reactor.watch(handle, wrong, true), /watch: read must be true or false/);
    assert.throws(() => reactor.watch(handle, true, wrong), /watch: write must be true or false/);
  }
  reactor.reset();
  await reactor.start();
});

test("54, 55 reset removes timers, watchers, next ticks and subscribers, and the reactor can be used again", async () => {
  const reactor = new Reactor();
  const log: string[] = [];
  const handle = new PassThrough();
  reactor.on("error", () => void log.push("error"));
  reactor.nextTick(() => {
    log.push("tick");
    reactor.nextTick(() => void log.push("pending"));
    reactor.reset();
  });
  reactor.nextTick(() => void log.push("behind"));
  reactor.timer(0, () => void log.push("timer"));
  reactor.io(handle, () => void log.push("io"));
  await reactor.start();
  assert.equal(log, ["tick"]);
  assert.is(reactor.hasSubscribers("error"), false);
  assert.is(reactor.remove(handle), false);
  await reactor.start();
  reactor.timer(0, () => void log.push("again"));
  await reactor.start();
  assert.equal(log, ["tick", "again"]);
});

test("reset of a stopped reactor removes pending next ticks, too", async () => {
  const reactor = new Reactor();
  let called = false;
  reactor.nextTick(() => void (called = true));
  reactor.reset();
  await reactor.start();
  assert.is(called, false);
});

test("57 two reactors in one process, in turn and at once", async () => {
  const [one, two] = [new Reactor(), new Reactor()];
  const log: string[] = [];
  one.timer(0, () => void log.push("one"));
  two.timer(0, () => void log.push("two"));
  await one.start();
  assert.equal(log, ["one"]);
  await two.start();
  assert.equal(log, ["one", "two"]);
  one.timer(0, () => void log.push("1"));
  two.timer(0, () => void log.push("2"));
  await Promise.all([one.start(), two.start()]);
  assert.equal(log.slice(2).toSorted(), ["1", "2"]);
});

test("58, 62 an exception in a callback is the error event or, without a subscriber, rejects start", async () => {
  const reactor = new Reactor();
  const handle = new PassThrough();
  const errors: unknown[] = [];
  const bye = new Error("Bye!");
  const fail = (): never => {
    throw bye;
  };
  const subscriber = reactor.on("error", (_reactor, error, event) => void errors.push([error, event]));
  reactor.nextTick(fail);
  reactor.io(handle, () => {
    reactor.remove(handle);
    fail();
  });
  await reactor.start();
  assert.equal(errors, [
    [bye, "nextTick"],
    [bye, "io"],
  ]);
  reactor.unsubscribe("error", subscriber);
  reactor.io(handle, fail);
  assert.is(await reactor.start().catch((error: unknown) => error), bye);
  assert.is(reactor.isRunning, false);
  reactor.remove(handle);
});

test("detect returns the registered class that IOLOOP_REACTOR names, otherwise Reactor; loops use it", async () => {
  class Special extends Reactor {}
  class Other extends Reactor {}
  const before = process.env["IOLOOP_REACTOR"];
  try {
    delete process.env["IOLOOP_REACTOR"];
    assert.is(Reactor.detect(), Reactor);
    process.env["IOLOOP_REACTOR"] = "special";
    assert.is(Reactor.detect(), Reactor);
    assert.not.instance(new IOLoop().reactor, Special);
    Reactor.register("special", Special);
    assert.is(Reactor.detect(), Special);
    assert.is(Special.detect(), Special);
    const clock = new VirtualClock(7);
    const loop = new IOLoop({ clock });
    assert.instance(loop.reactor, Special);
    assert.instance(IOLoop.singleton.reactor, Special);
    let called = false;
    loop.timer(0, () => void (called = true));
    const running = loop.start();
    await clock.advance(0);
    await running;
    assert.ok(called);
    Reactor.register("special", Other);
    assert.is(Reactor.detect(), Other);
    process.env["IOLOOP_REACTOR"] = "Unknown";
    assert.is(Reactor.detect(), Reactor);
    process.env["IOLOOP_REACTOR"] = "";
    assert.is(Reactor.detect(), Reactor);
  } finally {
    if (before === undefined) delete process.env["IOLOOP_REACTOR"];
    else process.env["IOLOOP_REACTOR"] = before;
  }
  assert.throws(() => Reactor.register("", Special), /register: name must be a string that is not empty/);
  for (const wrong of [IOLoop, {}, undefined, () => {}] as never[]) {
    assert.throws(() => Reactor.register("x", wrong), /register: type must be Reactor, or a class that extends it/);
  }
});
