// The graceful stop, step by step: what the host is told, once each, and in which order.

import * as assert from "uvu/assert";
import { Code, Core, type CoreExports, Decision, Phase, State } from "wasm-ioloop/core";
import { harness } from "../support/harness.ts";

const test = harness("core drain");

type Calls = Core["calls"];

/** A core with an acceptor that listens, and so many clients let in. */
function serve(clients: number): { calls: Calls; acceptor: number; ids: number[] } {
  const { calls } = new Core(1);
  const acceptor = calls.handleAcceptor();
  calls.handleAcceptorListen(acceptor, 1);
  const ids = Array.from({ length: clients }, () => {
    calls.handleAccept(acceptor, 0);
    return calls.pollAdmission(0);
  });
  return { calls, acceptor, ids };
}

/** What the host is told to do, until there is nothing, or it is to stop. */
function decisions(calls: Calls): number[] {
  const told: number[] = [];
  do told.push(calls.pollDecision(0, 1));
  while (told.at(-1) === Decision.FINISH || told.at(-1) === Decision.CLOSE);
  return told;
}

/** A pass in which no timer of the host's is due. */
function pass(calls: Calls, now: number): void {
  calls.handleTick(now);
  assert.is(calls.pollDue(), 0);
}

test("finish is told once, stop when no connection is left", () => {
  const { calls, acceptor, ids } = serve(2);
  calls.handleDrain(0, 0, 0);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
  calls.handleAccept(acceptor, 0);
  assert.is(calls.pollAdmission(0), 0, "the gate is shut");
  calls.handleClose(ids[0]!);
  assert.equal(decisions(calls), [Decision.NOTHING]);
  calls.handleClose(ids[1]!);
  assert.equal(decisions(calls), [Decision.STOP]);
  assert.is(calls.phase(), Phase.FINISHED);
  assert.equal(decisions(calls), [Decision.NOTHING], "an acceptor is left");
});

test("an attempt and an outgoing connection hold up the stop; a loose stream and a waiting client do not", () => {
  const { calls, acceptor } = serve(0);
  const out = calls.handleConnect(0, 0);
  calls.handleTrack(0, 0);
  calls.handleAccept(acceptor, 0);
  calls.handleDrain(0, 0, 0);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
  calls.handleConnected(out, 0);
  assert.is(calls.stateOf(out), State.OUTGOING);
  assert.equal(decisions(calls), [Decision.NOTHING]);
  calls.handleClose(out);
  assert.equal(decisions(calls), [Decision.STOP]);
});

test("clients are let in while the delay lasts; what is left is closed when the timeout has passed", () => {
  const { calls, acceptor, ids } = serve(1);
  calls.handleDrain(10, 5, 0);
  assert.is(calls.phase(), Phase.LINGERING);
  assert.is(calls.pollDeadline(), 10);
  calls.handleAccept(acceptor, 0);
  ids.push(calls.pollAdmission(0));
  assert.ok(ids[1]! > 0);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
  pass(calls, 10);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.is(calls.pollDeadline(), 15);
  pass(calls, 14);
  assert.equal(decisions(calls), [Decision.NOTHING]);
  pass(calls, 15);
  assert.is(calls.pollDecision(0, 1), Decision.CLOSE);
  for (const id of ids) calls.handleClose(id);
  assert.equal(decisions(calls), [Decision.STOP]);
  assert.is(calls.pollDeadline(), Infinity);
});

test("nothing is left of the timer when the connections have gone before", () => {
  const { calls, ids } = serve(1);
  calls.handleDrain(0, 50, 0);
  calls.handleClose(ids[0]!);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.STOP]);
  assert.is(calls.pollDeadline(), Infinity);
  assert.is(calls.timerCount(), 0);
});

test("a hurry closes at once, and only what a graceful stop is waiting for", () => {
  const { calls, ids } = serve(1);
  assert.is(calls.handleHurry(), Code.STATE);
  calls.handleDrain(10, 10, 0);
  assert.is(calls.handleHurry(), Code.OK);
  assert.is(calls.pollDecision(0, 1), Decision.FINISH);
  assert.is(calls.pollDecision(0, 1), Decision.CLOSE);
  calls.handleClose(ids[0]!);
  assert.equal(decisions(calls), [Decision.STOP]);
  assert.is(calls.pollDeadline(), Infinity);
  assert.is(calls.handleHurry(), Code.STATE);
});

test("what is opened by those who hear of their end holds up no stop; the next one is as patient as ever", () => {
  const { calls, ids } = serve(1);
  calls.handleDrain(0, 5, 0);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
  pass(calls, 5);
  assert.is(calls.pollDecision(0, 1), Decision.CLOSE);
  calls.handleClose(ids[0]!);
  const again = calls.handleConnect(0, 5);
  assert.equal(decisions(calls), [Decision.STOP]);
  assert.is(calls.phase(), Phase.FINISHED);
  calls.handleDrain(0, 0, 5);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
  calls.handleClose(again);
  assert.equal(decisions(calls), [Decision.STOP]);
});

test("told to close before the loop runs, it stops in its first tick", () => {
  const { calls } = serve(1);
  calls.handleDrain(0, 0, 0);
  calls.handleHurry();
  assert.is(calls.pollDecision(0, 0), Decision.FINISH);
  assert.is(calls.pollDecision(0, 0), Decision.CLOSE);
  assert.is(calls.pollDecision(0, 0), Decision.NOTHING);
  assert.equal(decisions(calls), [Decision.STOP]);
});

test("each graceful stop has a finish and a stop of its own", () => {
  const { calls } = serve(0);
  for (let i = 0; i < 3; i++) {
    calls.handleDrain(0, 0, 0);
    assert.equal(decisions(calls), [Decision.FINISH, Decision.STOP]);
  }
});

test("a second graceful stop never closes later than the first", () => {
  const { calls } = serve(1);
  calls.handleDrain(0, 10, 0);
  calls.handleDrain(0, 50, 1);
  calls.handleDrain(0, 0, 1);
  assert.is(calls.pollDeadline(), 10);
  calls.handleDrain(0, 3, 1);
  assert.is(calls.pollDeadline(), 4);
});

/** The next deadline, after the one of the delay that has ended: the bound for what has been removed is early. */
function deadline(calls: CoreExports): number {
  if (calls.pollDeadline() === 10) {
    calls.handleTick(10);
    assert.is(calls.pollDue(), 0);
  }
  return calls.pollDeadline();
}

test("a second graceful stop ends the delay of the first, and keeps its timeout", () => {
  for (const [timeout, closes] of [
    [0, 21],
    [30, 21],
    [5, 6],
  ] as const) {
    const { calls } = serve(1);
    calls.handleDrain(10, 20, 0);
    calls.handleDrain(0, timeout, 1);
    assert.is(calls.phase(), Phase.DRAINING);
    assert.is(deadline(calls), closes);
  }
});

test("maxAccepts reached in the delay ends it, and keeps the timeout", () => {
  const { calls, acceptor } = serve(0);
  calls.handleLimits(1000, 1, 50);
  calls.handleDrain(10, 20, 0);
  calls.handleAccept(acceptor, 5);
  assert.ok(calls.pollAdmission(5) > 0);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.is(deadline(calls), 25);
  assert.equal(decisions(calls), [Decision.FINISH, Decision.NOTHING]);
});

test("a loop with nothing to wait for is to stop, and goes on for anything it waits for", () => {
  const { calls } = new Core(1);
  assert.is(calls.pollDecision(0, 1), Decision.STOP);
  assert.is(calls.pollDecision(1, 1), Decision.NOTHING);
  const timer = calls.handleTimer(5, 0, 0);
  assert.is(calls.pollDecision(0, 1), Decision.NOTHING);
  calls.handleTimerRemove(timer);
  const loose = calls.handleTrack(5, 0);
  assert.is(calls.pollDecision(0, 1), Decision.NOTHING);
  calls.handleClose(loose);
  const acceptor = calls.handleAcceptor();
  assert.is(calls.pollDecision(0, 1), Decision.STOP, "a paused acceptor is not waited for");
  calls.handleAcceptorListen(acceptor, 1);
  assert.is(calls.pollDecision(0, 1), Decision.NOTHING);
});
