// Directed runs: connections in every state, and the graceful stop.

import { State, Transition } from "wasm-ioloop/core";
import type { Recorder } from "./recorder.ts";

/** Creates a connection in each state. */
const MAKERS: Partial<Record<keyof typeof State, (to: Recorder, acceptor: number) => number>> = {
  WAITING: (to, acceptor) => to.call("handleAccept", acceptor, 0, NaN),
  INCOMING: (to, acceptor) => {
    to.call("handleAccept", acceptor, 0, NaN);
    return to.call("pollAdmission", 0);
  },
  EXEMPT: (to) => {
    const exempt = to.call("handleAcceptor", 1);
    to.call("handleAcceptorListen", exempt, 1);
    to.call("handleAccept", exempt, 0, NaN);
    return to.call("pollAdmission", 0);
  },
  CONNECTING: (to) => to.call("handleConnect", 10, 0),
  OUTGOING: (to) => {
    const id = to.call("handleConnect", 10, 0);
    to.call("handleConnected", id, 0);
    return id;
  },
  LOOSE: (to) => to.call("handleTrack", 10, 0),
  LINGERING: (to) => {
    const id = to.call("handleTrack", 10, 0);
    to.call("handleLinger", id, 0);
    return id;
  },
};

/** Every state, with all calls for a connection in it. */
export function states(to: Recorder): void {
  const [last, events] = [Object.keys(State).length, Object.keys(Transition).length];
  for (let event = -1; event <= events; event++) {
    for (let state = -1; state <= last; state++) to.call("nextState", state, event);
  }
  let now = 0;
  for (const make of Object.values(MAKERS)) {
    const acceptor = to.call("handleAcceptor", 0);
    to.call("handleAcceptorListen", acceptor, 1);
    to.call("handleLimits", 1000, 0, 50);
    const made = Array.from({ length: 6 }, () => make(to, acceptor));
    const [connected, adopted, left, bounded, lingering, timed] = made as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const look = (): void => {
      for (const id of made) to.call("stateOf", id);
      for (let state = -1; state <= last; state++) to.call("connectionsIn", state);
    };
    look();
    to.call("handleConnected", connected, now);
    to.call("handleAdopt", adopted);
    to.call("handleFound", left, 1);
    to.call("handleLifetime", bounded, 20, now);
    to.call("handleLinger", lingering, now);
    to.call("handleTimeout", timed, 20, now);
    look();
    to.call("handleLimits", 0, 0, 50); // so that waiting clients time out, and too many connections linger
    to.call("pollLinger");
    to.call("handleTick", (now += 100_000));
    const due = Array.from({ length: to.call("pollDue") }, (_, at) => to.load("dueAddress", at));
    for (const id of due) to.call("handleDue", id);
    to.call("pollDecision", 0, 1);
    to.call("pollEvicted");
    for (const id of [connected, adopted, adopted, left, bounded, lingering, timed]) to.call("handleClose", id);
    look();
    to.memory();
    to.call("handleReset");
  }
}

/** Graceful stops, from beginning to end. */
export function shutdown(to: Recorder): void {
  to.call("phase");
  to.call("pollDecision", 1, 1);
  to.call("pollDecision", 0, 0);
  to.call("pollDecision", 0, 1);
  to.call("handleHurry");
  const id = to.call("handleTrack", 0, 0);
  to.call("handleAdopt", id);
  const ask = (): void => {
    to.call("pollDue");
    to.call("phase");
    to.call("pollDecision", 0, 1);
    to.call("pollDecision", 0, 1);
  };
  to.call("handleDrain", 5, 10, 0, 0);
  ask();
  for (const now of [5, 15]) {
    to.call("handleTick", now);
    ask();
  }
  to.call("handleClose", id);
  ask();
  ask();
  to.call("handleDrain", 0, 0, 20, 1);
  to.call("handleStop");
  const acceptor = to.call("handleAcceptor", 0);
  const waiting = to.call("handleAccept", acceptor, 20, NaN);
  to.call("handleDrain", 5, 5, 20, 1);
  to.call("handleDrain", 2, 9, 20, 0);
  ask();
  to.call("handleTick", 22);
  ask();
  ask();
  to.call("handleAccept", acceptor, 22, NaN);
  to.call("handleClose", to.call("pollEvicted"));
  to.call("handleHurry");
  ask();
  to.call("handleAcceptorEnd", acceptor);
  to.call("handleAcceptorEnd", acceptor);
  to.call("handleClose", waiting);
  ask();
  to.call("handleStop");
  ask();
  to.memory();
}

/** An acceptor that has ended, and its clients in the queue; a client that only multiAccept keeps waiting. */
export function ended(to: Recorder): void {
  to.call("handleLimits", 2, 3, 1);
  const acceptor = to.call("handleAcceptor", 0);
  to.call("handleAcceptorLimits", acceptor, 5, 10, 0, 1000);
  to.call("handleAcceptorListen", acceptor, 1);
  const clients = [0, 1, 2, 3].map(() => to.call("handleAccept", acceptor, 0, NaN));
  to.call("handleAcceptorEnd", acceptor);
  to.call("handleAccept", acceptor, 0, NaN);
  for (const now of [10, 20]) {
    to.call("handleTick", now);
    for (let count = to.call("pollDue"); count > 0; count--) to.call("handleDue", to.load("dueAddress", count - 1));
    to.call("pollAdmission", now);
    to.call("pollDecision", 0, 1);
    to.call("acceptedCount");
    to.memory();
  }
  for (const id of clients) to.call("handleClose", id);
  to.call("handleAcceptorEnd", acceptor);
  to.call("pollDecision", 0, 1);
  to.call("pollDecision", 0, 1);
}

/** Clients of several addresses: their turns, their limit, and who is evicted for whom. */
export function addresses(to: Recorder): void {
  const acceptor = to.call("handleAcceptor", 0);
  to.call("handleAcceptorLimits", acceptor, 6, 50, 0, 1000);
  to.call("handleAcceptorListen", acceptor, 1);
  to.call("handleLimits", 0, 0, 50);
  to.call("handleQueue", 0, 100, 1, 2, 0);
  // 2, 258 and 514 have the same place in the index of addresses.
  for (const key of [2, 2, 2, 2, 2, 258, 514, NaN, NaN, 258, 7]) to.call("handleAccept", acceptor, 0, key);
  to.call("handleClose", to.call("pollEvicted"));
  to.memory();
  to.call("handleLimits", 6, 0, 50);
  const inside = [1, 2, 3, 4, 5, 6, 7].map((now) => to.call("pollAdmission", now));
  to.memory();
  to.call("handleQueue", 1, 10, 0, 2 ** 31 - 1, 5);
  for (const now of [8, 9, 19]) {
    to.call("handleAccept", acceptor, now, 2);
    to.call("pollDisplacement", now);
  }
  for (const [at, id] of inside.entries()) {
    to.call("handleFound", id, at % 2);
    to.call("handleClose", id);
    to.call("pollAdmission", 20 + at);
  }
  to.call("handleTick", 100_000);
  to.call("pollDue");
  for (const watched of [1, 1, 1]) to.call("pollDecision", watched, 1);
  to.call("pollEvicted");
  to.memory();
  to.call("handleReset");
  to.memory();
}
