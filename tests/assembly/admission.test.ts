// The core's acceptors, admission and graceful stop, compared with the reference.

import * as assert from "uvu/assert";
import { Code, Core, Decision, Kind, Phase, State } from "wasm-ioloop/core";
import { type Draw, type Mix, type Twin, run } from "./model.ts";
import { admitted, serve } from "./serving.ts";
import { harness } from "../support/harness.ts";

const test = harness("core admission");

const ON = [1, 1, 1, 0, 7];

function acceptor(twin: Twin, draw: Draw): void {
  const id = twin.make("handleAcceptor", draw.of([0, 0, 0, 1]));
  if (draw.below(4) > 0) twin.call("handleAcceptorListen", id, draw.of(ON));
}

function limitAcceptor(twin: Twin, draw: Draw): void {
  const backlog = draw.of([0, 0, 1, 2, 5, 20, -1, 0.5, NaN, 2 ** 31]);
  const most = draw.of([2 ** 31 - 1, 2 ** 31 - 1, 0, 1, 2, 5, NaN]);
  twin.call(
    "handleAcceptorLimits",
    twin.id(draw, Kind.ACCEPTOR),
    backlog,
    draw.duration(),
    draw.of([0, 0, 1, 2]),
    most,
  );
}

function listen(twin: Twin, draw: Draw): void {
  twin.call("handleAcceptorListen", twin.id(draw, Kind.ACCEPTOR), draw.of(ON));
}

function closeAcceptor(twin: Twin, draw: Draw): void {
  twin.call("handleAcceptorClose", twin.id(draw, Kind.ACCEPTOR));
  if (draw.below(4) > 0) evict(twin);
}

function endAcceptor(twin: Twin, draw: Draw): void {
  twin.call("handleAcceptorEnd", twin.id(draw, Kind.ACCEPTOR));
}

function evict(twin: Twin): void {
  for (let id = twin.call("pollEvicted"); id > 0; id = twin.call("pollEvicted")) twin.call("handleClose", id);
}

function accept(twin: Twin, draw: Draw): void {
  const address = draw.of([1, 1, 1, 2, 3, 257, NaN, 0, -1, 2 ** 52 + 1, 0.5, 1e300]);
  twin.make("handleAccept", twin.id(draw, Kind.ACCEPTOR), twin.time(draw), address);
}

function admit(twin: Twin, draw: Draw): void {
  if (draw.below(2) === 0) twin.call("pollAdmission", twin.time(draw));
  else while (twin.call("pollAdmission", twin.now) > 0);
}

function close(twin: Twin, draw: Draw): void {
  twin.call("handleClose", twin.id(draw, Kind.CONNECTION));
}

function other(twin: Twin, draw: Draw): void {
  const kind = draw.below(8);
  if (kind === 0) twin.make("handleConnect", draw.duration(), twin.time(draw));
  else if (kind === 5) twin.call("handleLinger", twin.id(draw, Kind.CONNECTION), twin.time(draw));
  else if (kind === 6) twin.call("pollLinger");
  else if (kind === 7) twin.call("handleLifetime", twin.id(draw, Kind.CONNECTION), draw.duration(), twin.time(draw));
  else if (kind === 1) twin.call("handleTimeout", twin.id(draw, Kind.CONNECTION), draw.duration(), twin.time(draw));
  else if (kind === 2) twin.make("handleTimer", draw.duration(), 0, twin.time(draw));
  else if (kind === 3) twin.call("pollEvicted");
  else twin.make("handleTrack", 0, twin.time(draw));
}

function limit(twin: Twin, draw: Draw): void {
  const bad = draw.below(8) === 0;
  const any = (good: readonly number[]): number => draw.of(bad ? [...good, NaN, -1, 0.5, 2 ** 31, Infinity] : good);
  twin.call("handleLimits", any([0, 1, 2, 5, 20, 1000]), any([0, 0, 0, 1, 2, 7, 30]), any([1, 2, 3, 50]));
}

function order(twin: Twin, draw: Draw): void {
  const bad = draw.below(8) === 0;
  const any = (good: readonly number[]): number => draw.of(bad ? [...good, NaN, -1, Infinity] : good);
  if (draw.below(3) > 0) {
    const [adaptive, takeTurns] = [draw.of([0, 1, 1]), draw.of([0, 1, 1])];
    twin.call(
      "handleQueue",
      adaptive,
      any([0, 1, 3, 10, 100]),
      takeTurns,
      any([0, 0, 1, 2, 5, 0.5]),
      any([0, 1, 5, 20]),
    );
  } else twin.call("handleRate", any([0, 0, 100, 1000, 3]), any([1, 2, 5, 50, 0.5]), twin.time(draw));
}

function found(twin: Twin, draw: Draw): void {
  twin.call("handleFound", twin.id(draw, Kind.CONNECTION), draw.of([0, 1, 2]));
}

function displace(twin: Twin, draw: Draw): void {
  const id = twin.call("pollDisplacement", twin.time(draw));
  if (id <= 0) return;
  if (draw.below(3) === 0) twin.touch(id);
  else twin.call("handleClose", id);
}

function drain(twin: Twin, draw: Draw): void {
  const wait = (): number => (draw.below(8) === 0 ? draw.duration() : draw.of([0, 0, 1, 5, 20]));
  const kind = draw.below(8);
  if (kind === 0) twin.call("handleHurry");
  else if (kind === 1) twin.tell("handleStop");
  else twin.call("handleDrain", wait(), wait(), twin.time(draw), draw.of([0, 0, 0, 1]));
}

function decide(twin: Twin, draw: Draw): void {
  const decision = twin.call("pollDecision", draw.of([0, 0, 1, -1, 5]), draw.of([1, 1, 1, 0]));
  if (
    decision === Decision.EXPIRED ||
    decision === Decision.RESET ||
    (decision === Decision.CLOSE && draw.below(2) === 0)
  )
    evict(twin);
}

function pass(twin: Twin, draw: Draw): void {
  twin.pass(twin.time(draw), (id) => void (draw.below(8) === 0 && twin.call("handleClose", id)));
}

function reset(twin: Twin, draw: Draw): void {
  if (draw.below(4) === 0) twin.tell("handleReset");
}

const serving: Mix = [
  [3, acceptor],
  [3, limitAcceptor],
  [4, listen],
  [1, closeAcceptor],
  [1, endAcceptor],
  [60, accept],
  [40, admit],
  [20, close],
  [6, other],
  [2, limit],
  [2, order],
  [6, displace],
  [6, found],
  [1, drain],
  [4, decide],
  [10, pass],
  [1, reset],
];
const stopping: Mix = [
  [4, acceptor],
  [20, accept],
  [16, admit],
  [12, close],
  [4, other],
  [4, limit],
  [1, order],
  [16, drain],
  [24, decide],
  [12, pass],
  [1, closeAcceptor],
  [3, endAcceptor],
  [1, reset],
];

test("admission behaves as the reference does", () => run([serving, stopping], 400_000, 1000), 60);

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
