// How long the core's connections may exist: lifetimes, lingering, and waiting because of multiAccept alone.

import * as assert from "uvu/assert";
import { Code, Due, State } from "wasm-ioloop/core";
import { harness } from "../support/harness.ts";
import { Twin } from "./model.ts";

const test = harness("core lifetimes");

/** The results of handleDue for all ids that are due at some time. */
function answers(twin: Twin, now: number): number[] {
  twin.call("handleTick", now);
  return twin.poll().map((id) => twin.call("handleDue", id));
}

/** A listening acceptor with these limits. */
function acceptor(twin: Twin, backlog: number, waitTimeout: number): number {
  const id = twin.make("handleAcceptor", 0);
  twin.call("handleAcceptorLimits", id, backlog, waitTimeout, 0, 1000);
  twin.call("handleAcceptorListen", id, 1);
  return id;
}

test("a lifetime counts from the beginning, regardless of activity", () => {
  const twin = new Twin();
  const tracked = twin.make("handleTrack", 10, 5);
  twin.call("handleAdopt", tracked);
  twin.call("handleTick", 8);
  assert.is(twin.call("handleLifetime", tracked, 20, 8), Code.OK);
  for (const now of [12, 18]) {
    twin.call("handleTick", now);
    twin.touch(tracked);
  }
  assert.equal(answers(twin, 24), []);
  assert.equal(answers(twin, 25), [Due.LIFETIME]);
  assert.is(twin.call("handleDue", tracked), Due.VOID);
  twin.call("handleLifetime", tracked, 40, 26);
  assert.equal(answers(twin, 30), [Due.IDLE]);
  assert.equal(answers(twin, 45), [Due.LIFETIME]);
});

test("a lifetime that is already over when it is set is due in the next pass; 0 removes it", () => {
  const twin = new Twin();
  const id = twin.make("handleTrack", 0, 0);
  assert.equal(answers(twin, 50), []);
  twin.call("handleLifetime", id, 10, 50);
  twin.call("handleLifetime", id, 0, 50);
  assert.equal(answers(twin, 51), []);
  twin.call("handleLifetime", id, 10, 51);
  assert.equal(twin.poll(), []);
  assert.equal(answers(twin, 51), [Due.LIFETIME]);
});

test("if lifetime and idle deadline are both due, the lifetime is answered first", () => {
  const twin = new Twin();
  const id = twin.make("handleTrack", 5, 0);
  twin.call("handleLifetime", id, 8, 0);
  twin.call("handleTick", 10);
  assert.equal(twin.poll(), [id, id]);
  assert.is(twin.call("handleDue", id), Due.LIFETIME);
  assert.is(twin.call("handleDue", id), Due.IDLE);
});

test("a lifetime begins when a client is admitted or an attempt has succeeded; before that it cannot be set", () => {
  const twin = new Twin();
  const client = twin.make("handleAccept", acceptor(twin, 5, 0), 0, NaN);
  const out = twin.make("handleConnect", 0, 0);
  for (const id of [client, out]) assert.is(twin.call("handleLifetime", id, 10, 0), Code.STATE);
  assert.is(twin.call("pollAdmission", 20), client);
  twin.call("handleConnected", out, 25);
  for (const id of [client, out]) assert.is(twin.call("handleLifetime", id, 10, 26), Code.OK);
  assert.equal(answers(twin, 29), []);
  assert.equal(answers(twin, 30), [Due.LIFETIME]);
  assert.equal(answers(twin, 35), [Due.LIFETIME]);
});

test("a lingering connection frees its slot of the limit, and has two seconds, regardless of timeout and activity", () => {
  const twin = new Twin();
  twin.call("handleLimits", 1, 0, 50);
  const server = acceptor(twin, 5, 0);
  const [first, second] = [twin.make("handleAccept", server, 0, NaN), twin.make("handleAccept", server, 0, NaN)];
  assert.is(twin.call("pollAdmission", 0), first);
  assert.is(twin.call("pollAdmission", 0), 0);
  twin.call("handleTimeout", first, 1_000_000, 0);
  twin.call("handleLifetime", first, 100, 0);
  assert.is(twin.call("handleLinger", first, 10), Code.OK);
  assert.is(twin.call("stateOf", first), State.LINGERING);
  assert.is(twin.call("pollAdmission", 10), second);
  assert.is(twin.call("handleTimeout", first, 5000, 10), Code.STATE);
  assert.is(twin.call("handleLinger", first, 10), Code.STATE);
  assert.equal(answers(twin, 2000), []);
  twin.touch(first);
  assert.equal(answers(twin, 2010), [Due.LINGER]);
});

test("at most maxConnections linger: those that have lingered longest are closed", () => {
  const twin = new Twin();
  twin.call("handleLimits", 2, 0, 50);
  const ids = [0, 1, 2, 3].map(() => twin.make("handleTrack", 0, 0));
  for (const id of [3, 0, 1, 2]) twin.call("handleLinger", ids[id]!, 0);
  twin.call("handleClose", ids[0]!);
  assert.is(twin.call("pollLinger"), ids[3]);
  twin.call("handleClose", ids[3]!);
  assert.is(twin.call("pollLinger"), 0);
});
