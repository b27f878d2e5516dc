// Edges of limits and waits: the largest limit of an address, a queue in which none may wait, waits that become shorter, and resets.

import * as assert from "uvu/assert";
import { Code, Core, type CoreExports, Decision, slotOf } from "wasm-ioloop/core";
import { harness } from "../support/harness.ts";

const test = harness("edges");

/** Calls of a new core, and an acceptor that listens. */
function start(): { calls: CoreExports; acceptor: number } {
  const { calls } = new Core(1);
  const acceptor = calls.handleAcceptor(0);
  calls.handleAcceptorListen(acceptor, 1);
  return { calls, acceptor };
}

test("every limit of connections of one address is valid", () => {
  for (const limit of [1, 2 ** 30, 2 ** 31 - 1]) {
    const { calls, acceptor } = start();
    assert.is(calls.handleQueue(0, 100, 0, limit, 0), Code.OK);
    assert.ok(calls.handleAccept(acceptor, 0, 7) > 0);
    assert.ok(calls.handleAccept(acceptor, 0, 7) > 0);
    assert.is(calls.handleAccept(acceptor, 0, 7) > 0, limit > 1);
  }
});

test("nobody is evicted from a queue in which none may wait", () => {
  const { calls, acceptor } = start();
  calls.handleLimits(2, 0, 50);
  calls.handleQueue(1, 100, 1, 0, 0);
  calls.handleAcceptorLimits(acceptor, 0, 0, 0, 1000);
  const [one, two, three] = [1, 2, 3].map((address) => calls.handleAccept(acceptor, 0, address));
  assert.is(three, Code.DROP_BACKLOG);
  assert.is(calls.pollEvicted(), 0);
  assert.equal([calls.pollAdmission(0), calls.pollAdmission(0)], [one, two]);
});

test("a shorter wait applies to clients that wait already", () => {
  const { calls, acceptor } = start();
  calls.handleLimits(0, 0, 50);
  calls.handleTick(0);
  const client = calls.handleAccept(acceptor, 0, NaN);
  assert.is(calls.pollDeadline(), 60_000);
  for (const [change, deadline] of [
    [() => calls.handleAcceptorLimits(acceptor, 511, 30_000, 0, 1000), 30_000],
    [() => calls.handleQueue(1, 100, 0, 0, 0), 5000],
  ] as const) {
    change();
    while (calls.pollDecision(0, 1) !== Decision.NOTHING);
    assert.is(calls.pollDeadline(), deadline);
  }
  calls.handleTick(5000);
  while (calls.pollDue() > 0);
  assert.is(calls.pollDecision(0, 1), Decision.EXPIRED);
  assert.is(calls.pollEvicted(), client);
});

test("a reset frees the timers of the core", () => {
  const { calls } = start();
  for (let resets = 0; resets < 3; resets++) {
    calls.handleAccept(calls.handleAcceptor(0), 0, NaN);
    calls.handleReset();
    assert.is(slotOf(calls.handleTimer(5, 0, 0)), 0);
    calls.handleReset();
  }
});
