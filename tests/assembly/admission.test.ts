// The core's acceptors and admission, compared with the reference.

import * as assert from "uvu/assert";
import { Code, Core, Decision, Phase, State } from "wasm-ioloop/core";
import { admitted, serve } from "./serving.ts";
import { harness } from "../support/harness.ts";

const test = harness("core admission");

test("clients of all acceptors are admitted in the order of arrival; those of a paused one keep their position", () => {
  const [twin, [a, b]] = serve(2, [1000, 0, 3]);
  const clients = [a, b, a, b, a].map((id) => twin.make("handleAccept", id!, 0, NaN));
  twin.call("handleAcceptorListen", a!, 0);
  assert.equal(admitted(twin), [clients[1], clients[3]]);
  twin.call("handleAcceptorListen", a!, 1);
  assert.equal(admitted(twin), [clients[0]]);
  twin.call("handleTick", 0);
  assert.equal(admitted(twin), [clients[2], clients[4]]);
});

test("a single acceptor has one client admitted per pass", () => {
  const [twin, [a, b]] = serve(2);
  twin.call("handleAcceptorLimits", a!, 511, 0, 1, 1000);
  const clients = [a, a, b, b].map((id) => twin.make("handleAccept", id!, 0, NaN));
  assert.equal(admitted(twin), [clients[0], clients[2], clients[3]]);
  twin.call("handleTick", 0);
  assert.equal(admitted(twin), [clients[1]]);
});

test("the clients of a closed acceptor are evicted, each of them until it is closed", () => {
  const [twin, [a, b]] = serve(2);
  const clients = [a, b, a].map((id) => twin.make("handleAccept", id!, 0, NaN));
  twin.call("handleAcceptorClose", a!);
  assert.is(twin.call("pollEvicted"), clients[0]);
  assert.is(twin.call("pollEvicted"), clients[0]);
  twin.call("handleClose", clients[0]!);
  assert.is(twin.call("pollEvicted"), clients[2]);
  assert.equal(admitted(twin), [clients[1]]);
  twin.call("handleClose", clients[2]!);
  assert.is(twin.call("pollEvicted"), 0);
  assert.is(twin.make("handleAccept", a!, 0, NaN), Code.STALE);
});

test("a client is dropped if the backlog is full and no slot is free", () => {
  const [twin, [a]] = serve(1, [2, 0, 50]);
  twin.call("handleAcceptorLimits", a!, 1, 0, 0, 1000);
  const clients = [0, 1].map(() => twin.make("handleAccept", a!, 0, NaN));
  assert.is(twin.make("handleAccept", a!, 0, NaN), Code.DROP_BACKLOG);
  assert.equal(admitted(twin), clients);
  assert.ok(twin.make("handleAccept", a!, 0, NaN) > 0);
  assert.is(twin.make("handleAccept", a!, 0, NaN), Code.DROP_BACKLOG);
  assert.equal(admitted(twin), []);
  assert.is(twin.core.calls.connectionsIn(State.INCOMING), 2);
});

/** The number of arrivals after which a loop with maxAccepts stops. */
function stopsAt(maxAccepts: number, seed: number): number {
  const [twin, [a]] = serve(1, [1000, maxAccepts, 1000], seed);
  while (twin.call("phase") === Phase.ADMITTING) twin.make("handleAccept", a!, 0, NaN);
  assert.is(twin.call("phase"), Phase.DRAINING);
  return twin.call("acceptedCount");
}

test("maxAccepts is cut by up to a half, which depends on the seed alone", () => {
  for (const max of [1, 2, 7, 10]) {
    const counts = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const count = stopsAt(max, seed);
      assert.is(stopsAt(max, seed), count);
      counts.add(count);
    }
    const possible = Array.from({ length: Math.ceil(max / 2) }, (_, i) => Math.floor(max / 2) + 1 + i);
    assert.equal(
      [...counts].sort((a, b) => a - b),
      possible,
    );
  }
});

test("a new maxAccepts starts a new count, with the waiting clients included, and a new cut", () => {
  const { calls } = new Core(3);
  const acceptor = calls.handleAcceptor(0);
  calls.handleAcceptorListen(acceptor, 1);
  calls.handleLimits(1000, 100, 50);
  for (let i = 0; i < 40; i++) calls.handleAccept(acceptor, 0, NaN);
  for (let i = 0; i < 30; i++) assert.ok(calls.pollAdmission(0) > 0);
  calls.handleLimits(500, 100, 50);
  assert.is(calls.acceptedCount(), 40);
  calls.handleLimits(500, 90, 50);
  assert.is(calls.acceptedCount(), 10);
  assert.is(calls.phase(), Phase.ADMITTING);
  calls.handleLimits(500, 10, 50);
  assert.is(calls.acceptedCount(), 10);
  assert.is(calls.phase(), Phase.DRAINING, "enough clients have arrived");
  assert.ok(calls.pollAdmission(0) > 0, "and they are still admitted");
});

test("a client that leaves the queue is not counted, until accepting has ended", () => {
  const [twin, [a]] = serve(1, [0, 1000, 50]);
  const clients = [0, 1, 2].map(() => twin.make("handleAccept", a!, 0, NaN));
  twin.call("handleClose", clients[0]!);
  assert.is(twin.call("acceptedCount"), 2);
  twin.call("handleDrain", 0, 0, 0, 0);
  twin.call("handleClose", clients[1]!);
  assert.is(twin.call("acceptedCount"), 2);
});

test("after a stop by maxAccepts a new count starts, with the waiting clients included", () => {
  const [twin, [a]] = serve(1, [1, 4, 50]);
  while (twin.call("phase") === Phase.ADMITTING) twin.make("handleAccept", a!, 0, NaN);
  assert.is(admitted(twin).length, 1);
  const waiting = twin.call("connectionsIn", State.WAITING);
  assert.ok(waiting > 0);
  twin.tell("handleStop");
  assert.is(twin.call("phase"), Phase.ADMITTING);
  assert.is(twin.call("acceptedCount"), waiting);
});

test("a reset starts a new count for maxAccepts, and a new cut", () => {
  for (let seed = 0; seed < 20; seed++) {
    const [twin] = serve(0, [1000, 40, 50], seed);
    for (let i = 0; i < 3; i++) {
      const acceptor = twin.make("handleAcceptor", 0);
      twin.call("handleAcceptorListen", acceptor, 1);
      for (let j = 0; j < 40; j++) twin.make("handleAccept", acceptor, 0, NaN);
      admitted(twin);
      assert.is(twin.call("phase"), Phase.DRAINING);
      twin.compare();
      twin.tell("handleReset");
    }
  }
});

test("FULL is returned once when a client waits for a slot, FREE once when none waits any more", () => {
  const [twin, [a, b]] = serve(2, [1, 0, 1]);
  const ask = (running = 1): number => twin.call("pollDecision", 0, running);
  twin.make("handleAccept", a!, 0, NaN);
  const second = twin.make("handleAccept", a!, 0, NaN);
  assert.is(ask(), Decision.NOTHING, "they only wait for the pass");
  const [inside] = admitted(twin);
  assert.is(ask(0), Decision.NOTHING, "nothing runs");
  assert.is(ask(), Decision.FULL);
  assert.is(ask(), Decision.NOTHING);
  twin.call("handleAcceptorListen", a!, 0);
  assert.is(ask(), Decision.FREE, "the client waits for its acceptor, not for a slot");
  twin.make("handleAccept", b!, 0, NaN);
  assert.is(ask(), Decision.FULL);
  twin.call("handleAcceptorListen", a!, 1);
  twin.call("handleClose", inside!);
  assert.is(ask(), Decision.NOTHING, "some still wait");
  twin.call("handleClose", second);
  twin.call("handleAcceptorClose", b!);
  assert.is(ask(), Decision.FREE);
  twin.compare();
});
