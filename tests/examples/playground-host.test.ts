// The host of the playground: limits hold under load, and the same seed gives the same run.

import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { type PlaygroundHost, type Settings, playground } from "./playground-modules.ts";

const { Host, PRESETS, MAIN, LOAD, LIMITS, Queue, Fairness, DESCRIPTORS, Fate, gapAfter, slotAt, verdict } =
  await playground();
const test = harness("playground-host");
const Phase = { ADMITTING: 0, FINISHING: 1, DRAINING: 2, FINISHED: 3 };

const settingsOf = (name: string): Settings => PRESETS.find((preset) => preset.name === name)!.settings;

/** All counters as one text. */
function account({ ledger, now, core }: PlaygroundHost): string {
  const { ended, arrived, longestWait, mostInside } = ledger;
  return JSON.stringify([now, ended, arrived, longestWait, mostInside, core.calls.timerCount(), ledger.answer.ago(0)]);
}

function after(seconds: number, name: string, changes: Partial<Settings> = {}, seed = 1): PlaygroundHost {
  const host = new Host({ ...settingsOf(name), ...changes }, seed);
  host.advance(seconds * 1000);
  return host;
}

test("every preset keeps to its limits, and every client is accounted for", () => {
  for (const { name, settings } of PRESETS) {
    const host = new Host(settings, 7);
    for (let at = 100; at <= 30_000; at += 100) {
      host.advance(at);
      assert.ok(host.inside <= settings.maxConnections, `${name}: ${host.inside} inside`);
      assert.ok(host.waiting <= settings.backlog, `${name}: ${host.waiting} wait`);
      assert.is(host.places.line.length, host.waiting, name);
      const inside = host.places.seats.filter((client) => client !== undefined);
      assert.is(inside.length, host.inside, name);
      assert.is(inside.filter(({ isSilent }) => isSilent).length, host.places.silent, name);
      const ended = host.ledger.ended.reduce((sum, count) => sum + count);
      assert.is(ended + host.inside + host.waiting, host.ledger.arrived, name);
    }
    assert.ok(host.ledger.ended[Fate.SERVED]! > 0, name);
  }
});

test("the presets show what their texts say", () => {
  const served = (host: PlaygroundHost): number => host.ledger.ended[Fate.SERVED]!;
  const [calm, short, unlimited] = [after(60, "calm"), after(60, "short"), after(60, "unlimited")];
  assert.is(calm.waiting, 0);
  assert.is(calm.ledger.ended[Fate.TURNED_AWAY], 0);
  assert.is(short.inside, settingsOf("short").maxConnections);
  assert.ok(short.waiting > 0);
  assert.ok(short.ledger.ended[Fate.TURNED_AWAY]! > 0);
  assert.is(short.ledger.ended[Fate.GAVE_UP], 0);
  assert.ok(served(unlimited) < served(short) / 5, `${served(unlimited)} of ${served(short)}`);
  const never = after(60, "silent", { idleTimeout: 0 });
  assert.ok(served(never) < served(after(60, "silent")) / 2);
  assert.is(never.places.silent, never.inside);
  const late = after(20, "burst", { multiAccept: 400 });
  assert.ok(late.ledger.delay.greatest() > 10 * after(20, "burst").ledger.delay.greatest());
});

test("at twice the load, first come, first served answers clients that have left, and adaptive serves at capacity", () => {
  const fifo = after(60, "overload");
  assert.is(fifo.ledger.goodput.ago(0), 0);
  assert.ok(fifo.ledger.rate.ago(0) > 35, "the server is busy");
  assert.ok(fifo.places.seats.every((client) => client?.isGone));
  for (const load of [1.1, 1.5, 2, 4, 10]) {
    for (const patience of [2, 4, 7]) {
      const { ledger } = after(60, "overload", { load, patience, queue: Queue.ADAPTIVE });
      const least = load < 1.5 ? 0.85 : 0.9;
      assert.ok(ledger.goodput.ago(0) > least, `${ledger.goodput.ago(0)} at ${load}, ${patience} s`);
    }
  }
});

test("an order that is changed during a run takes effect, in both directions", () => {
  const host = after(40, "overload");
  assert.is(host.ledger.goodput.ago(0), 0);
  host.set({ ...settingsOf("overload"), queue: Queue.ADAPTIVE });
  host.advance(50_000);
  assert.ok(host.ledger.goodput.ago(0) > 0.9);
  host.set(settingsOf("overload"));
  host.advance(90_000);
  assert.is(host.ledger.goodput.ago(0), 0);
});

test("below capacity both orders serve every client", () => {
  for (const queue of [Queue.FIFO, Queue.ADAPTIVE]) {
    const { ended, arrived } = after(60, "calm", { queue }).ledger;
    assert.ok(ended[Fate.SERVED]! > arrived - 60, `${ended[Fate.SERVED]} of ${arrived}`);
  }
});

test("with fairness, or a limit per address, forty addresses are served beside one that floods", () => {
  const greedy = after(60, "greedy").ledger;
  assert.ok(greedy.others.share < 0.5 && greedy.others.share > 0, String(greedy.others.share));
  for (const changes of [
    { fairness: Fairness.ADDRESS },
    { maxPerAddress: 10 },
    { maxPerAddress: 10, queue: Queue.FIFO },
  ]) {
    const { others, flooder, goodput } = after(60, "greedy", changes).ledger;
    const label = JSON.stringify(changes);
    assert.ok(others.share > 0.85, `${others.share} of the forty, ${label}`);
    assert.ok(flooder.share < 0.2, `${flooder.share} of the flooder, ${label}`);
    assert.ok(goodput.ago(0) > 0.85, `${goodput.ago(0)}, ${label}`);
  }
  const host = after(60, "greedy", { maxPerAddress: 5 });
  assert.is(host.places.seats.filter((client) => client?.isFlooder).length, 5);
});

test("the same seed and settings give the same run, in steps of any size", () => {
  for (const { name } of PRESETS) {
    const whole = after(20, name);
    const cut = new Host(settingsOf(name), 1);
    for (let at = 0; at < 20_000; at += 17.3) cut.advance(at);
    for (let i = 0; i < 50 && cut.next <= 20_000; i++) cut.step();
    cut.advance(20_000);
    assert.is(account(cut), account(whole), name);
    assert.is.not(account(after(20, name, {}, 2)), account(whole), name);
  }
});

test("the page says in words what can be seen", () => {
  const says = (name: string, changes: Partial<Settings>, seconds = 40): string =>
    verdict(after(seconds, name, changes), { ...settingsOf(name), ...changes });
  assert.match(says("calm", {}), /^Clients arrive no faster than .* Nearly all of them are served\.$/);
  assert.match(says("calm", { load: 2 }), /^More clients arrive than .* it works for nobody\.$/);
  assert.match(says("silent", { idleTimeout: 0 }, 120), /clients that send nothing\.$/);
  assert.match(says("greedy", {}), /Many clients of the forty addresses are not served\.$/);
  assert.match(says("greedy", { fairness: Fairness.ADDRESS }), /at capacity.* The forty addresses are served, /);
  assert.match(says("overload", {}, 1), /^More clients arrive than the server can serve\.$/);
});

test("changing the limits does not change the arrivals", () => {
  const [one, other] = [
    after(20, "overload"),
    after(20, "overload", { maxConnections: 3, backlog: 0, idleTimeout: 0 }),
  ];
  assert.is(one.ledger.arrived, other.ledger.arrived);
  assert.is.not(account(one), account(other));
});

test("the number of arrivals is right", () => {
  let sum = 0;
  for (let serial = 0; serial < 20_000; serial++) sum += gapAfter(5, serial, settingsOf("overload"));
  const mean = sum / 20_000;
  assert.ok(Math.abs(mean - 1000 / 80) < 0.3, `${mean} ms`);
});

test("without limits there are never more connections than descriptors", () => {
  const changes = { load: 1500, atOnce: 700, patience: Infinity, service: 60 };
  const host = after(20, "unlimited", changes);
  assert.is(host.inside + host.waiting, DESCRIPTORS - 1);
  assert.ok(host.ledger.ended[Fate.TURNED_AWAY]! > 0);
});

test("limits can be changed during a run", () => {
  const host = after(10, "short");
  host.set({ ...settingsOf("short"), maxConnections: 5 });
  assert.is(host.inside, 40, "no open connection is closed");
  host.advance(20_000);
  assert.is(host.inside, 5);
  host.set({ ...settingsOf("short"), maxConnections: 60 });
  host.advance(20_100);
  assert.is(host.inside, 60);

  const silent = after(60, "silent", { idleTimeout: 0 });
  assert.is(silent.places.silent, 40);
  assert.is(silent.ledger.ended[Fate.SILENT], 0);
  silent.set({ ...settingsOf("silent"), idleTimeout: 1 });
  silent.advance(60_999);
  assert.is(silent.ledger.ended[Fate.SILENT], 0);
  silent.advance(61_000);
  assert.is(silent.ledger.ended[Fate.SILENT], 40);
});

test("a pass admits up to multiAccept clients, and the next one follows at once", () => {
  const host = new Host({ ...settingsOf("burst"), load: 40, service: 60, patience: Infinity }, 1);
  while (host.inside === 0) host.step();
  const { now } = host;
  for (let inside = 10; inside <= 300; inside += 10, host.step()) assert.is(host.inside, inside);
  assert.is(host.inside, 300);
  assert.ok(host.now < now + 100, `${host.now - now} ms`);
});

test("a drain accepts clients for a while, serves waiting clients and open connections, and stops", () => {
  const host = after(10, "short", { silent: 0, drainDelay: 1, drainTimeout: 0, idleTimeout: 0 });
  assert.is(host.phase, Phase.ADMITTING);
  host.drain();
  assert.is(host.phase, Phase.FINISHING);
  host.advance(10_900);
  assert.is(host.phase, Phase.FINISHING);
  host.advance(11_000);
  assert.is(host.phase, Phase.DRAINING);
  assert.ok(host.waiting > 0);
  const { arrived, ended } = host.ledger;
  const { waiting } = host;
  const left = ended[Fate.WAITED]! + ended[Fate.GAVE_UP]!;
  const served = ended[Fate.SERVED]! + host.inside;
  host.advance(20_000);
  assert.is(host.phase, Phase.FINISHED);
  assert.not.ok(host.isRunning);
  assert.is(host.inside, 0);
  const givenUp = host.ledger.ended[Fate.WAITED]! + host.ledger.ended[Fate.GAVE_UP]! - left;
  assert.is(host.ledger.ended[Fate.SERVED], served + waiting - givenUp, "every client that did not give up is served");
  assert.ok(host.now < 15_000, "time stands still once it has stopped");
  assert.ok(host.ledger.arrived > arrived, "clients still arrived, and were dropped");
});

test("a drain closes remaining connections after its timeout, or when it is hurried", () => {
  const timeout = after(10, "silent", { idleTimeout: 0, drainDelay: 0, drainTimeout: 2 });
  timeout.drain();
  timeout.advance(30_000);
  assert.is(timeout.phase, Phase.FINISHED);
  assert.is(timeout.now, 12_000);
  assert.ok(timeout.ledger.ended[Fate.CLOSED]! > 0);

  const hurried = after(10, "short", { drainDelay: 1, drainTimeout: 0 });
  hurried.drain();
  hurried.hurry();
  assert.is(hurried.phase, Phase.FINISHED);
  assert.is(hurried.ledger.ended[Fate.CLOSED], 40);
  assert.is(hurried.inside + hurried.waiting, 0);
});

test("a deadline is in the ring of the highest digit in which it differs from now", () => {
  const ring = (deadline: number, now: number): number[] => {
    const slot = slotAt(deadline, now);
    return [Math.floor(slot / 64), slot % 64];
  };
  assert.equal(ring(100, 100), [0, 36]);
  assert.equal(ring(127, 100), [0, 63]);
  assert.equal(ring(128, 127), [1, 2], "one tick away, and in the next revolution");
  assert.equal(ring(64 * 64, 0), [2, 1]);
  assert.equal(ring(64 ** 3 * 5 + 7, 3), [3, 5]);
  assert.equal(ring(64 ** 4, 0), [3, 0], "later deadlines are in the last ring");
  assert.equal(ring(5, 100), [0, 36], "overdue deadlines are due now");
});

test("every control includes the values of all presets", () => {
  for (const { name, settings } of PRESETS) {
    const controls = [...MAIN, ...LOAD, ...LIMITS];
    assert.equal(controls.map((control) => control.name).sort(), Object.keys(settings).sort());
    for (const { name: setting, hint, stops, choices } of controls) {
      const values = stops ?? choices!.map(([value]) => value);
      assert.ok(values.includes(settings[setting]), `${name}: ${setting}`);
      assert.ok(hint.endsWith("."), `${setting} is explained`);
    }
  }
});
