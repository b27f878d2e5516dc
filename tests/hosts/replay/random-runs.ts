// Random runs: simulated hosts, each with another mix of calls.

import { exports } from "./exports.ts";
import { Random } from "./random.ts";
import { Session } from "./session.ts";

type Step = (session: Session) => void;

/** Steps, with the weight of each. */
type Mix = readonly (readonly [weight: number, step: Step])[];

const draw =
  (...names: string[]): Step =>
  (session) =>
    session.draw(session.random.of(names));

const ALL = [...exports.keys()].filter((name) => name !== "handleReset");
const LOOKS = ["timerCount", "acceptorCount", "acceptedCount", "phase", "pollDeadline", "stateOf", "connectionsIn"];

const anything: Step = draw(...ALL);
const make: Step = draw("handleTimer", "handleTimer", "handleAcceptor", "handleAccept", "handleConnect", "handleTrack");
const reset: Step = draw("handleReset");
const touch: Step = (session) => session.touch();
const settle: Step = (session) => session.settle();
const memory: Step = (session) => session.memory();
const look: Step = draw(...LOOKS);
const pass: Step = (session) => session.pass(() => (session.random.oneIn(3) ? settle(session) : anything(session)));
const command: Step = (session) => session.command();

const MIXES: Record<string, Mix> = {
  timers: [
    [24, draw("handleTimer")],
    [14, draw("handleTimerAgain")],
    [8, draw("handleTimerRemove")],
    [6, command],
    [2, draw("handleDue")],
    [8, pass],
    [3, look],
    [2, memory],
  ],
  connections: [
    [3, draw("handleTrack")],
    [3, draw("handleConnect")],
    [3, draw("handleConnected")],
    [1, draw("handleAdopt")],
    [4, draw("handleTimeout")],
    [3, draw("handleLifetime")],
    [1, draw("handleLinger")],
    [3, touch],
    [2, draw("handleClose")],
    [2, draw("stateOf")],
    [2, pass],
    [3, look],
    [1, memory],
  ],
  admission: [
    [1, draw("handleAcceptor")],
    [3, draw("handleAcceptorListen")],
    [2, draw("handleAcceptorLimits")],
    [1, draw("handleAcceptorClose", "handleAcceptorEnd")],
    [14, draw("handleAccept")],
    [3, draw("handleClose", "handleClose", "handleClose", "handleLinger")],
    [1, draw("handleLimits")],
    [1, draw("handleQueue", "handleQueue", "handleRate", "handleFound")],
    [4, settle],
    [2, pass],
    [2, look],
    [1, memory],
  ],
  stopping: [
    [5, make],
    [2, draw("handleAcceptorListen")],
    [3, draw("handleConnected", "handleTimeout")],
    [2, draw("handleDrain")],
    [1, draw("handleHurry", "handleStop")],
    [1, draw("handleAcceptorEnd", "handleLinger")],
    [4, draw("handleClose", "handleTimerRemove")],
    [3, draw("pollDecision", "phase")],
    [3, settle],
    [2, pass],
    [1, reset],
    [2, look],
    [1, memory],
  ],
  anything: [
    [30, anything],
    [15, make],
    [3, touch],
    [3, pass],
    [3, settle],
    [2, look],
    [2, memory],
    [1, reset],
  ],
};

/** A script of about this many lines for each mix. */
export function randomRuns(seed: number, lines: number): Map<string, string[]> {
  return new Map(Object.entries(MIXES).map(([name, mix], at) => [name, run(mix, seed * 100 + at, lines)]));
}

function run(mix: Mix, seed: number, lines: number): string[] {
  const session = new Session(new Random(seed));
  session.draw("handleSeed");
  const steps = mix.flatMap(([weight, step]) => Array.from({ length: weight }, () => step));
  while (session.lines.length < lines) session.random.of(steps)(session);
  session.memory();
  return session.lines;
}
