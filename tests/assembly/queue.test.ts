// The order and the rate of admission.

import * as assert from "uvu/assert";
import { Code, State } from "wasm-ioloop/core";
import type { Twin } from "./model.ts";
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

/** Lets a client wait for some time, admits it, and tells whether it had gone. */
function learn(twin: Twin, acceptor: number, now: number, wait: number, gone: number): number {
  const client = twin.make("handleAccept", acceptor, now, NaN);
  twin.call("handleLimits", 1, 0, 1000);
  assert.is(twin.call("pollAdmission", now + wait), client);
  assert.is(twin.call("handleFound", client, gone), Code.OK);
  twin.call("handleClose", client);
  twin.call("handleLimits", 0, 0, 1000);
  return now + wait;
}

/** Whether of two clients the older one is admitted first, once it has waited for some time. */
function keepsOrder(twin: Twin, acceptor: number, now: number, wait: number): boolean {
  const [older, newer] = [now, now + wait].map((at) => twin.make("handleAccept", acceptor, at, NaN));
  twin.call("handleLimits", 1, 0, 1000);
  const first = twin.call("pollAdmission", now + wait);
  for (const client of [older!, newer!]) twin.call("handleClose", client);
  twin.call("handleLimits", 0, 0, 1000);
  return first === older;
}

test("learned patience: the order is kept longer while clients are still there, and shorter when they have gone", () => {
  const [twin, [a]] = serve(1, [0, 0, 1000]);
  twin.call("handleQueue", 1, 100, 0, 0, 0);
  let now = 0;
  assert.is(keepsOrder(twin, a!, now, 200), false);
  for (let i = 0; i < 40; i++) now = learn(twin, a!, now + 1000, 90 * 1.05 ** i, 0);
  assert.is(keepsOrder(twin, a!, now + 1000, 200), true);
  assert.is(keepsOrder(twin, a!, now + 10_000, 6000), false, "never longer than 50 times targetWait");
  for (let i = 0; i < 20; i++) now = learn(twin, a!, now + 20_000, 150, 1);
  assert.is(keepsOrder(twin, a!, now + 1000, 101), false, "back at targetWait");
  assert.is(keepsOrder(twin, a!, now + 2000, 100), true, "and never shorter");
  for (let i = 0; i < 20; i++) now = learn(twin, a!, now + 20_000, 100, 1);
  assert.is(keepsOrder(twin, a!, now + 1000, 100), true, "who leaves without having waited long says nothing");
});

test("addresses take turns: between two turns of one, each other has at most one", () => {
  const [twin, [a]] = serve(1, [0, 0, 1000]);
  twin.call("handleQueue", 0, 100, 1, 0, 0);
  const addresses = new Map<number, number>();
  for (const [address, count] of [
    [1, 30],
    [2, 5],
    [3, 5],
    [4, 1],
  ] as const)
    for (let i = 0; i < count; i++) addresses.set(twin.make("handleAccept", a!, 0, address), address);
  twin.call("handleLimits", 50, 0, 1000);
  const order = admitted(twin).map((id) => addresses.get(id)!);
  assert.is(order.length, 41);
  assert.equal(order.slice(0, 7), [1, 2, 3, 4, 1, 2, 3]);
  assert.ok(order.slice(16).every((address) => address === 1));
});

test("an address at its limit is passed over; twice as many may be there, and one more is dropped", () => {
  const [twin, [a]] = serve(1, [10, 0, 50]);
  twin.call("handleQueue", 0, 100, 0, 2, 0);
  const ids = [7, 7, 7, 7].map((address) => twin.make("handleAccept", a!, 0, address));
  assert.is(twin.call("handleAccept", a!, 0, 7), Code.DROP_ADDRESS);
  const other = twin.make("handleAccept", a!, 0, 8);
  assert.equal(admitted(twin), [ids[0], ids[1], other]);
  twin.call("handleClose", ids[0]!);
  assert.equal(admitted(twin), [ids[2]]);
  assert.ok(twin.call("handleAccept", a!, 0, NaN) > 0);
  assert.ok(twin.call("handleAccept", a!, 0, NaN) > 0, "NaN is no address, and has no limit");
});
