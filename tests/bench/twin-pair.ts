// The core and its twin in TypeScript side by side: every call goes to both, and must have the same result.

import * as assert from "uvu/assert";
import { COMMANDS, Core, Due, Kind, kindOf, slotOf } from "wasm-ioloop/core";
import { type Calls, TwinCore } from "../../bench/twin/core.ts";
import { type Draw, runPass } from "../assembly/model.ts";

type Any = (...args: number[]) => number | undefined;

// Numbers around limits, and invalid ones.
const JUNK = [NaN, Infinity, -Infinity, -0, -1, 0.5, 1.5, 5e-324, 1e300, 2 ** 31, -(2 ** 31), 2 ** 32 + 1];

// The calls that create objects, and those that remove them.
const MAKES = new Set(["handleTimer", "handleAcceptor", "handleAccept", "handleConnect", "handleTrack"]);
const ENDS = new Set(["handleTimerRemove", "handleAcceptorClose", "handleClose"]);

export class Pair {
  readonly core: Core;
  readonly twin: TwinCore;
  /** The names of all calls that were made. */
  readonly called: Set<string> = new Set();
  calls = 0;
  now = 0;
  // By kind, valid ids, and recently spent ones.
  readonly #ids: number[][] = [[], [], [], []];
  readonly #spent: number[][] = [[], [], [], []];

  constructor(seed: number) {
    this.core = new Core(seed);
    this.twin = new TwinCore(seed);
  }

  /** Calls both, and returns the result. */
  call(name: keyof Calls, ...args: number[]): number {
    const { core, twin } = this;
    const expected = (core.calls[name] as Any)(...args);
    const answer = (twin.calls[name] as Any)(...args);
    if (!Object.is(answer, expected)) assert.is(answer, expected, `${name}(${args.join(", ")}) at ${this.now}`);
    this.called.add(name);
    this.calls++;
    core.refresh();
    twin.refresh();
    if (name === "handleReset") for (let kind = 1; kind <= 3; kind++) this.#ids[kind] = [];
    if (expected === undefined) return 0;
    if (MAKES.has(name) && expected > 0) this.#keep(expected);
    if (ENDS.has(name) ? expected === 0 : name === "handleDue" && expected === Due.ONCE) this.#spend(args[0]!);
    return expected;
  }

  /** Polls both for what is due. */
  poll(): number[] {
    const count = this.call("pollDue");
    const ids = [...this.core.due.subarray(0, count)];
    this.#same("due", this.twin.due.subarray(0, count), ids);
    return ids;
  }

  /** Writes commands to both, and passes `count` as their number. */
  command(commands: readonly number[], now: number, count: number = commands.length): number {
    this.core.commands.set(commands);
    this.twin.commands.set(commands);
    return this.call("handleCommands", count, now);
  }

  /** A pass as a host runs it. Calls `between` before each handleDue, and ends early if that returns false. */
  pass(now: number, between: (id: number) => boolean | void = () => {}): void {
    runPass(this, now, between);
  }

  /** Stores the time of activity on a connection. */
  touch(id: number, time: number): void {
    const slot = slotOf(id);
    if (slot < this.core.activity.length) this.core.activity[slot] = this.twin.activity[slot] = time;
  }

  /** An id: mostly a valid one, sometimes spent, of another kind, forged, or not an id. */
  id(draw: Draw, kind: number): number {
    const from = draw.below(32) === 0 ? 1 + draw.below(3) : kind;
    const ids = (draw.below(16) === 0 ? this.#spent : this.#ids)[from]!;
    if (ids.length === 0 || draw.below(32) === 0) return draw.of([...JUNK, kind * 2 ** 51 + 2 ** 21]);
    const id = draw.of(ids);
    if (draw.below(24) > 0) return id;
    const generation = 2 ** 22;
    return draw.of([id + generation, id - generation, id + 0.5, id + 2 ** 51, id - 2 ** 51, -id, id + 1, id * 2 ** 64]);
  }

  /** The current time: mostly the same or a little later; sometimes invalid, or earlier. */
  time(draw: Draw): number {
    const kind = draw.below(24);
    if (kind === 0) return draw.of([NaN, Infinity, -Infinity, -1, 0, this.now - 3, 2 ** 53 + 2]);
    if (kind < 10) this.now += draw.of([0.01, 0.5, 1, 1, 2, 5, 40]);
    return this.now;
  }

  /** A duration: mostly short, so that deadlines are often equal or in one tick; sometimes invalid. */
  duration(draw: Draw): number {
    const kind = draw.below(32);
    if (kind === 0) return draw.of(JUNK);
    if (kind < 20) return draw.of([0, 0.01, 0.02, 0.5, 1, 1, 2, 3, 5, 8, 13, 40, 200]);
    return kind < 30 ? draw.below(1000) / 16 : 2 ** draw.below(54);
  }

  /** A number of any kind. */
  any(draw: Draw): number {
    const kind = draw.below(8);
    if (kind < 4) return this.id(draw, 1 + draw.below(3));
    if (kind === 4) return this.time(draw);
    if (kind === 5) return this.duration(draw);
    return kind === 6 ? draw.below(8) : draw.of(JUNK);
  }

  /** Compares the state that both report, and the memory that a host may read. */
  compare(): void {
    for (const name of ["timerCount", "acceptorCount", "acceptedCount", "phase", "pollDeadline"] as const) {
      this.call(name);
    }
    for (let state = -1; state <= 8; state++) this.call("connectionsIn", state);
    const capacity = this.call("connectionCapacity");
    this.core.opened(0);
    // A view of the core that is still valid may have been created before the table grew.
    const seen = this.core.activity;
    assert.is(this.twin.activity.length, capacity);
    this.#same("activity", this.twin.activity.subarray(0, seen.length), seen);
    for (const id of this.#ids[Kind.CONNECTION]!) this.call("stateOf", id);
  }

  #keep(id: number): void {
    this.twin.opened(id);
    this.core.opened(id);
    this.#ids[kindOf(id)]!.push(id);
  }

  #spend(id: number): void {
    const kind = kindOf(id);
    const ids = this.#ids[kind];
    const at = ids?.indexOf(id) ?? -1;
    if (!ids || at < 0) return;
    ids[at] = ids.at(-1)!;
    ids.pop();
    const spent = this.#spent[kind]!;
    spent.push(id);
    if (spent.length > COMMANDS) spent.splice(0, COMMANDS / 2);
  }

  #same(what: string, list: ArrayLike<number>, expected: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      if (!Object.is(list[i], expected[i])) assert.is(list[i], expected[i], `${what} ${i} of ${expected.length}`);
    }
  }
}
