// The order and the rate of admission.

import * as assert from "uvu/assert";
import { Code, State } from "wasm-ioloop/core";
import { admitted, expired, serve } from "./serving.ts";
import { harness } from "../support/harness.ts";

const test = harness("core queue");

test("adaptive: in order of arrival while waits are short, newest first while the oldest has waited long", () => {
  const [twin, [a]] = serve(1, [0, 0, 50]);
  assert.is(twin.call("handleQueue", 1, 100, 0, 0, 0), Code.OK);
  const clients = [0, 30, 60, 90].map((now) => twin.make("handleAccept", a!, now, NaN));
  twin.call("handleLimits", 1, 0, 50);
  assert.is(twin.call("pollAdmission", 100), clients[0]); // it has waited for exactly 100 ms
  twin.call("handleLimits", 2, 0, 50);
  assert.is(twin.call("pollAdmission", 130.5), clients[3]);
  twin.call("handleLimits", 3, 0, 50);
  assert.is(twin.call("pollAdmission", 130.5), clients[2]);
  twin.call("handleQueue", 0, 100, 0, 0, 0);
  const late = twin.make("handleAccept", a!, 400, NaN);
  twin.call("handleLimits", 5, 0, 50);
  assert.equal(admitted(twin), [clients[1], late]);
});

test("adaptive: a full queue evicts its oldest client, and serves the newest first for targetWait", () => {
  const [twin, [a, b]] = serve(2, [0, 0, 50]);
  twin.call("handleQueue", 1, 100, 0, 0, 0);
  for (const id of [a!, b!]) twin.call("handleAcceptorLimits", id, 2, 0, 0, 1000);
  const other = twin.make("handleAccept", b!, 0, NaN);
  const clients = [1, 2, 3].map((now) => twin.make("handleAccept", a!, now, NaN));
  assert.is(twin.call("pollEvicted"), clients[0]);
  twin.call("handleClose", clients[0]!);
  assert.is(twin.call("pollEvicted"), 0);
  twin.call("handleLimits", 1, 0, 50);
  assert.is(twin.call("pollAdmission", 10), clients[2]);
  twin.call("handleLimits", 2, 0, 50);
  assert.is(twin.call("pollAdmission", 103), clients[1]);
  twin.call("handleLimits", 3, 0, 50);
  assert.is(twin.call("pollAdmission", 103), other);
});

test("adaptive: with a backlog of 0 clients are dropped, and those that wait are evicted for their age", () => {
  const [twin, [a]] = serve(1, [0, 0, 50]);
  twin.call("handleQueue", 1, 10, 0, 0, 0);
  twin.call("handleAcceptorLimits", a!, 0, 0, 0, 1000);
  assert.is(twin.call("handleAccept", a!, 0, NaN), Code.DROP_BACKLOG);
  twin.call("handleAcceptorLimits", a!, 10, 0, 0, 1000);
  const patient = twin.make("handleAccept", a!, 0, NaN);
  twin.call("handleAcceptorLimits", a!, 10, 40, 0, 1000);
  const hurried = twin.make("handleAccept", a!, 0, NaN);
  assert.equal(expired(twin, 39), []);
  assert.equal(expired(twin, 40), [patient, hurried]); // the limit of the acceptor holds for those that wait already
});

test("adaptive: the order and the limit of the queue hold while everything changes", () => {
  const [twin, [a]] = serve(1, [3, 0, 1000]);
  twin.call("handleQueue", 1, 100, 0, 0, 0);
  twin.call("handleAcceptorLimits", a!, 20, 60_000, 0, 1000);
  let served = 0;
  for (let now = 0; now < 5000; now += 5) {
    twin.make("handleAccept", a!, now, NaN);
    for (let id = twin.call("pollEvicted"); id > 0; id = twin.call("pollEvicted")) twin.call("handleClose", id);
    assert.ok(twin.call("connectionsIn", State.WAITING) <= 20);
    if (now % 50 === 0) {
      for (const { id, state } of twin.reference.connections.values())
        if (state === State.INCOMING) twin.call("handleClose", id);
      for (const id of admitted(twin)) {
        served++;
        const { activity } = twin.reference.connections.get(id)!;
        assert.is(activity, now);
      }
    }
  }
  assert.ok(served > 250, String(served));
});

test("a rate: a burst at once, then so many clients per second, in the order of the queue", () => {
  const [twin, [a]] = serve(1, [1000, 0, 1000]);
  assert.is(twin.call("handleRate", 100, 3, 0), Code.OK);
  const clients = Array.from({ length: 10 }, () => twin.make("handleAccept", a!, 0, NaN));
  const at = (now: number): number[] => {
    const ids: number[] = [];
    for (let id = twin.call("pollAdmission", now); id > 0; id = twin.call("pollAdmission", now)) ids.push(id);
    return ids;
  };
  assert.equal(at(0), clients.slice(0, 3));
  assert.is(twin.core.calls.pollDeadline() <= 10, true);
  assert.equal(at(5), []);
  assert.equal(at(10), clients.slice(3, 4));
  assert.equal(at(35), clients.slice(4, 6));
  assert.equal(at(1000), clients.slice(6, 9));
  twin.call("handleRate", 0, 3, 1000);
  assert.equal(at(1000), clients.slice(9));
});

test("a rate: clients that wait for it stay in the queue, and their timeout runs", () => {
  const [twin, [a]] = serve(1, [1000, 0, 1000]);
  twin.call("handleRate", 0.001, 1, 0);
  twin.call("handleAcceptorLimits", a!, 10, 50, 0, 1000);
  const [first, second] = [twin.make("handleAccept", a!, 0, NaN), twin.make("handleAccept", a!, 0, NaN)];
  assert.is(twin.call("pollAdmission", 0), first);
  assert.equal(expired(twin, 50), [second]);
});
