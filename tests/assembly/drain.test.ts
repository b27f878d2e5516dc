// The graceful stop, step by step: the decisions that the core returns, each once, in order.

import * as assert from "uvu/assert";
import { Code, Core, Decision, Phase, State } from "wasm-ioloop/core";
import { harness } from "../support/harness.ts";

const test = harness("core drain");

type Calls = Core["calls"];

const { NOTHING, FINISH, STOP, CLOSE, CLOSING, RESET } = Decision;

/** A core with a listening acceptor and some admitted clients. */
function serve(clients: number): { calls: Calls; acceptor: number; ids: number[] } {
  const { calls } = new Core(1);
  const acceptor = calls.handleAcceptor(0);
  calls.handleAcceptorLimits(acceptor, 511, 0, 0, 1000); // no limit of the wait, so that there is no timer for it
  calls.handleAcceptorListen(acceptor, 1);
  const ids = Array.from({ length: clients }, () => {
    calls.handleAccept(acceptor, 0, NaN);
    return calls.pollAdmission(0);
  });
  return { calls, acceptor, ids };
}

/** The decisions about stopping, up to NOTHING or STOP. Clients that must be reset are closed. */
function decisions(calls: Calls): number[] {
  const told: number[] = [];
  do {
    told.push(calls.pollDecision(0, 1));
    if (told.at(-1) === RESET) calls.handleClose(calls.pollEvicted());
  } while (told.at(-1) !== NOTHING && told.at(-1) !== STOP);
  return told.filter((decision) => decision < Decision.FULL);
}

/** A pass in which no timer of the host is due. */
function pass(calls: Calls, now: number): void {
  calls.handleTick(now);
  assert.is(calls.pollDue(), 0);
}

test("FINISH is returned once, CLOSING when accepting ends, STOP when no connection and no acceptor is left", () => {
  const { calls, acceptor, ids } = serve(2);
  calls.handleDrain(0, 0, 0, 0);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  calls.handleClose(ids[0]!);
  calls.handleClose(ids[1]!);
  assert.equal(decisions(calls), [NOTHING], "an acceptor is still left");
  assert.is(calls.handleAcceptorEnd(acceptor), Code.OK);
  assert.equal(decisions(calls), [STOP]);
  assert.is(calls.phase(), Phase.FINISHED);
  assert.is(calls.handleDrain(0, 0, 0, 0), Code.OK);
  assert.is(calls.phase(), Phase.FINISHED, "a stopped loop is not stopped again");
});

test("waiting clients are admitted after accepting has ended, including those from the system's queue", () => {
  const { calls, acceptor } = serve(0);
  calls.handleLimits(1, 0, 50);
  const [first, second] = [calls.handleAccept(acceptor, 0, NaN), calls.handleAccept(acceptor, 0, NaN)];
  calls.handleDrain(0, 0, 0, 0);
  const third = calls.handleAccept(acceptor, 0, NaN);
  calls.handleAcceptorEnd(acceptor);
  assert.is(calls.handleAccept(acceptor, 0, NaN), Code.STALE);
  assert.is(calls.acceptorCount(), 0);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  for (const id of [first, second, third]) {
    assert.is(calls.pollAdmission(0), id);
    assert.equal(decisions(calls), [NOTHING]);
    calls.handleClose(id);
  }
  assert.equal(decisions(calls), [STOP]);
  assert.is(calls.handleAcceptorEnd(acceptor), Code.STALE, "it was removed with the last of its clients");
});

test("with reset, clients that wait when accepting ends are reset, and so are later ones", () => {
  const { calls, acceptor, ids } = serve(1);
  calls.handleLimits(1, 0, 50);
  const waiting = calls.handleAccept(acceptor, 0, NaN);
  calls.handleDrain(10, 0, 0, 0);
  calls.handleDrain(20, 0, 0, 1); // it can be requested later
  assert.equal(decisions(calls), [FINISH, NOTHING]);
  assert.is(calls.pollEvicted(), 0, "not before accepting ends");
  pass(calls, 10);
  assert.equal(decisions(calls), [CLOSING, RESET, NOTHING]);
  assert.is(calls.handleAccept(acceptor, 10, NaN), Code.DROP_STOPPING);
  calls.handleClose(ids[0]!);
  assert.is(calls.pollAdmission(10), 0);
  assert.is(calls.stateOf(waiting), Code.STALE);
  assert.is(calls.pollEvicted(), 0);
  calls.handleAcceptorClose(acceptor);
  assert.equal(decisions(calls), [STOP]);
});

test("an attempt, an outgoing and a lingering connection delay the stop; a loose stream does not", () => {
  const { calls, acceptor } = serve(0);
  const out = calls.handleConnect(0, 0);
  calls.handleTrack(0, 0);
  calls.handleAcceptorClose(acceptor);
  calls.handleDrain(0, 0, 0, 0);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  calls.handleConnected(out, 0);
  assert.is(calls.stateOf(out), State.OUTGOING);
  assert.equal(decisions(calls), [NOTHING]);
  calls.handleLinger(out, 0);
  assert.equal(decisions(calls), [NOTHING]);
  calls.handleClose(out);
  assert.equal(decisions(calls), [STOP]);
});

test("clients are accepted during the delay; the rest is closed after the timeout", () => {
  const { calls, acceptor, ids } = serve(1);
  calls.handleDrain(10, 5, 0, 0);
  assert.is(calls.phase(), Phase.FINISHING);
  assert.is(calls.pollDeadline(), 10);
  calls.handleAccept(acceptor, 0, NaN);
  ids.push(calls.pollAdmission(0));
  assert.ok(ids[1]! > 0);
  assert.equal(decisions(calls), [FINISH, NOTHING]);
  pass(calls, 10);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.is(calls.pollDeadline(), 15);
  pass(calls, 14);
  assert.equal(decisions(calls), [CLOSING, NOTHING]);
  calls.handleLimits(2, 0, 50);
  const waiting = calls.handleAccept(acceptor, 14, NaN);
  pass(calls, 15);
  assert.is(calls.pollAdmission(15), 0, "no client is admitted just to be closed");
  assert.is(calls.handleAccept(acceptor, 15, NaN), Code.DROP_STOPPING);
  assert.is(calls.pollDecision(0, 1), RESET);
  assert.is(calls.pollEvicted(), waiting);
  assert.is(calls.pollDecision(0, 1), CLOSE);
  for (const id of [...ids, waiting]) calls.handleClose(id);
  calls.handleAcceptorClose(acceptor);
  assert.equal(decisions(calls), [STOP]);
  assert.is(calls.pollDeadline(), Infinity);
});

test("the timer of the stop is removed if the connections close earlier", () => {
  const { calls, acceptor, ids } = serve(1);
  calls.handleDrain(0, 50, 0, 0);
  calls.handleClose(ids[0]!);
  calls.handleAcceptorEnd(acceptor);
  assert.equal(decisions(calls), [FINISH, CLOSING, STOP]);
  assert.is(calls.pollDeadline(), Infinity);
  assert.is(calls.timerCount(), 0);
});

test("handleHurry ends accepting and closes the rest at once, but only during a graceful stop", () => {
  const { calls } = serve(1);
  assert.is(calls.handleHurry(), Code.STATE);
  calls.handleDrain(10, 10, 0, 0);
  assert.is(calls.handleHurry(), Code.OK);
  assert.equal(decisions(calls), [FINISH, CLOSING, CLOSE, STOP]);
  assert.is(calls.pollDeadline(), Infinity);
  assert.is(calls.handleHurry(), Code.STATE);
});

test("a connection opened in response to a close does not delay the stop; the next stop waits as usual", () => {
  const { calls, acceptor, ids } = serve(1);
  calls.handleAcceptorEnd(acceptor);
  calls.handleDrain(0, 5, 0, 0);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  pass(calls, 5);
  assert.is(calls.pollDecision(0, 1), CLOSE);
  calls.handleClose(ids[0]!);
  const again = calls.handleConnect(0, 5);
  assert.equal(decisions(calls), [STOP]);
  assert.is(calls.phase(), Phase.FINISHED);
  calls.handleStop();
  calls.handleDrain(0, 0, 5, 0);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  calls.handleClose(again);
  assert.equal(decisions(calls), [STOP]);
});

test("if CLOSE was returned before the loop runs, the loop stops in its first tick", () => {
  const { calls } = serve(1);
  calls.handleDrain(0, 0, 0, 0);
  calls.handleHurry();
  for (const decision of [FINISH, CLOSING, CLOSE, NOTHING]) assert.is(calls.pollDecision(0, 0), decision);
  assert.equal(decisions(calls), [STOP]);
});

test("each graceful stop returns FINISH, CLOSING and STOP again", () => {
  const { calls, acceptor } = serve(0);
  calls.handleAcceptorClose(acceptor);
  for (let i = 0; i < 3; i++) {
    calls.handleDrain(0, 0, 0, 0);
    assert.equal(decisions(calls), [FINISH, CLOSING, STOP]);
    calls.handleStop();
    assert.is(calls.phase(), Phase.ADMITTING);
  }
});

test("the end of a run ends the graceful stop in any phase, and keeps the waiting queue", () => {
  const { calls, acceptor } = serve(0);
  calls.handleLimits(0, 0, 50);
  const waiting = calls.handleAccept(acceptor, 0, NaN);
  calls.handleDrain(10, 5, 0, 1);
  assert.equal(decisions(calls), [FINISH, NOTHING]);
  calls.handleStop();
  assert.is(calls.phase(), Phase.ADMITTING);
  assert.is(calls.pollDecision(0, 0), CLOSING, "accepting has ended");
  assert.is(calls.pollDecision(0, 0), NOTHING);
  calls.handleDrain(0, 5, 0, 0);
  calls.handleHurry();
  calls.handleStop();
  calls.handleTick(20);
  assert.is(calls.pollDue(), 0);
  assert.is(calls.pollDecision(0, 0), FINISH);
  assert.is(calls.pollDecision(0, 0), CLOSING);
  assert.is(calls.pollDecision(0, 0), NOTHING);
  assert.is(calls.pollEvicted(), 0);
  calls.handleLimits(1, 0, 50);
  assert.is(calls.pollAdmission(20), waiting);
});

test("a second graceful stop never closes later than the first", () => {
  const { calls } = serve(1);
  calls.handleDrain(0, 10, 0, 0);
  calls.handleDrain(0, 50, 1, 0);
  calls.handleDrain(0, 0, 1, 0);
  assert.is(calls.pollDeadline(), 10);
  calls.handleDrain(5, 3, 1, 0);
  assert.is(calls.pollDeadline(), 4);
});

/** The next deadline after some time. The bound may be too early if timers were removed or postponed. */
function deadline(calls: Calls): number {
  for (let at = calls.pollDeadline(); at < Infinity; at = calls.pollDeadline()) {
    const { phase } = calls;
    const before = phase();
    calls.handleTick(at);
    calls.pollDue();
    const decision = calls.pollDecision(0, 0);
    if (calls.phase() !== before || decision === CLOSE || decision === RESET) return at;
  }
  return Infinity;
}

test("during the delay, the earlier end counts, and the smaller timeout", () => {
  for (const [delay, timeout, ends, closes] of [
    [0, 0, 1, 21],
    [0, 30, 1, 21],
    [0, 5, 1, 6],
    [3, 0, 4, 24],
    [30, 5, 10, 15],
  ] as const) {
    const { calls } = serve(1);
    calls.handleDrain(10, 20, 0, 0);
    calls.handleDrain(delay, timeout, 1, 0);
    assert.is(calls.phase(), delay > 0 ? Phase.FINISHING : Phase.DRAINING);
    while (calls.pollDecision(0, 0) !== NOTHING);
    if (delay > 0) assert.is(deadline(calls), ends);
    while (calls.pollDecision(0, 0) !== NOTHING);
    assert.is(deadline(calls), closes);
  }
});

test("reaching maxAccepts during the delay ends it, and keeps the timeout", () => {
  const { calls, acceptor } = serve(0);
  calls.handleLimits(1000, 1, 50);
  calls.handleDrain(10, 20, 0, 0);
  assert.ok(calls.handleAccept(acceptor, 5, NaN) > 0);
  assert.is(calls.phase(), Phase.DRAINING);
  assert.equal(decisions(calls), [FINISH, CLOSING, NOTHING]);
  assert.is(deadline(calls), 25);
});

test("a loop stops if it has nothing to wait for, and continues otherwise", () => {
  const { calls } = new Core(1);
  assert.is(calls.pollDecision(0, 1), STOP);
  assert.is(calls.pollDecision(1, 1), NOTHING);
  const timer = calls.handleTimer(5, 0, 0);
  assert.is(calls.pollDecision(0, 1), NOTHING);
  calls.handleTimerRemove(timer);
  const loose = calls.handleTrack(5, 0);
  assert.is(calls.pollDecision(0, 1), NOTHING);
  calls.handleLinger(loose, 0);
  assert.is(calls.pollDecision(0, 1), NOTHING);
  calls.handleClose(loose);
  const acceptor = calls.handleAcceptor(0);
  assert.is(calls.pollDecision(0, 1), STOP, "the loop does not wait for a paused acceptor");
  calls.handleAcceptorListen(acceptor, 1);
  assert.is(calls.pollDecision(0, 1), NOTHING);
  const client = calls.handleAccept(acceptor, 0, NaN);
  calls.handleAcceptorListen(acceptor, 0);
  calls.handleAcceptorEnd(acceptor);
  assert.equal(decisions(calls), [NOTHING], "the loop waits for the clients of an acceptor that has ended");
  calls.handleClose(client);
  assert.is(calls.pollDecision(0, 1), STOP);
});
