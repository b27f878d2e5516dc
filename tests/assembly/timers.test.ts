// The core's timers, compared with the reference.

import * as assert from "uvu/assert";
import { BATCH, Code, Core, Due, Kind } from "wasm-ioloop/core";
import { type Draw, type Mix, Twin, run, same } from "./model.ts";
import { harness } from "../support/harness.ts";

const test = harness("core timers");

function create(twin: Twin, draw: Draw): void {
  const now = draw.below(3) === 0 ? NaN : twin.time(draw);
  twin.make("handleTimer", draw.duration(), draw.below(4) === 0 ? 1 : 0, now);
}

function again(twin: Twin, draw: Draw): void {
  const after = draw.below(3) === 0 ? draw.duration() : NaN;
  twin.call("handleTimerAgain", twin.id(draw, Kind.TIMER), after, twin.time(draw));
}

function command(twin: Twin, draw: Draw): void {
  const length = draw.below(draw.below(8) === 0 ? 257 : 5);
  const commands = Array.from({ length }, () => twin.id(draw, Kind.TIMER));
  twin.command(commands, draw.below(2) === 0 ? NaN : twin.time(draw));
}

function remove(twin: Twin, draw: Draw): void {
  twin.call("handleTimerRemove", twin.id(draw, Kind.TIMER));
}

// A pass in which callbacks create, restart and remove timers, including those that are due in the same pass; sometimes the
// host stops early, polls again, or skips an id.
function pass(twin: Twin, draw: Draw): void {
  const busy = draw.below(3);
  let left = 600;
  twin.pass(twin.time(draw), (id) => {
    if (--left === 0 || (busy === 2 && draw.below(24) === 0)) return false;
    if (busy === 0) return true;
    const kind = draw.below(12);
    if (kind === 0) create(twin, draw);
    else if (kind === 1) again(twin, draw);
    else if (kind === 2) remove(twin, draw);
    else if (kind === 3) twin.call("handleTimerRemove", id);
    else if (kind === 4) twin.call("handleTimerAgain", id, draw.of([NaN, 0, 0, 1]), twin.time(draw));
    else if (kind === 5) twin.call("handleDue", twin.id(draw, Kind.TIMER));
    else if (kind === 6) command(twin, draw);
    else if (kind === 7 && draw.below(40) === 0) twin.call("handleReset");
    return true;
  });
}

function leap(twin: Twin, draw: Draw): void {
  twin.now += draw.below(300);
  pass(twin, draw);
}

const other: Mix = [
  [1, (twin, draw) => twin.make("handleTrack", draw.of([0, 1, 5]), twin.time(draw))],
  [1, (twin, draw) => void (draw.below(60) === 0 && twin.call("handleReset"))],
  [1, (twin) => void twin.poll()],
  [1, (twin, draw) => void twin.call("handleDue", twin.id(draw, Kind.TIMER))],
];

const balanced: Mix = [[24, create], [24, again], [12, command], [12, remove], [8, pass], [1, leap], ...other];
const growing: Mix = [[96, create], [16, again], [8, command], [4, remove], [1, pass], ...other.slice(0, 1)];
const restarting: Mix = [
  [6, create],
  [60, again],
  [30, command],
  [3, remove],
  [12, pass],
  [2, leap],
  ...other.slice(2),
];

test("timers behave as the reference does", () => run([balanced, growing, restarting], 400_000, 2000), 60);

test("a batch is filled completely; the other ids follow in order", () => {
  const twin = new Twin();
  const ids = Array.from({ length: 3 * BATCH + 7 }, (_, i) => twin.make("handleTimer", i % 3, 0, 0));
  const inOrder = [0, 1, 2].flatMap((rest) => ids.filter((_, i) => i % 3 === rest));
  const fired: number[] = [];
  twin.pass(2, (id) => void fired.push(id));
  same(fired, inOrder);
  assert.is(twin.core.calls.timerCount(), 0);
});

test("an id that was not passed to handleDue is returned again, before later ones", () => {
  const twin = new Twin();
  const [a, b, c] = [1, 1, 2].map((after) => twin.make("handleTimer", after, 0, 0));
  twin.call("handleTick", 1);
  assert.equal(twin.poll(), [a, b]);
  assert.is(twin.call("handleDue", a!), Due.ONCE);
  twin.call("handleTick", 2);
  assert.equal(twin.poll(), [b, c]);
  assert.equal(twin.poll(), [b, c]);
});

test("a timer that is removed or restarted between pollDue and handleDue does not fire", () => {
  const twin = new Twin();
  const [removed, restarted, recurring] = [0, 0, 1].map((on) => twin.make("handleTimer", 1, on, 0));
  twin.call("handleTick", 1);
  assert.equal(twin.poll(), [removed, restarted, recurring]);
  assert.is(twin.call("handleTimerRemove", removed!), Code.OK);
  assert.is(twin.call("handleTimerAgain", restarted!, NaN, 1), Code.OK);
  assert.is(twin.call("handleDue", removed!), Due.VOID);
  assert.is(twin.call("handleDue", restarted!), Due.VOID);
  assert.is(twin.call("handleDue", recurring!), Due.RECURRING);
  assert.is(twin.call("handleDue", recurring!), Due.VOID);
  twin.call("handleTick", 2);
  assert.equal(twin.poll(), [restarted, recurring]);
});

test("a timer of 0 ms that is started in a pass waits for the next one, and delays no other", () => {
  const twin = new Twin();
  const fired: number[] = [];
  const first = twin.make("handleTimer", 0, 0, 5);
  const last = twin.make("handleTimer", 0, 0, 5);
  let born = 0;
  twin.pass(5, (id) => {
    fired.push(id);
    if (id === first) born = twin.make("handleTimer", 0, 0, 5);
  });
  assert.equal(fired, [first, last]);
  assert.is(twin.core.calls.pollDeadline(), 5);
  twin.pass(5, (id) => void fired.push(id));
  assert.equal(fired, [first, last, born]);
});

test("a restart to a later deadline wakes the host at most once before that deadline", () => {
  const { calls } = new Core(1);
  const id = calls.handleTimer(10, 0, 0);
  for (let now = 1; now < 10; now++) calls.handleTimerAgain(id, NaN, now);
  assert.is(calls.pollDeadline(), 10);
  calls.handleTick(10);
  assert.is(calls.pollDue(), 0);
  assert.is(calls.pollDeadline(), 19);
});

test("the memory grows beyond 256 timers, and keeps all of them", () => {
  const twin = new Twin();
  const ids = Array.from({ length: 5000 }, (_, i) => twin.make("handleTimer", (i * 7919) % 997, 0, 0));
  assert.is(new Set(ids).size, 5000);
  twin.compare();
  twin.pass(1000);
  assert.is(twin.core.calls.timerCount(), 0);
  assert.is(twin.core.calls.pollDeadline(), Infinity);
});

test("a timer still fires after more starts than a sequence number can count", () => {
  const { calls, due } = new Core(1);
  const id = calls.handleTimer(10, 0, 0);
  const next = calls.handleTimer(20, 0, 0);
  // Sets the sequence number in its record as if 2^31 other timers had been started since.
  const memory = new DataView(calls.memory.buffer);
  const order = memory.getUint32(calls.timerAddress(), true) + 12;
  assert.is(memory.getUint32(order, true), 1);
  memory.setInt32(order, 1 - 2 ** 31 - 9, true);
  calls.handleTick(20);
  assert.is(calls.pollDue(), 2);
  assert.equal([...due.subarray(0, 2)], [id, next]);
  for (const one of [id, next]) assert.is(calls.handleDue(one), Due.ONCE);
  assert.is(calls.pollDeadline(), Infinity);
});
