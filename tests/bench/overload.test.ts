// The bench of overload: its draws, its events, and that it serves whom the order of the queue says. No test checks what it measures.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const node = process.env["TEST_NODE"] ?? process.execPath;

// The benches are plain modules beside the tests, without types.
const bench = (name: string): Promise<any> => import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const draws = await bench("overload/draws");
const { Heap } = await bench("overload/heap");
const { simulate } = await bench("overload/simulation");
const { ADAPTIVE, FIFO, FIXED } = await bench("overload/policies");
const { compareRows } = await bench("goals");
const { summary } = await bench("measure");
const { faultsOf, goalsOf } = await bench("result");

const test = harness("bench of overload");

const DRAWS = 20_000;

/** Seconds are exact here: 2 places of a second each, and clients that wait for `patience` seconds. */
const steady = (patience: number): object => ({
  places: 2,
  mean: 1,
  load: 2,
  service: draws.constant(1),
  patience: draws.constant(patience),
});

const near = (value: number, wanted: number, by: number): void => {
  assert.ok(Math.abs(value - wanted) <= by, `${value} is not within ${by} of ${wanted}`);
};

test("draws have the mean that is asked for, and the same seed gives the same ones", () => {
  const distributions = [
    draws.constant(3),
    draws.exponential(3),
    draws.lognormal(3, 0.5),
    draws.pareto(3, 3),
    draws.mixed([
      [1, 0.5],
      [5, 0.5],
    ]),
  ];
  for (const distribution of distributions) {
    const next = distribution(draws.numbers(7, 1));
    const again = distribution(draws.numbers(7, 1));
    let sum = 0;
    for (let i = 0; i < DRAWS; i++) {
      const value = next();
      assert.is(again(), value);
      sum += value;
    }
    near(sum / DRAWS, 3, 0.15);
  }
  assert.is.not(draws.numbers(1, 0)(), draws.numbers(1, 1)());
  assert.is.not(draws.numbers(1, 0)(), draws.numbers(2, 0)());
});

test("clients arrive as often as the rate says, and none while it is 0", () => {
  const next = draws.arrivals(draws.numbers(3, 0), (time: number) => (time % 2 < 1 ? 100 : 0), 100);
  let count = 0;
  for (let time = next(); time < 100; time = next()) {
    assert.ok(time % 2 < 1, `${time}`);
    count++;
  }
  near(count, 5000, 300);
});

test("events happen in order of time, and equal ones in the order in which they were added", () => {
  const heap = new Heap();
  const random = draws.numbers(5, 0);
  const times: number[] = Array.from({ length: 300 }, () => Math.floor(random() * 50));
  for (const [order, time] of times.entries()) heap.add(time, 0, order);
  const wanted = times.map((time, order) => ({ time, order })).sort((a, b) => a.time - b.time || a.order - b.order);
  const found = times.map(() => {
    const { time } = heap;
    return { time, order: heap.take().attempt };
  });
  assert.equal(found, wanted);
  assert.is(heap.time, Infinity);
});

test("patient clients are served at capacity in any order; impatient ones only if the newest come first", () => {
  const run = { seed: 1, clients: 4000 };
  for (const { settings } of [FIXED, ADAPTIVE]) {
    const { served, goodput } = simulate(steady(5), settings, run);
    near(served, 0.5, 0.05);
    near(goodput, 1, 0.05);
  }
  assert.is(simulate(steady(5), FIFO.settings, run).served, 0);
  near(simulate(steady(5), { adaptive: false, backlog: 1 }, run).served, 0.5, 0.05);
  near(simulate(steady(1e9), FIFO.settings, run).goodput, 1, 0.02);
  assert.equal(simulate(steady(5), FIXED.settings, run), simulate(steady(5), FIXED.settings, run));
});

test("a client that is seen to leave costs nothing, and one that tries again is served later", () => {
  const run = { seed: 1, clients: 2000 };
  near(simulate({ ...steady(5), leaversSeen: true }, FIFO.settings, run).goodput, 1, 0.05);
  const hasty = { ...steady(0), load: 0.5, leaversSeen: true }; // served at once, or not at all
  const once = simulate(hasty, FIFO.settings, run).served;
  const often = simulate({ ...hasty, retryAfter: (tries: number) => (tries < 5 ? 2 : -1) }, FIFO.settings, run).served;
  assert.ok(once < 0.85 && often > 0.9, `${once}, ${often}`);
});

test("a client that waits for longer than waitTimeout is reset", () => {
  const { reset, p99 } = simulate(steady(1e9), { adaptive: false, waitTimeout: 3000 }, { seed: 1, clients: 1000 });
  near(reset, 3, 0.1);
  assert.ok(p99 <= 3100, `${p99}`);
});

test("goals may be lower bounds, and for single rows", () => {
  const columns = ["off", "goodput"].map((key) => ({ key, title: key, unit: "%", better: "higher" }));
  const row = (name: string, goodput: number): object => {
    return { name, peer: "ours", cells: { off: summary([1]), goodput: summary([goodput]) } };
  };
  const rows = [row("A: calm", 50), row("E: twice", 98), row("T: four times", 90)];
  const table = compareRows({ id: "overload-orders", title: "Orders", main: "goodput", columns, rows });
  const goals = goalsOf({ benches: [{ tables: [table] }] }).filter(({ column }: any) => column === "goodput");
  assert.equal(
    goals.map(({ row, value, goal, verdict }: any) => [row, value, goal, verdict]),
    [
      ["E: twice", "98 %", "at least 97 %", "met"],
      ["T: four times", "90 %", "at least 97 %", "missed"],
    ],
  );
  assert.ok(goals[0].reached >= 1 && goals[1].reached < 1);
});

test("a quick run puts servers under load, and writes a complete report", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const args = ["bench/run.mjs", "overload", "--quick", "--peers", "node-net-max", "--runtime", "node"];
    await new Promise<void>((resolve, reject) => {
      execFile(node, [...args, "--out", folder], { cwd: root }, (error, _output, errors) => {
        if (error) reject(new Error(`${error.message}\n${errors}`));
        else resolve();
      });
    });
    const written = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    assert.equal(faultsOf(written), []);
    const ids = written.benches[0].tables.map(({ id }: any) => id);
    const virtual = ["overload-orders", "overload-calm", "overload-answers", "overload-fairness"];
    assert.equal(ids, [...virtual, "overload", "overload-health"]);
    const [{ rows }, health] = written.benches[0].tables.slice(-2);
    assert.equal(
      rows.map(({ peer }: any) => peer),
      ["ours", "ours-fifo", "ours-http", "node-net-max"],
    );
    for (const { name, cells } of [rows[0], rows[3]])
      assert.ok(cells.load2.median > 5, `${name}: ${cells.load2.median}`);
    assert.ok(health.rows[0].cells.answered.median > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
