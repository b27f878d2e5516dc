// Runs that reach everything, including what random runs do not: every transition from every state, every odd argument, tables that
// grow and that are full, numbers that are hard to represent.

import { BATCH, Due, State, slotOf } from "wasm-ioloop/core";
import { addresses, ended, shutdown, states } from "./connection-runs.ts";
import { exports } from "./exports.ts";
import { Random } from "./random.ts";
import type { Recorder } from "./recorder.ts";
import { Session } from "./session.ts";

/** A script for each run. */
export function directedRuns(): Map<string, string[]> {
  const runs = {
    numbers,
    misuse,
    answers,
    line,
    defaults,
    far,
    activity,
    states,
    shutdown,
    ended,
    addresses,
    cut,
    growth,
    records,
    "full-timers": fullTimers,
    "full-acceptors": fullAcceptors,
  };
  return new Map(
    Object.entries(runs).map(([name, run]) => {
      const session = new Session(new Random(0));
      run(session);
      return [name, session.lines];
    }),
  );
}

// Each is stored, and must be read back unchanged.
const HARD = [0.1, 1 / 3, -0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2 ** 53, 2 ** 53 - 1, 2 ** 63];
const ODD = [NaN, Infinity, -Infinity, -1.5, 1e21, 123456.789];

function numbers(to: Recorder): void {
  [...HARD, ...HARD.map((number) => -number), ...ODD].forEach((number, slot) => {
    to.store("activityAddress", slot, number);
    to.load("activityAddress", slot);
  });
  for (const number of [2 ** 31 - 1, -(2 ** 31), -1]) {
    to.call("handleSeed", number);
    to.call("nextState", number, number);
    to.call("connectionsIn", number);
  }
  to.memory();
}

function misuse(to: Session): void {
  to.now = 100;
  for (const name of exports.keys()) to.misuse(name);
  to.memory();
}

const SLOTS = 2 ** 22; // per kind

// Times of activity that no clock returns, and their effect on the deadline.
function activity(to: Recorder): void {
  let now = 0;
  for (const time of [...ODD, ...HARD]) {
    const id = to.call("handleTrack", 5, now);
    to.store("activityAddress", slotOf(id), time);
    for (let pass = 0; pass < 2; pass++) {
      to.call("handleTick", (now += 5));
      if (to.call("pollDue") > 0) to.call("handleDue", to.load("dueAddress", 0));
      to.call("pollDeadline");
    }
    to.call("handleClose", id);
    to.memory();
  }
}

// Everything that can happen to a due timer.
function answers(to: Recorder): void {
  const [every, once, gone, later] = [1, 0, 0, 0].map((recurring) => to.call("handleTimer", 1, recurring, 0));
  to.call("handleTick", 1);
  to.call("pollDue");
  to.call("handleTimerRemove", gone!);
  to.call("handleTimerAgain", later!, NaN, 1);
  for (const id of [every, once, gone, later]) to.call("handleDue", id!);
  [every!, -every!, later!, once!, every!].forEach((command, at) => to.store("commandAddress", at, command));
  to.call("handleCommands", 5, NaN);
  to.call("handleTick", 2);
  to.memory();
}

// Clients that arrive when no client may wait any more, and clients that wait when nothing else is left.
function line(to: Recorder): void {
  to.call("handleLimits", 1, 0, 50);
  const acceptor = to.call("handleAcceptor", 0);
  to.call("handleAcceptorLimits", acceptor, 1, 0, 0, 1000);
  to.call("handleAcceptorListen", acceptor, 1);
  for (let client = 0; client < 4; client++) {
    to.call("handleAccept", acceptor, client, NaN);
    to.call("pollAdmission", client);
    to.call("acceptedCount");
  }
  to.call("handleLinger", to.call("handleTrack", 0, 0), 4);
  to.call("pollLinger");
  to.call("handleAcceptorClose", acceptor);
  to.call("handleClose", to.call("pollEvicted"));
  to.call("pollEvicted");
  to.call("handleHurry");
  to.memory();
}

// The address of the timers' records, which move when connections need room. The twin has no such memory.
function records(to: Recorder): void {
  to.load("timerAddress", 0);
  to.times(200, "handleConnect", 0, 0);
  to.load("timerAddress", 0);
  to.memory();
}

// The default limits.
function defaults(to: Recorder): void {
  const acceptor = to.call("handleAcceptor", 0);
  to.call("handleAcceptorListen", acceptor, 1);
  to.times(1100, "handleAccept", acceptor, 0, NaN);
  to.call("connectionsIn", State.WAITING);
  for (const now of [1, 2]) {
    to.times(60, "pollAdmission", now);
    to.call("acceptedCount");
    to.call("handleTick", now);
  }
  to.call("pollDeadline");
  to.memory();
}

// Times beyond the range of any clock.
function far(to: Recorder): void {
  for (const now of [1, 2 ** 32, 2 ** 49 - 1, 2 ** 49, 2 ** 49 + 1, 2 ** 53, 1e300]) {
    for (const after of [0, 1, now, 1e300]) to.call("handleTimer", after, 1, now / 2);
    to.call("handleTick", now);
    to.call("pollDue");
    to.call("handleDue", to.load("dueAddress", 0));
    to.call("pollDeadline");
    to.memory();
  }
}

// The random cut of maxAccepts is stored in memory; with a large maxAccepts the hash covers every bit.
function cut(to: Recorder): void {
  const acceptor = to.call("handleAcceptor", 0);
  to.call("handleAcceptorListen", acceptor, 1);
  for (const [at, seed] of [0, 1, 17, -1, 2 ** 31 - 1, -(2 ** 31)].entries()) {
    to.call("handleSeed", seed);
    for (const draws of [0, 1]) {
      to.call("handleLimits", 1000, 1e9 + 2 * at + draws, 50);
      to.call("handleAccept", acceptor, 0, NaN);
      to.call("pollAdmission", 0);
      to.call("pollAdmission", 0);
      to.memory();
    }
  }
}

function growth(to: Recorder): void {
  const grown = (count: number, name: string, ...args: number[]): void => {
    to.times(count, name, ...args);
    to.call("connectionCapacity");
    to.memory();
  };
  const acceptor = to.call("handleAcceptor", 0);
  grown(15, "handleAcceptor", 0);
  grown(1, "handleAcceptor", 1);
  grown(300, "handleAccept", acceptor, 0, NaN);
  grown(300, "handleTrack", 7, 0);
  grown(300, "handleConnect", 7, 0);
  grown(BATCH, "handleTimer", 3, 0, 0);
  grown(BATCH, "handleTimer", 7, 1, 0);
  // More than a batch holds; ids that are not answered are returned again
  for (const now of [3, 7, 70_000]) {
    to.call("handleTick", now);
    for (let round = 0; round < 4; round++) {
      const count = to.call("pollDue");
      const ids = [0, 1, count >> 1, count - 1].map((at) => to.load("dueAddress", at));
      for (const id of ids) if (to.call("handleDue", id) > Due.RECURRING) to.call("handleClose", id);
    }
    to.memory();
  }
  to.call("handleReset");
  to.memory();
  grown(100, "handleTrack", 7, 70_000);
}

// Nothing that needs a timer can be created.
function fullTimers(to: Recorder): void {
  const id = to.call("handleTrack", 0, 0);
  to.times(SLOTS, "handleTimer", 5, 0, NaN); // without a start time, which makes them faster to create
  to.call("handleTimer", 5, 0, 0);
  to.call("handleTrack", 5, 0);
  to.call("handleConnect", 5, 0);
  to.call("handleTimeout", id, 5, 0);
  to.call("handleLifetime", id, 5, 0);
  to.call("handleLinger", id, 0);
  to.call("handleDrain", 5, 5, 0, 0);
  to.call("phase");
  to.call("timerCount");
}

function fullAcceptors(to: Recorder): void {
  to.times(SLOTS, "handleAcceptor", 0);
  to.call("handleAcceptor", 0);
  to.call("acceptorCount");
}
