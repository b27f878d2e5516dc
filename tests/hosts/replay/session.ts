// A simulated host: it keeps the ids that it got and the time, and makes random calls.

import { Decision, Due, Kind, kindOf, slotOf } from "wasm-ioloop/core";
import { type Export, exports } from "./exports.ts";
import type { Random } from "./random.ts";
import { Recorder } from "./recorder.ts";

type Parameter = Export["parameters"][number];

const KINDS: readonly number[] = Object.values(Kind);
const KEPT = 60; // ids per kind, many of them spent

// The values for a parameter, by its name: mostly from the first list, sometimes from the second.
const NUMBERS: Record<string, readonly [usual: readonly number[], odd: readonly number[]]> = {};
const draws = (names: string, usual: readonly number[], odd: readonly number[]): void => {
  for (const name of names.split(" ")) NUMBERS[name] = [usual, odd];
};
draws(
  "after timeout delay waitTimeout lifetime targetWait displaceIdle",
  [0, 0, 1, 2, 5, 5, 13, 40, 100, 250, 600, 1000, 5000, 20_000],
  [NaN, NaN, NaN, -1, Infinity, -Infinity, -0, 5e-324, 0.1, 0.5, 1e7, 2 ** 32, 2 ** 53, 1e300],
);
draws("recurring single exempt takeTurns", [0, 0, 1], [-1, 2]);
draws("on running reset adaptive gone", [0, 1, 1], [-1, 2]);
draws("backlog maxConnections", [0, 1, 2, 3, 5, 8, 100], [2 ** 31 - 1, -1, 0.5, NaN, Infinity, 2 ** 31, -0]);
draws("addressLimit", [0, 0, 1, 2, 3, 8], [2 ** 31 - 1, 2 ** 30, -1, 0.5, NaN, 2 ** 31]);
// Some of these have the same place in the index of addresses.
draws("address", [1, 2, 3, 258, 514, 2 ** 52 + 2], [NaN, NaN, 0, -0, -1, 0.5, Infinity, -Infinity, 1e300]);
draws("maxAccepts", [0, 0, 0, 3, 10, 20], [2 ** 31 - 1, -1, 0.5, NaN, 2 ** 31]);
draws("multiAccept", [1, 2, 3, 50], [0, 2 ** 31 - 1, -1, NaN]);
draws("perSecond", [0, 0, 1, 10, 100, 1000], [NaN, -1, Infinity, 0.5, 1e300]);
draws("burst", [1, 2, 5, 50], [0, 2 ** 31 - 1, -1, NaN, 0.5]);
draws("watched", [0, 0, 1], [-1, 2 ** 31 - 1]);
draws("seed", [1, 2, 3], [0, -1, -(2 ** 31), 2 ** 31 - 1]);
draws("state", [0, 1, 2, 3, 4, 5, 6, 7], [-1, 8, 2 ** 31 - 1, -(2 ** 31)]);
draws("event", [0, 1, 2, 3, 4, 5, 6, 7, 8], [-1, 9, 2 ** 31 - 1, -(2 ** 31)]);
draws("count", [1, 2, 3, 5], [0, -1]);

/** Values that are not an id of that kind, or an id that was never returned. */
function noIds(kind: number): number[] {
  const least = kind * 2 ** 51;
  return [NaN, -1, 0, 0.5, Infinity, -Infinity, 2 ** 53, 2 ** 64, least + 2 ** 21, least + 2 ** 51 - 1];
}

/** Ids that are similar to a valid one: of another generation, kind or slot, or invalid. */
function near(id: number): number[] {
  return [id + 2 ** 22, id - 2 ** 22, id + 2 ** 51, id - 2 ** 51, id + 1, id + 0.5, -id];
}

const ODD_TIMES = (now: number): number[] => [NaN, Infinity, -Infinity, -1, 0, now - 3];

export class Session extends Recorder {
  readonly random: Random;
  now = 0;
  readonly #ids = new Map<number, number[]>(KINDS.map((kind) => [kind, []]));

  constructor(random: Random) {
    super();
    this.random = random;
  }

  override call(name: string, ...args: number[]): number {
    const result = super.call(name, ...args);
    const known = this.#ids.get(kindOf(result));
    if (known && !known.includes(result)) {
      known.push(result);
      if (known.length > KEPT) known.shift();
    }
    return result;
  }

  /** Calls an export with random arguments. */
  draw(name: string): number {
    const { parameters } = exports.get(name)!;
    return this.call(name, ...parameters.map((parameter) => this.#argument(name, parameter)));
  }

  /** An id: mostly of that kind, often spent, sometimes of another kind, forged, or invalid. */
  id(kind: number): number {
    const { random } = this;
    const ids = this.#ids.get(random.oneIn(12) ? random.of(KINDS) : kind)!;
    if (ids.length === 0) return random.of(noIds(kind));
    // Recent ones are more likely to be valid
    const id = ids[ids.length - 1 - Math.min(random.below(ids.length), random.below(ids.length))]!;
    return random.oneIn(15) ? random.of([...near(id), ...noIds(kind)]) : id;
  }

  /** Advances the time, mostly not at all or a little, and returns it. */
  wait(): number {
    const { random } = this;
    this.now += random.oneIn(40) ? random.of([700, 3000, 30_000, 1_000_000]) : random.of([0, 0, 1, 1, 2, 5, 20, 100]);
    return random.oneIn(10) ? this.now + 0.5 : this.now;
  }

  /** Records activity on a connection. */
  touch(): void {
    const id = this.id(Kind.CONNECTION);
    const slot = kindOf(id) === Kind.CONNECTION ? slotOf(id) : 0;
    if (slot >= this.call("connectionCapacity")) return;
    const { random } = this;
    const odd = [NaN, -Infinity, Infinity, -1, 0, this.now + 50, 1e300];
    this.store("activityAddress", slot, random.oneIn(15) ? random.of(odd) : this.wait());
  }

  /** Restarts timers by commands in memory. */
  command(): void {
    const { random } = this;
    const count = 1 + random.below(random.oneIn(5) ? 20 : 5);
    for (let i = 0; i < count; i++) {
      this.store("commandAddress", i, this.id(Kind.TIMER));
    }
    this.call("handleCommands", count, this.#timeOrLater());
  }

  /** A pass. Sometimes calls `between` before handleDue; some ids are skipped, so that they are returned again. */
  pass(between: () => void): void {
    const { random } = this;
    this.call("handleTick", this.#time());
    for (let round = 0; round < 3; round++) {
      const count = this.call("pollDue");
      if (count === 0) return;
      for (let i = 0; i < Math.min(count, 20); i++) {
        const id = this.load("dueAddress", i);
        if (random.oneIn(5)) between();
        if (!random.oneIn(10)) this.answer(id);
      }
    }
  }

  /** Calls handleDue for a collected id, and closes a connection that has expired. */
  answer(id: number): void {
    const answer = this.call("handleDue", id);
    if (answer > Due.RECURRING && !this.random.oneIn(8)) this.call("handleClose", id);
  }

  /** Calls an export with every odd value for each argument, and usual values for the others. */
  misuse(name: string): void {
    const { parameters } = exports.get(name)!;
    if (parameters.length === 0) return void this.call(name);
    const made = new Map<number, number>([
      [Kind.TIMER, this.call("handleTimer", 5, 0, this.now)],
      [Kind.CONNECTION, this.call("handleTrack", 5, this.now)],
      [Kind.ACCEPTOR, this.call("handleAcceptor", 0)],
    ]);
    const usual = parameters.map((parameter) => {
      if (parameter.name === "now") return this.now;
      const [kind] = kindsOf(name, parameter);
      return kind === undefined ? numbersOf(parameter)[0][1]! : made.get(kind)!;
    });
    const oddOf = (parameter: Parameter): readonly number[] => {
      if (parameter.name === "now") return ODD_TIMES(this.now);
      const kinds = kindsOf(name, parameter);
      if (kinds.length === 0) return numbersOf(parameter)[1];
      return kinds.flatMap((kind) => near(made.get(kind)!).concat(noIds(kind)));
    };
    parameters.forEach((parameter, at) => {
      for (const odd of oddOf(parameter)) this.call(name, ...usual.with(at, odd));
    });
  }

  /** Admits clients, resets evicted ones, and polls for decisions. */
  settle(): void {
    for (let id = this.call("pollAdmission", this.#time()); id > 0; id = this.call("pollAdmission", this.#time())) {
      if (this.random.oneIn(2)) this.call("handleFound", id, this.random.of([0, 1]));
    }
    if (this.call("pollDisplacement", this.#time()) > 0) this.touch();
    for (let decision: number = Decision.EXPIRED; decision !== Decision.NOTHING && decision !== Decision.STOP;) {
      if (decision === Decision.EXPIRED || decision === Decision.RESET)
        for (const poll of ["pollEvicted", "pollLinger"]) this.#closeAll(poll);
      decision = this.draw("pollDecision");
    }
  }

  #closeAll(poll: string): void {
    for (let id = this.call(poll); id > 0; id = this.call(poll)) this.call("handleClose", id);
  }

  #time(): number {
    const { random } = this;
    return random.oneIn(20) ? random.of(ODD_TIMES(this.now)) : this.wait();
  }

  // NaN means that the start time will be set later
  #timeOrLater(): number {
    return this.random.oneIn(4) ? NaN : this.#time();
  }

  #argument(name: string, parameter: Parameter): number {
    if (parameter.name === "now") return /^handle(?:Timer|Commands)$/.test(name) ? this.#timeOrLater() : this.#time();
    const kinds = kindsOf(name, parameter);
    if (kinds.length > 0) return this.id(this.random.of(kinds));
    const [usual, odd] = numbersOf(parameter);
    return this.random.of(this.random.oneIn(7) ? odd : usual);
  }
}

/** The kinds of ids that a parameter of an export takes; empty if it is not an id. */
function kindsOf(name: string, parameter: Parameter): number[] {
  if (parameter.name === "acceptor") return [Kind.ACCEPTOR];
  if (parameter.name !== "id") return [];
  if (name === "handleDue") return [Kind.TIMER, Kind.CONNECTION];
  if (/Timer/.test(name)) return [Kind.TIMER];
  return [/Acceptor/.test(name) ? Kind.ACCEPTOR : Kind.CONNECTION];
}

function numbersOf(parameter: Parameter): (typeof NUMBERS)[string] {
  const numbers = NUMBERS[parameter.name];
  if (!numbers) throw new Error(`there are no values for ${parameter.name}: add them in session.ts`);
  return numbers;
}
