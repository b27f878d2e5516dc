// The twin of the core in TypeScript, the control of the benchmarks: every call has the same result as in the core.

import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { COMMANDS, Code, Decision, Kind } from "wasm-ioloop/core";
import { LARGEST } from "../../bench/twin/arrays.ts";
import { Slots } from "../../bench/twin/slots.ts";
import { Draw, check, words } from "../assembly/model.ts";
import { NAMES } from "../assembly/functions.ts";
import { harness } from "../support/harness.ts";
import { Pair } from "./twin-pair.ts";
import { type Mix, anything, crowded, leaping, serving, stopping, timers } from "./twin-steps.ts";

const test = harness("twin");

/** Runs random programs of at most `length` steps on pairs. Returns the names of all calls, and their number. */
function run(mixes: readonly Mix[], length: number, programs: number): { called: Set<string>; calls: number } {
  const called = new Set<string>();
  let calls = 0;
  const tables = mixes.map((mix) => mix.flatMap(([weight, step]) => Array.from({ length: weight }, () => step)));
  const program = fc.property(fc.nat(mixes.length - 1), words(length), (mix, words) => {
    const pair = new Pair(words.length);
    const go = (word: number): void => {
      const draw = new Draw(word);
      draw.of(tables[mix]!)(pair, draw);
      if (draw.below(24) === 0) pair.compare();
    };
    for (const word of words) go(word);
    pair.compare();
    // A reset leaves nothing behind.
    pair.call("handleReset");
    pair.call("pollDecision", 0, 1);
    pair.call("handleTimerRemove", pair.call("handleTimer", 5, 0, pair.now));
    pair.compare();
    for (const word of words.slice(0, 20)) go(word);
    for (const name of pair.called) called.add(name);
    calls += pair.calls;
  });
  check(program, programs);
  return { called, calls };
}

test("every export has the same result as in the core, whatever its arguments", () => {
  const { called, calls } = run([timers, serving, stopping, anything, leaping], 600, 800);
  assert.equal([...called].sort(), NAMES.toSorted());
  assert.ok(calls > 300_000, `only ${calls} calls`);
}, 60);

test("it has the same transitions", () => {
  const pair = new Pair(1);
  for (let state = -1; state <= 8; state++) {
    for (let event = -1; event <= 9; event++) pair.call("nextState", state, event);
  }
});

test("it behaves as the core does with thousands of timers and connections", () => {
  const { calls } = run([crowded], 300, 60);
  assert.ok(calls > 100_000, `only ${calls} calls`);
}, 60);

test("acceptors keep their settings while their table grows", () => {
  const pair = new Pair(1);
  pair.call("handleLimits", 20, 0, 500);
  const ids = Array.from({ length: 100 }, (_, i) => {
    const id = pair.call("handleAcceptor", i % 5 === 0 ? 1 : 0);
    pair.call("handleAcceptorLimits", id, i % 4, 10 * i, i % 2, i % 3 === 0 ? 2 : 1000);
    pair.call("handleAcceptorListen", id, i % 3);
    return id;
  });
  for (const id of ids) for (let clients = 0; clients < 5; clients++) pair.call("handleAccept", id, 0, NaN);
  pair.call("handleLimits", 300, 0, 500);
  for (let now = 0; now < 1100; now += 50) {
    pair.pass(now, (id) => void pair.call("handleClose", id));
    while (pair.call("pollAdmission", now) > 0);
    while (pair.call("pollDecision", 0, 1) === Decision.EXPIRED) pair.call("handleClose", pair.call("pollEvicted"));
    pair.compare();
  }
});

test("timers that are restarted repeatedly, to later and to earlier deadlines, fire as in the core", () => {
  for (const unit of [1, 1 / 16, 1 / 64]) {
    const pair = new Pair(1);
    const draw = new Draw(1);
    const delay = (): number => draw.below(draw.below(2) === 0 ? 3000 : 30) * unit;
    const ids = Array.from({ length: 3000 }, () => pair.call("handleTimer", delay(), draw.below(2), 0));
    for (let step = 0; step < 500; step++) {
      const some = Array.from({ length: COMMANDS }, () => draw.of(ids));
      if (step % 7 === 0) for (const id of some) pair.call("handleTimerAgain", id, delay(), NaN);
      pair.command(some, step % 3 === 0 ? NaN : pair.now);
      pair.now += draw.below(16) * unit;
      pair.pass(pair.now);
      if (step % 5 === 0) pair.call("pollDeadline");
    }
    pair.compare();
    assert.ok(pair.call("timerCount") > 1000);
  }
}, 60);

test("a host that wakes at each deadline sees the same times, however far apart", () => {
  let fired = 0;
  for (let seed = 0; seed < 100; seed++) {
    const pair = new Pair(seed);
    const draw = new Draw(seed);
    const start = (): number => pair.call("handleTimer", 2 ** (draw.below(57) - 5) * (1 + draw.below(3)), 0, pair.now);
    for (let i = 0; i < 40; i++) start();
    for (let wakes = 0; wakes < 400; wakes++) {
      const deadline = pair.call("pollDeadline");
      if (deadline >= 2 ** 53) break;
      pair.now = deadline;
      pair.pass(pair.now, () => void (fired++, draw.below(3) > 0 && start()));
    }
  }
  assert.ok(fired > 5000, `only ${fired} have fired`);
}, 60);

test("with the maximum number of timers, both return the same codes", () => {
  const pair = new Pair(1);
  const track = pair.call("handleTrack", 0, 0);
  const acceptor = pair.call("handleAcceptor", 0);
  const { core, twin } = pair;
  let [id, other] = [0, 0];
  for (let i = 0; i < LARGEST; i++) {
    id = core.calls.handleTimer(1, 0, NaN);
    other = twin.calls.handleTimer(1, 0, NaN);
    if (id !== other) assert.is(other, id);
  }
  core.opened(track);
  assert.is(pair.call("handleTimer", 1, 0, 5), Code.FULL);
  assert.is(pair.call("handleTrack", 5, 6), Code.FULL);
  assert.is(pair.call("handleConnect", 5, 7), Code.FULL);
  assert.ok(pair.call("handleAccept", acceptor, 8, NaN) > 0); // without a timer for its wait
  assert.is(pair.call("handleTimeout", track, 5, 9), Code.FULL);
  pair.call("handleDrain", 10, 0, 10, 0);
  pair.compare();
  assert.is(pair.call("handleTimerRemove", id), Code.OK);
  assert.ok(pair.call("handleTimer", 1, 0, 11) > 0);
});

test("a slot whose generations are used up is never used again", () => {
  const slots = new Slots(Kind.TIMER, 2);
  slots.take();
  const last = Kind.TIMER * 2 ** 51 + (2 ** 29 - 1) * 2 ** 22;
  slots.ids[0] = last - 2 ** 22;
  slots.give(0);
  assert.is(slots.take(), 0);
  assert.is(slots.idOf(0), last);
  slots.give(0);
  assert.is(slots.find(last), -1);
  assert.is(slots.take(), 1);
  slots.give(1);
  assert.is(slots.take(), 1);
  assert.is(slots.take(), 2);
});
