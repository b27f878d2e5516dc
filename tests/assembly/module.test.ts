// The core as a module: its exports, that it never traps, and that it is deterministic.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { Code, Core, type CoreExports, Kind, Phase, State, slotOf } from "wasm-ioloop/core";
import { FUNCTIONS, NAMES } from "./functions.ts";
import { Draw, check, words } from "./model.ts";
import { harness } from "../support/harness.ts";

const test = harness("core module");

type Any = (...args: number[]) => number | undefined;

/** Valid and invalid calls, one per word. Results of earlier calls are used as arguments. */
function drive(core: Core, program: readonly number[]): (number | undefined)[] {
  const given: number[] = [0];
  let now = 0;
  return program.map((word) => {
    const draw = new Draw(word);
    // Calls that create objects are more frequent than those that remove everything.
    const name = draw.below(3) > 0 ? draw.of(NAMES.slice(3, 31)) : draw.of(NAMES);
    now += draw.of([0, 0, 0.5, 1, 7]);
    const args = Array.from({ length: FUNCTIONS[name] }, () => {
      const kind = draw.below(8);
      if (kind < 4) return draw.of(given.slice(-40));
      return kind < 7 ? now : draw.of([0, 1, 2, 5, -1, NaN, Infinity, 1e300, 2 ** 31, 0.5]);
    });
    if (name === "handleReset" && draw.below(8) > 0) return 0;
    const answer = (core.calls[name] as Any)(...args);
    core.opened(0);
    core.refresh();
    core.activity[draw.below(core.activity.length)] = now;
    if (answer !== undefined && answer > 0) given.push(answer);
    return answer;
  });
}

const bytes = (core: Core): Buffer => Buffer.from(core.calls.memory.buffer);

test("it is under 12,288 bytes, imports nothing, and exports what its binding names", async () => {
  const wasm = readFileSync(fileURLToPath(import.meta.resolve("wasm-ioloop/core.wasm")));
  assert.ok(wasm.length < 12288, `${wasm.length} bytes`);
  const module = new WebAssembly.Module(wasm);
  assert.equal(WebAssembly.Module.imports(module), []);
  const names = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`);
  assert.equal(names.sort(), [...NAMES.map((name) => `function ${name}`), "memory memory"].sort());
  const { exports } = new WebAssembly.Instance(module);
  for (const name of NAMES) assert.is((exports[name] as Any).length, FUNCTIONS[name], name);
  assert.is(new Core(1).calls.version(), 2002);
});

test("the same calls return the same results and leave the same memory", () => {
  const property = fc.property(fc.nat(), words(1000), (seed, program) => {
    const [one, other] = [new Core(seed), new Core(seed)];
    const answers = drive(one, program);
    const again = drive(other, program);
    assert.ok(answers.every((answer, i) => Object.is(answer, again[i])));
    assert.ok(bytes(one).equals(bytes(other)));
  });
  check(property, 300);
}, 60);

test("another seed changes the cut, and nothing else", () => {
  const counts = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { calls } = new Core(seed);
    const acceptor = calls.handleAcceptor(0);
    calls.handleAcceptorListen(acceptor, 1);
    calls.handleLimits(1000, 100, 1000);
    while (calls.phase() === Phase.ADMITTING) calls.handleAccept(acceptor, 0, NaN);
    counts.add(calls.acceptedCount());
  }
  assert.ok(counts.size > 10 && Math.min(...counts) > 50 && Math.max(...counts) <= 100, [...counts].join());
});

test("no call traps, whatever its arguments, and everything can still be closed afterwards", () => {
  const junk = fc.tuple(fc.nat(NAMES.length - 1), fc.double(), fc.double(), fc.double(), fc.double());
  const property = fc.property(words(200), fc.array(junk, { maxLength: 200, size: "max" }), (program, calls) => {
    const core = new Core(1);
    drive(core, program);
    for (const [at, ...args] of calls) {
      const name = NAMES[at]!;
      const answer = (core.calls[name] as Any)(...args.slice(0, FUNCTIONS[name]));
      assert.not(Number.isNaN(answer), name);
      core.opened(0);
      core.refresh();
      core.activity[at] = args[3]!;
    }
    core.calls.handleReset();
    assert.is(core.calls.timerCount() + core.calls.acceptorCount(), 0);
    for (let state = 0; state < 8; state++) assert.is(core.calls.connectionsIn(state), 0);
    assert.is(core.calls.pollDeadline(), Infinity);
    assert.is(core.calls.pollEvicted(), 0);
  });
  check(property, 1000);
}, 60);

test("a reset keeps the limits, and every id is spent", () => {
  const { calls } = new Core(1);
  calls.handleLimits(1, 0, 50);
  const timer = calls.handleTimer(1, 0, 0);
  const connection = calls.handleTrack(1, 0);
  const before = calls.handleAcceptor(0);
  calls.handleDrain(5, 5, 0, 0);
  calls.handleReset();
  assert.is(calls.phase(), Phase.ADMITTING);
  assert.is(calls.handleTimerRemove(timer), Code.STALE);
  assert.is(calls.handleClose(connection), Code.STALE);
  assert.is(calls.handleAcceptorClose(before), Code.STALE);
  const acceptor = calls.handleAcceptor(0);
  assert.is.not(acceptor, before);
  calls.handleAcceptorListen(acceptor, 1);
  for (let i = 0; i < 3; i++) calls.handleAccept(acceptor, 0, NaN);
  assert.ok(calls.pollAdmission(0) > 0);
  assert.is(calls.pollAdmission(0), 0);
});

// The layout of memory.ts: one control block per table, with these words in it.
const BLOCK = { [Kind.TIMER]: 0, [Kind.CONNECTION]: 32, [Kind.ACCEPTOR]: 64 };
const [CAPACITY, USED] = [4, 8];
const LAST_GENERATION = 2 ** 29 - 1;

const TABLES = [
  { kind: Kind.TIMER, make: (calls: CoreExports) => calls.handleTimer(1, 0, 0), end: "handleTimerRemove" },
  { kind: Kind.CONNECTION, make: (calls: CoreExports) => calls.handleTrack(0, 0), end: "handleClose" },
  { kind: Kind.ACCEPTOR, make: (calls: CoreExports) => calls.handleAcceptor(0), end: "handleAcceptorClose" },
] as const;

test("a slot whose generations are used up is never used again", () => {
  for (const { kind, make, end } of TABLES) {
    const { calls } = new Core(1);
    assert.is(calls[end](make(calls)), Code.OK);
    const memory = new DataView(calls.memory.buffer);
    const first = kind === Kind.TIMER ? 0 : 1;
    memory.setUint32(memory.getUint32(BLOCK[kind], true) + first * 64, LAST_GENERATION - 1, true);
    for (const generation of [LAST_GENERATION - 1, LAST_GENERATION]) {
      const id = make(calls);
      assert.is(id, kind * 2 ** 51 + generation * 2 ** 22 + first);
      assert.ok(Number.isSafeInteger(id));
      assert.is(calls[end](id), Code.OK);
      assert.is(calls[end](id), Code.STALE);
    }
    const next = make(calls);
    assert.is(slotOf(next), first + 1);
    assert.is(calls[end](kind * 2 ** 51 + first), Code.STALE, "generation 0 is not used again");
    calls.handleReset();
    assert.is(slotOf(make(calls)), first + 1);
    assert.is(slotOf(make(calls)), first + 2);
  }
});

/** Makes a table look as if it had its maximum size, with every slot in use. */
function fill(calls: CoreExports, kind: keyof typeof BLOCK): void {
  const memory = new DataView(calls.memory.buffer);
  for (const word of [CAPACITY, USED]) memory.setUint32(BLOCK[kind] + word, 2 ** 22, true);
}

test("a table of the maximum size reports FULL, and does not change", () => {
  for (const { kind, make } of TABLES) {
    const { calls } = new Core(1);
    fill(calls, kind);
    const before = Buffer.from(calls.memory.buffer.slice(0));
    assert.is(make(calls), Code.FULL);
    assert.ok(bytes({ calls } as Core).equals(before));
  }
});

test("without room for its timer, a connection is not created, and a graceful stop does not wait", () => {
  const { calls } = new Core(1);
  const acceptor = calls.handleAcceptor(0);
  const track = calls.handleTrack(0, 0);
  fill(calls, Kind.TIMER);
  assert.is(calls.handleTrack(5, 0), Code.FULL);
  assert.is(calls.handleConnect(5, 0), Code.FULL);
  const waiting = calls.handleAccept(acceptor, 0, NaN);
  assert.ok(waiting > 0, "it may wait for any time until there is room for a timer");
  assert.is(calls.handleClose(waiting), Code.OK);
  assert.is(calls.handleTimeout(track, 5, 0), Code.FULL);
  assert.is(calls.handleLifetime(track, 5, 0), Code.FULL);
  assert.is(calls.handleLinger(track, 0), Code.FULL);
  assert.is(calls.connectionsIn(State.LOOSE), 1);
  assert.is(calls.connectionsIn(State.CONNECTING) + calls.connectionsIn(State.WAITING), 0);
  assert.is(slotOf(calls.handleConnect(0, 0)), 2, "the slot is free again");
  calls.handleDrain(10, 0, 0, 0);
  assert.is(calls.phase(), Phase.DRAINING);
});
