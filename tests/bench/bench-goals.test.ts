// The comparisons of the benches that are not obvious.

import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";

// The benches are plain modules beside the tests, without types.
const bench = (name: string): Promise<any> => import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const { compareRows } = await bench("goals");
const { summary } = await bench("measure");

const test = harness("bench goals");

test("the loop is compared with all others; the core only with its twin, as neither has a host", () => {
  const row = (name: string, peer: string, nanoseconds: number): object => {
    const on = peer === "ours" ? { runtime: "node", label: "Node 20" } : {};
    return { name, peer, ...on, cells: { pending1000: summary([nanoseconds]) } };
  };
  const columns = [{ key: "pending1000", title: "1,000", unit: "ns", better: "lower" }];
  const rows = [row("the loop", "ours", 20), row("the core", "core", 10), row("its twin", "twin", 12)];
  rows.push(row("libuv", "libuv", 60));
  const table = compareRows({ id: "timers-mix", main: "pending1000", columns, rows });
  const found = table.rows.map(({ ratios = [] }: any) =>
    ratios.map(({ against, median, goal }: any) => [against, median, goal]),
  );
  assert.equal(found, [
    [
      ["the core", 0.5, undefined],
      ["its twin", 0.6, undefined],
      ["libuv", 3, 2.5],
    ],
    [["its twin", 1.2, 1]],
    [],
    [],
  ]);
});

test("a goal for the newest version does not count for an older one", () => {
  const row = (label: string, peer: string, microseconds: number): object => {
    return { name: `${peer} on ${label}`, peer, runtime: "node", label, cells: { cpu: summary([microseconds]) } };
  };
  const labels = ["Node 8", "Node 26"];
  const rows = labels.flatMap((label) => [row(label, "ours", 11), row(label, "node-raw", 10)]);
  const columns = [{ key: "cpu", title: "CPU", unit: "µs", better: "lower" }];
  const table = compareRows({ id: "accept", main: "cpu", columns, rows });
  const goals = table.rows.flatMap(({ ratios = [] }: any) => ratios.map(({ goal }: any) => goal !== undefined));
  assert.equal(goals, [false, true]);
});
