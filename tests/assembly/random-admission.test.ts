// The core's acceptors, admission and graceful stop, under random operations, compared with the reference.

import { Decision, Kind } from "wasm-ioloop/core";
import { type Draw, type Mix, type Twin, run } from "./model.ts";
import { harness } from "../support/harness.ts";

const test = harness("core random admission");

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
  const address = draw.of([1, 1, 1, 2, 3, 257, NaN, 0, 2 ** 52 + 1, 0.5, 1e300]);
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
