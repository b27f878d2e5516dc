// The core and its reference side by side: every call goes to both, and must have the same result.
//
// A program is a list of words. Each word is one step: it seeds the random draws of that step, so that fast-check can leave
// steps out without changing the others. Set FAST_CHECK_SEED to get other programs.

import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { Core, Kind, kindOf, slotOf } from "wasm-ioloop/core";
import { Reference } from "./reference.ts";

// Failures that need hundreds of steps take long to shrink, so shrinking is interrupted after some time.
const SETTINGS = {
  seed: Number(process.env["FAST_CHECK_SEED"] ?? 20260117),
  includeErrorInReport: true,
  interruptAfterTimeLimit: 300_000,
  markInterruptAsFailure: true,
};

type Call = Exclude<keyof Reference & keyof Core["calls"], "pollDue" | "pollDeadline" | "handleCommands">;

/** A kind of step, and its weight among the others. */
export type Mix = readonly (readonly [weight: number, step: (twin: Twin, draw: Draw) => void])[];

/** The random draws of a step, seeded by its word. */
export class Draw {
  #state: number;

  constructor(word: number) {
    this.#state = word;
  }

  /** A whole number, from 0 to `end` - 1. */
  below(end: number): number {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((this.#state ^ (this.#state >>> 13)) >>> 0) % end;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** A duration: mostly short, so that deadlines are often equal; sometimes invalid. */
  duration(): number {
    return this.below(16) > 0
      ? this.of([0, 0, 0.5, 1, 1, 2, 3, 5, 8, 13, 40, 200])
      : this.of([NaN, -1, Infinity, -Infinity, -0, 5e-324, 1e6]);
  }
}

/** Throws at the first difference of two lists, which are too long to print. */
export function same(ids: readonly number[], expected: readonly number[]): void {
  const at = expected.findIndex((id, i) => ids[i] !== id);
  if (at >= 0) assert.is(ids[at], expected[at], `id ${at} of ${expected.length}, where ${ids.length} were given`);
  assert.is(ids.length, expected.length);
}

export class Twin {
  readonly core: Core;
  readonly reference: Reference;
  /** Recent ids of every kind, many of them spent. */
  readonly ids: number[] = [];
  now = 0;

  constructor(seed = 1) {
    this.core = new Core(seed);
    this.reference = new Reference(seed);
  }

  /** Calls both and returns their result. */
  call(name: Call, ...args: number[]): number {
    const answer = (this.core.calls[name] as (...args: number[]) => number)(...args);
    this.core.refresh();
    const expected = (this.reference[name] as (...args: number[]) => number)(...args, answer);
    if (answer !== expected) assert.equal(answer, expected, `${name}(${args.join(", ")})`);
    return answer;
  }

  /** Makes a call that creates an object, and keeps its id. */
  make(name: Call, ...args: number[]): number {
    const id = this.call(name, ...args);
    if (id < 0) return id;
    if (kindOf(id) !== Kind.TIMER) this.core.opened(id);
    this.ids.push(id);
    if (this.ids.length > 400) this.ids.splice(0, 200);
    return id;
  }

  /** Polls both for what is due. */
  poll(): number[] {
    const { core, reference } = this;
    const ids = [...core.due.subarray(0, core.calls.pollDue())];
    const expected = reference.pollDue();
    same(ids, expected);
    return ids;
  }

  /** Passes commands to both. */
  command(commands: readonly number[], now: number): number {
    new Float64Array(this.core.calls.memory.buffer, this.core.calls.commandAddress()).set(commands);
    const stale = this.core.calls.handleCommands(commands.length, now);
    assert.is(stale, this.reference.handleCommands(commands, now), `of ${commands.join()} at ${now}`);
    return stale;
  }

  /** A pass as a host runs it. Calls `between` before each handleDue, and ends early if that returns false. */
  pass(now: number, between: (id: number) => boolean | void = () => {}): void {
    runPass(this, now, between);
  }

  /** Makes a call without a result on both. */
  tell(name: "handleReset" | "handleStop"): void {
    this.core.calls[name]();
    this.reference[name]();
  }

  /** Records activity on a connection, as a host does. */
  touch(id: number): void {
    const connection = this.reference.connections.get(id);
    if (!connection) return;
    this.core.activity[slotOf(id)] = connection.activity = this.reference.now;
  }

  /** An id: mostly a valid one, sometimes spent, of another kind, forged, or not an id. */
  id(draw: Draw, kind: number): number {
    const { ids } = this;
    const bad = [NaN, -1, 0, 0.5, Infinity, -Infinity, 2 ** 53, 2 ** 64, -(2 ** 52), kind * 2 ** 51 + 2 ** 21];
    if (ids.length === 0 || draw.below(16) === 0) return draw.of(bad);
    let id = draw.of(ids);
    for (let tries = draw.below(8); tries > 0 && kindOf(id) !== kind; tries--) id = draw.of(ids);
    if (draw.below(16) > 0) return id;
    return draw.of([
      id + 2 ** 22 * (1 + draw.below(3)),
      id - 2 ** 22,
      id + 0.5,
      id + 2 ** 51,
      id - 2 ** 51,
      -id,
      id + 1,
    ]);
  }

  /** The current time: mostly the same or a little later; sometimes invalid, or earlier. */
  time(draw: Draw): number {
    const kind = draw.below(16);
    if (kind === 0) return draw.of([NaN, Infinity, -Infinity, -1, 0, this.now - 3]);
    if (kind < 8) this.now += draw.of([0.5, 1, 1, 2, 5]);
    return this.now;
  }

  /** Compares the state that both report. */
  compare(): void {
    for (const name of ["timerCount", "acceptorCount", "acceptedCount", "phase"] as const) this.call(name);
    for (let state = 0; state < 8; state++) this.call("connectionsIn", state);
    const { core, reference } = this;
    const [lower, next] = [core.calls.pollDeadline(), reference.pollDeadline()];
    // A lifetime may already be over when it is set.
    assert.ok(lower <= Math.max(next, reference.pass), `deadline ${lower}, but ${next} is due`);
    assert.is(lower === Infinity, next === Infinity, `deadline ${lower} where the next is ${next}`);
    // After a host has collected everything that was due, the next deadline must not be in the past.
    assert.ok(
      lower > reference.pass || next <= reference.pass || reference.isDue,
      `deadline ${lower} in the pass of ${reference.pass}`,
    );
    for (const id of this.ids.slice(-20)) {
      for (const one of [id, id + 2 ** 22, id - 2 ** 22, id + 0.5, -id]) {
        assert.is(core.isTimer(one), reference.timers.has(one), `timer ${one}`);
      }
    }
    for (const { id, state, activity } of reference.connections.values()) {
      assert.is(core.calls.stateOf(id), state);
      assert.is(core.activity[slotOf(id)], activity);
    }
  }
}

/** Programs of at most `length` words. */
export function words(length: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: length, size: "max" });
}

/** Runs random programs on twins. Fails if fewer than `operations` steps were compared. */
export function run(mixes: readonly Mix[], operations: number, length: number): void {
  let steps = 0;
  const tables = mixes.map((mix) => mix.flatMap(([weight, step]) => Array.from({ length: weight }, () => step)));
  const program = fc.property(fc.nat(mixes.length - 1), words(length), (mix, words) => {
    const twin = new Twin(words.length);
    for (const word of words) {
      const draw = new Draw(word);
      draw.of(tables[mix]!)(twin, draw);
      if (draw.below(8) === 0) twin.compare();
    }
    twin.compare();
    steps += words.length;
  });
  // A program has half the maximum length on average; more often it is short.
  fc.assert(program, { ...SETTINGS, numRuns: Math.ceil((operations * 2.5) / length) });
  assert.ok(steps >= operations, `only ${steps} operations`);
}

/** Checks a fast-check property with the seed of this run. */
export function check<T extends unknown[]>(property: fc.IProperty<T>, numRuns: number): void {
  fc.assert(property, { ...SETTINGS, numRuns });
}

interface Passing {
  call(name: "handleTick" | "handleDue", argument: number): unknown;
  poll(): readonly number[];
}

/** A pass as a host runs it. Calls `between` before each handleDue, and ends early if that returns false. */
export function runPass(core: Passing, now: number, between: (id: number) => boolean | void): void {
  core.call("handleTick", now);
  for (let ids = core.poll(); ids.length > 0; ids = core.poll()) {
    for (const id of ids) {
      if (between(id) === false) return;
      core.call("handleDue", id);
    }
  }
}
