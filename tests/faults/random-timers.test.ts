// Random timers, whose callbacks start, restart and remove others, block, throw, and stop the loop, compared with a plain list of
// pending timers: they fire in order, never early, never twice, and never after removal.

import * as assert from "uvu/assert";
import type { Id, IOLoop } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, quietLoop, within } from "../support/harness.ts";
import { Random } from "../hosts/replay/random.ts";

const test = harness("random-timers");

const STEPS = 2000;
const MANY = 300; // more than fit into one batch of commands
const PLANNED = new Error("planned");

/** A timer, as the test knows it. Times are milliseconds. */
interface Pending {
  readonly isRecurring: boolean;
  after: number;
  deadline: number;
  /** Its order among timers with equal deadlines. */
  turn: number;
}

/** The clock of a loop, and what can be predicted with it. */
interface Given {
  readonly seed: number;
  readonly clock?: VirtualClock;
  /** Whether callbacks take time. */
  readonly blocks: boolean;
  /** Whether there are recurring timers. They count from the start of a pass, which the test does not know if callbacks take time. */
  readonly recurs: boolean;
}

class Play {
  readonly loop: IOLoop;
  readonly errors: [unknown, string][];
  readonly wrong: string[] = [];
  readonly pending = new Map<Id, Pending>();
  ticks = 0; // next-tick callbacks that have not run yet
  thrown = 0;
  readonly #given: Given;
  readonly #random: Random;
  readonly #spent = new Set<Id>();
  #steps = 0;
  #turn = 0;

  constructor(given: Given) {
    const { loop, errors } = quietLoop(given.clock ? { clock: given.clock } : {});
    this.loop = loop;
    this.errors = errors;
    this.#given = given;
    this.#random = new Random(given.seed);
  }

  /** Takes some random actions, until there have been enough. */
  act(most: number): void {
    const random = this.#random;
    for (let i = random.below(most + 1); i > 0 && this.#steps < STEPS; i--) {
      this.#steps++;
      const ids = [...this.pending.keys()];
      const what = random.below(100);
      if (what < 45 || ids.length === 0) this.#make();
      else if (what < 58) this.#remove(random.of(ids));
      else if (what < 84) this.#again(random.of(ids));
      else if (what < 90) this.#misuse();
      else if (what < 95) this.#nextTick();
      else if (what < 97) this.#block();
      else if (what < 98) for (let n = 0; n < MANY; n++) this.#make();
      else if (what < 99) for (const id of ids.slice(0, MANY)) this.#again(id);
      else this.loop.stop();
    }
  }

  /** Runs the loop for a while. */
  async run(): Promise<void> {
    const { clock } = this.#given;
    const running = this.#random.oneIn(5) ? this.loop.oneTick() : this.loop.start();
    while (clock && this.loop.isRunning) await clock.advance(0.01);
    await within(20, running);
  }

  #now(): number {
    return this.#given.clock?.now() ?? performance.now();
  }

  // Seconds.
  #delay(): number {
    const random = this.#random;
    return random.of([0, random.below(5), random.below(10_000) / 1000, random.below(30_000) / 1000]) / 1000;
  }

  #make(): void {
    const isRecurring = this.#given.recurs && this.#random.oneIn(6);
    const seconds = this.#delay() + (isRecurring ? 0.001 : 0);
    const timer = { isRecurring, after: seconds * 1000, deadline: 0, turn: 0 };
    this.#start(timer);
    const fired = (): void => this.#fired(id, timer);
    const id = isRecurring ? this.loop.recurring(seconds, fired) : this.loop.timer(seconds, fired);
    if (this.pending.has(id) || this.#spent.has(id)) this.wrong.push("an id for the second time");
    this.pending.set(id, timer);
  }

  #start(timer: Pending): void {
    timer.deadline = this.#now() + timer.after;
    timer.turn = this.#turn++;
  }

  #fired(id: Id, timer: Pending): void {
    if (this.pending.get(id) !== timer) return void this.wrong.push("fired, and is gone");
    if (this.#now() < timer.deadline) this.wrong.push(`early by ${timer.deadline - this.#now()} ms`);
    // With the system's clock, what one callback starts counts from its end.
    if (this.#given.clock)
      for (const other of this.pending.values()) if (isBefore(other, timer)) this.wrong.push("order");
    if (timer.isRecurring && this.#steps < STEPS) this.#start(timer);
    else if (timer.isRecurring) this.#remove(id);
    else this.#end(id);
    this.act(4);
    if (!this.#random.oneIn(50)) return;
    this.thrown++;
    throw PLANNED;
  }

  #remove(id: Id): void {
    if (!this.loop.remove(id)) this.wrong.push("not to be removed");
    this.#end(id);
  }

  #end(id: Id): void {
    this.pending.delete(id);
    this.#spent.add(id);
  }

  #again(id: Id): void {
    const timer = this.pending.get(id)!;
    const seconds = this.#random.oneIn(3) ? this.#delay() + (timer.isRecurring ? 0.001 : 0) : undefined;
    if (seconds !== undefined) timer.after = seconds * 1000;
    this.#start(timer);
    this.loop.reactor.again(id, seconds);
  }

  #misuse(): void {
    if (this.#spent.size === 0) return;
    const id = this.#random.of([...this.#spent]);
    if (this.loop.remove(id)) this.wrong.push("removed twice");
    assert.throws(() => this.loop.reactor.again(id), /Timer not active/);
  }

  #nextTick(): void {
    this.ticks++;
    this.loop.nextTick(() => {
      this.ticks--;
      this.act(3);
    });
  }

  #block(): void {
    const { blocks, clock } = this.#given;
    if (!blocks) return;
    const milliseconds = this.#random.below(4000) / 1000;
    if (clock) return clock.block(milliseconds / 1000);
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }
}

function isBefore(one: Pending, other: Pending): boolean {
  return one.deadline < other.deadline || (one.deadline === other.deadline && one.turn < other.turn);
}

async function play(given: Given): Promise<void> {
  const it = new Play(given);
  it.act(20);
  while (it.pending.size + it.ticks > 0 && it.wrong.length === 0) {
    await it.run();
    it.act(3);
  }
  assert.equal(it.wrong, []);
  assert.equal(
    it.errors.map(([error]) => error),
    Array.from({ length: it.thrown }, () => PLANNED),
  );
  await within(5, it.loop.start()); // nothing left to wait for
}

test("at virtual times", async () => {
  for (let seed = 0; seed < 8; seed++) {
    await play({ seed, clock: new VirtualClock(seed), blocks: false, recurs: true });
  }
});

test("at virtual times, with callbacks that take some", async () => {
  for (let seed = 0; seed < 8; seed++) {
    await play({ seed, clock: new VirtualClock(seed), blocks: true, recurs: false });
  }
});

test("at real times", async () => {
  for (let seed = 0; seed < 3; seed++) await play({ seed, blocks: true, recurs: false });
});
