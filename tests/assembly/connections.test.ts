// The core's connections, compared with the reference: states, timeouts, and lazy idle deadlines.

import * as assert from "uvu/assert";
import { BATCH, Code, Core, Due, Kind, State, Transition, slotOf } from "wasm-ioloop/core";
import { type Draw, type Mix, Twin, run } from "./model.ts";
import { harness } from "../support/harness.ts";

const test = harness("core connections");

const OPENING = ["handleConnect", "handleTrack"] as const;

function open(twin: Twin, draw: Draw): void {
  twin.make(draw.of(OPENING), draw.duration(), twin.time(draw));
}

function touch(twin: Twin, draw: Draw): void {
  twin.touch(twin.id(draw, Kind.CONNECTION));
}

function retime(twin: Twin, draw: Draw): void {
  twin.call("handleTimeout", twin.id(draw, Kind.CONNECTION), draw.duration(), twin.time(draw));
}

function move(twin: Twin, draw: Draw): void {
  const id = twin.id(draw, Kind.CONNECTION);
  if (draw.below(2) === 0) twin.call("handleAdopt", id);
  else twin.call("handleConnected", id, twin.time(draw));
}

function lifetime(twin: Twin, draw: Draw): void {
  const id = twin.id(draw, Kind.CONNECTION);
  // Sometimes a lifetime that is already over.
  twin.call("handleLifetime", id, draw.below(3) === 0 ? draw.of([0, 1, 10]) : draw.duration(), twin.time(draw));
}

function linger(twin: Twin, draw: Draw): void {
  twin.call("handleLinger", twin.id(draw, Kind.CONNECTION), twin.time(draw));
}

function close(twin: Twin, draw: Draw): void {
  twin.call("handleClose", twin.id(draw, Kind.CONNECTION));
}

function timer(twin: Twin, draw: Draw): void {
  twin.make("handleTimer", draw.duration(), draw.below(8) === 0 ? 1 : 0, twin.time(draw));
}

function pass(twin: Twin, draw: Draw): void {
  const busy = draw.below(3);
  let left = 600;
  if (draw.below(4) === 0) twin.now += draw.below(draw.below(8) === 0 ? 3000 : 100);
  twin.pass(twin.time(draw), (id) => {
    if (--left === 0 || (busy === 2 && draw.below(24) === 0)) return false;
    if (busy === 0) return true;
    const kind = draw.below(12);
    if (kind === 0) twin.touch(id);
    else if (kind === 1) touch(twin, draw);
    else if (kind === 2) twin.call("handleClose", id);
    else if (kind === 3) close(twin, draw);
    else if (kind === 4) twin.call("handleTimeout", id, draw.duration(), twin.time(draw));
    else if (kind === 5) open(twin, draw);
    else if (kind === 6) move(twin, draw);
    else if (kind === 7) twin.call("handleDue", twin.id(draw, Kind.CONNECTION));
    else if (kind === 8) twin.call("handleLifetime", id, draw.duration(), twin.time(draw));
    else if (kind === 9) twin.call("handleLinger", id, twin.time(draw));
    return true;
  });
}

// Calls about timers and acceptors must not accept the id of a connection.
function misuse(twin: Twin, draw: Draw): void {
  const id = twin.id(draw, Kind.CONNECTION);
  const kind = draw.below(5);
  if (kind === 0) twin.call("handleTimerAgain", id, NaN, twin.time(draw));
  else if (kind === 1) twin.call("handleTimerRemove", id);
  else if (kind === 2) twin.call("stateOf", id);
  else if (kind === 3) twin.poll();
  else if (draw.below(40) === 0) twin.tell("handleReset");
}

const balanced: Mix = [
  [16, open],
  [24, touch],
  [12, retime],
  [8, move],
  [8, lifetime],
  [3, linger],
  [10, close],
  [4, timer],
  [8, pass],
  [5, misuse],
];
const growing: Mix = [
  [96, open],
  [16, touch],
  [4, retime],
  [4, timer],
  [2, close],
  [1, pass],
];

test("connections behave as the reference does", () => run([balanced, growing], 200_000, 2000), 60);

test("the transition table is the documented one", () => {
  const { calls } = new Core(1);
  const allowed = new Map<string, number>([
    [[State.FREE, Transition.ACCEPT].join(), State.WAITING],
    [[State.FREE, Transition.CONNECT].join(), State.CONNECTING],
    [[State.FREE, Transition.TRACK].join(), State.LOOSE],
    [[State.WAITING, Transition.ADMIT].join(), State.INCOMING],
    [[State.WAITING, Transition.ADMIT_EXEMPT].join(), State.EXEMPT],
    [[State.CONNECTING, Transition.CONNECTED].join(), State.OUTGOING],
    [[State.LOOSE, Transition.ADOPT].join(), State.OUTGOING],
    ...Object.values(State)
      .filter((state) => state !== State.FREE)
      .map((state): [string, number] => [[state, Transition.CLOSE].join(), State.FREE]),
    ...[State.INCOMING, State.OUTGOING, State.LOOSE, State.EXEMPT].map((state): [string, number] => [
      [state, Transition.LINGER].join(),
      State.LINGERING,
    ]),
  ]);
  for (let state = -3; state < 12; state++) {
    for (let event = -3; event < 12; event++) {
      const expected = allowed.get([state, event].join()) ?? Code.STATE;
      assert.is(calls.nextState(state, event), expected, `state ${state}, event ${event}`);
    }
  }
  for (const none of [2 ** 31 - 1, -(2 ** 31), 8, 255]) {
    assert.is(calls.nextState(none, 0), Code.STATE);
    assert.is(calls.nextState(0, none + 1), Code.STATE);
    assert.is(calls.connectionsIn(none), Code.STATE);
  }
});

test("the result of an expired deadline depends on the state", () => {
  const twin = new Twin();
  twin.call("handleLimits", 1, 0, 50);
  const acceptor = twin.make("handleAcceptor", 0);
  twin.call("handleAcceptorLimits", acceptor, 1, 10, 0, 1000);
  twin.call("handleAcceptorListen", acceptor, 1);
  const incoming = twin.make("handleAccept", acceptor, 0, NaN);
  assert.is(twin.call("pollAdmission", 0), incoming);
  twin.call("handleTimeout", incoming, 10, 0);
  twin.make("handleAccept", acceptor, 0, NaN);
  const [connecting, loose, outgoing] = [OPENING[0], OPENING[1], OPENING[1]].map((name) => twin.make(name, 10, 0));
  twin.call("handleAdopt", outgoing!);
  const answers = new Map([
    [incoming, Due.IDLE],
    [connecting, Due.CONNECT],
    [loose, Due.IDLE],
    [outgoing, Due.IDLE],
  ]);
  twin.call("handleTick", 10);
  assert.equal(twin.poll(), [...answers.keys()]);
  for (const [id, answer] of answers) {
    assert.is(twin.call("handleDue", id!), answer);
    assert.is(twin.call("handleDue", id!), Due.VOID, "a deadline expires once");
  }
  twin.pass(1000, () => assert.unreachable("an expired deadline does not expire again"));
});

test("an idle deadline counts from the last activity", () => {
  const twin = new Twin();
  const id = twin.make("handleTrack", 10, 0);
  for (const now of [4, 9]) {
    twin.pass(now);
    twin.touch(id);
  }
  twin.pass(18.5, () => assert.unreachable("too early"));
  assert.is(twin.core.calls.pollDeadline(), 19);
  twin.call("handleTick", 19);
  assert.equal(twin.poll(), [id]);
  twin.touch(id);
  assert.is(twin.call("handleDue", id), Due.VOID, "there was activity after the poll");
  twin.call("handleTick", 29);
  assert.equal(twin.poll(), [id]);
  assert.is(twin.call("handleDue", id), Due.IDLE);
});

test("an idle deadline that has moved is in order with the others, even if a pass is late", () => {
  const twin = new Twin();
  const idle = twin.make("handleTrack", 10, 0);
  const sooner = twin.make("handleTimer", 12, 0, 0);
  const later = twin.make("handleTimer", 18, 0, 0);
  const together = twin.make("handleTimer", 15, 0, 0);
  twin.pass(5);
  twin.touch(idle);
  twin.call("handleTick", 15);
  assert.equal(twin.poll(), [sooner, idle, together]);
  twin.call("handleTick", 20);
  assert.equal(twin.poll(), [sooner, idle, together, later]);
});

test("the memory grows beyond 64 connections, and keeps all times of activity", () => {
  const twin = new Twin();
  const ids: number[] = [];
  for (let i = 0; i < 3000; i++) {
    twin.call("handleTick", i);
    ids.push(twin.make("handleTrack", i % 2 === 0 ? 10000 : 0, i));
    if (i % 3 === 0) twin.touch(ids[i >> 1]!);
  }
  assert.ok(ids.every((id, i) => slotOf(id) === i + 1));
  twin.compare();
  assert.is(twin.core.activity.length, twin.core.calls.connectionCapacity());
  assert.ok(twin.core.activity.subarray(ids.length + 1).every((time) => time === 0));
  const fired: number[] = [];
  twin.pass(20000, (id) => void fired.push(id));
  assert.ok(fired.length > 2 * BATCH);
});

test("an id is spent when its connection closes, even if its slot is reused", () => {
  const twin = new Twin();
  const spent = twin.make("handleConnect", 5, 0);
  twin.call("handleClose", spent);
  const next = twin.make("handleConnect", 0, 0);
  assert.is(slotOf(next), slotOf(spent));
  assert.is(twin.call("handleTimeout", spent, 1, 0), Code.STALE);
  assert.is(twin.call("handleConnected", spent, 0), Code.STALE);
  assert.is(twin.call("handleAdopt", spent), Code.STALE);
  assert.is(twin.call("handleClose", spent), Code.STALE);
  assert.is(twin.call("stateOf", spent), Code.STALE);
  assert.is(twin.call("stateOf", next), State.CONNECTING);
  twin.pass(5, () => assert.unreachable("the deadline was removed with the connection"));
});
