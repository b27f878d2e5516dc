// The steps of random programs for the core and its twin.

import { COMMANDS, Kind } from "wasm-ioloop/core";
import { FUNCTIONS, NAMES } from "../assembly/functions.ts";
import type { Draw } from "../assembly/model.ts";
import type { Pair } from "./twin-pair.ts";

type Step = (pair: Pair, draw: Draw) => void;
/** A kind of step, and its weight among the others. */
export type Mix = readonly (readonly [weight: number, step: Step])[];

const create: Step = (pair, draw) => {
  const recurring = draw.of([0, 0, 0, 1, 0.5, 2 ** 32]);
  pair.call("handleTimer", pair.duration(draw), recurring, draw.below(3) === 0 ? NaN : pair.time(draw));
};

const again: Step = (pair, draw) => {
  const after = draw.below(3) === 0 ? pair.duration(draw) : NaN;
  pair.call("handleTimerAgain", pair.id(draw, Kind.TIMER), after, pair.time(draw));
};

const command: Step = (pair, draw) => {
  const size = draw.below(draw.below(8) === 0 ? COMMANDS + 1 : 8);
  const commands = Array.from({ length: size }, () => pair.id(draw, Kind.TIMER) * (draw.below(5) === 0 ? -1 : 1));
  const count = draw.below(40) === 0 ? draw.of([-1, 300, 2 ** 31, 2.5]) : size;
  pair.command(commands, draw.below(2) === 0 ? NaN : pair.time(draw), count);
};

const remove: Step = (pair, draw) => void pair.call("handleTimerRemove", pair.id(draw, Kind.TIMER));

const open: Step = (pair, draw) => {
  pair.call(draw.below(2) === 0 ? "handleTrack" : "handleConnect", pair.duration(draw), pair.time(draw));
};

const accept: Step = (pair, draw) => {
  const id = pair.id(draw, Kind.ACCEPTOR);
  const address = draw.below(8) === 0 ? pair.any(draw) : draw.of([NaN, 1, 2, 3, 257, 513, 1.5, -1]);
  for (let clients = 1 + draw.below(3); clients > 0; clients--) pair.call("handleAccept", id, pair.time(draw), address);
  for (let tries = draw.below(3); tries > 0; tries--) {
    const client = pair.call("pollAdmission", pair.time(draw));
    if (draw.below(2) === 0) pair.call("handleFound", client, draw.of([0, 1, 1]));
  }
};

const acceptor: Step = (pair, draw) => {
  if (draw.below(3) === 0) pair.call("handleAcceptor", draw.of([0, 0, 0, 1]));
  const [id, backlog] = [pair.id(draw, Kind.ACCEPTOR), draw.of([0, 1, 5, 100, 511])];
  const kind = draw.below(8);
  if (kind < 4) pair.call("handleAcceptorListen", id, draw.of([0, 1, 1, 1]));
  else if (kind < 7) {
    const most = draw.of([0, 1, 3, 1000, 2 ** 31 - 1, 2 ** 31 - 1, -1]);
    pair.call("handleAcceptorLimits", id, backlog, pair.duration(draw), draw.below(2), most);
  } else if (draw.below(4) === 0) pair.call(draw.of(["handleAcceptorClose", "handleAcceptorEnd"] as const), id);
};

const move: Step = (pair, draw) => {
  const id = pair.id(draw, Kind.CONNECTION);
  const kind = draw.below(10);
  if (kind === 0) pair.call("handleConnected", id, pair.time(draw));
  else if (kind === 1) pair.call("handleAdopt", id);
  else if (kind < 4) pair.call("handleTimeout", id, pair.duration(draw), pair.time(draw));
  else if (kind === 4) pair.call("handleClose", id);
  else if (kind === 5) pair.call("handleLifetime", id, pair.duration(draw), pair.time(draw));
  else if (kind === 6) pair.call("handleLinger", id, pair.time(draw));
  else if (kind === 7) pair.call("handleFound", id, draw.below(2));
  else pair.touch(id, draw.below(16) === 0 ? draw.of([NaN, Infinity, -5, 1e300]) : pair.now);
};

const policy: Step = (pair, draw) => {
  const [adaptive, targetWait] = [draw.of([0, 1, 1]), draw.of([0, 1, 5, 100, NaN])];
  const [takeTurns, most] = [draw.of([0, 0, 1]), draw.of([0, 0, 1, 3, 2 ** 31 - 1, -1])];
  pair.call("handleQueue", adaptive, targetWait, takeTurns, most, draw.of([0, 0, 1, 20, NaN]));
};

const stop: Step = (pair, draw) => {
  const wait = (): number => draw.of([0, 0, 1, 5, 20, NaN]);
  const most = (): number[] => [draw.of([0, 5, 1000, -1]), draw.of([0, 0, 1, 7, 30]), draw.of([1, 3, 50, 0])];
  const kind = draw.below(16);
  if (kind < 2) pair.call("handleDrain", wait(), wait(), pair.time(draw), draw.of([0, 0, 0, 1]));
  else if (kind === 2) pair.call(draw.of(["handleHurry", "handleStop"] as const));
  else if (kind < 6) pair.call("handleLimits", ...most());
  else if (kind === 6 || kind === 8) policy(pair, draw);
  else if (kind === 7) pair.call("handleRate", draw.of([0, 0, 3, 100, -1]), draw.of([1, 2, 50, 0]), pair.time(draw));
  else if (kind === 9) pair.call("pollDisplacement", pair.time(draw));
  else if (kind < 11) pair.call("handleClose", pair.call(draw.of(["pollEvicted", "pollLinger"] as const)));
  else pair.call("pollDecision", draw.of([0, 0, 1, -1, 2 ** 32]), draw.of([1, 1, 0]));
};

const any: Step = (pair, draw) => {
  const name = draw.of(NAMES);
  if (name === "handleReset" && draw.below(12) > 0) return;
  pair.call(name, ...Array.from({ length: FUNCTIONS[name] }, () => pair.any(draw)));
};

// A pass in which callbacks make random calls, also about due timers; sometimes the host stops early.
const pass: Step = (pair, draw) => {
  const busy = draw.below(3);
  let left = 2000;
  pair.pass(pair.time(draw), (id) => {
    if (--left === 0 || (busy === 2 && draw.below(40) === 0)) return false;
    if (busy === 0) return true;
    const kind = draw.below(12);
    if (kind === 0) pair.call("handleTimerRemove", id);
    else if (kind === 1) pair.command([id], draw.below(2) === 0 ? NaN : pair.time(draw));
    else if (kind === 2) pair.touch(id, pair.now);
    else if (kind === 3) pair.call("handleClose", id);
    else if (kind < 8) draw.of([create, again, command, open, accept, move, remove])(pair, draw);
    return true;
  });
};

const leap: Step = (pair, draw) => {
  pair.now += 2 ** draw.below(40);
  pass(pair, draw);
};

const crowd: Step = (pair, draw) => {
  const step = draw.of([create, create, open, acceptor]);
  for (let left = draw.below(step === acceptor ? 100 : 3000); left > 0; left--) step(pair, draw);
};

const waking: Step = (pair) => {
  const deadline = pair.call("pollDeadline");
  if (deadline > pair.now && deadline < 2 ** 52) pair.now = deadline;
  pair.call("handleTick", pair.now);
};

export const timers: Mix = [
  [24, create],
  [24, again],
  [16, command],
  [8, remove],
  [8, pass],
  [4, waking],
  [1, leap],
  [2, open],
];
export const serving: Mix = [
  [4, create],
  [8, open],
  [40, accept],
  [24, move],
  [8, acceptor],
  [6, stop],
  [8, pass],
  [2, waking],
];
export const stopping: Mix = [
  [2, create],
  [2, open],
  [16, accept],
  [12, move],
  [6, acceptor],
  [24, stop],
  [6, pass],
  [6, waking],
];
export const anything: Mix = [
  [40, any],
  [8, create],
  [8, open],
  [8, accept],
  [8, move],
  [4, acceptor],
  [4, pass],
  [1, leap],
];
export const leaping: Mix = [
  [24, create],
  [8, again],
  [8, command],
  [8, open],
  [8, move],
  [8, leap],
  [8, waking],
  [8, pass],
];
export const crowded: Mix = [
  [1, crowd],
  [20, accept],
  [8, stop],
  [40, again],
  [40, command],
  [20, remove],
  [30, move],
  [20, pass],
  [10, waking],
];
