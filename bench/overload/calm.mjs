// What the adaptive order costs where first come, first served is best: below load 1.

import { percent, summary } from "../measure.mjs";
import { constant, exponential, lognormal, pareto } from "./draws.mjs";
import { FIFO, POLICIES } from "./policies.mjs";
import { ALPHA, SIGMA } from "./scenarios.mjs";
import { simulate } from "./simulation.mjs";

const LOADS = [0.5, 0.8, 0.95];
const PLACES = [1, 5, 50, 200, 1000];
const PATIENCE = [0.1, 0.5, 1, 5, Infinity];
const MEAN = 0.1; // seconds
const SERVICES = [constant(MEAN), exponential(MEAN), lognormal(MEAN, SIGMA), pareto(MEAN, ALPHA)];
const CLIENTS = { usual: 20_000, quick: 200 };
const SEED = 3;
const LOST = -1; // percent: a cell below that counts as worse

const NOTE = `The share served, less what first come, first served gives, in percentage points, over ${LOADS.length * PLACES.length * SERVICES.length * PATIENCE.length} cells: loads
of 0.5, 0.8 and 0.95; 1 to 1,000 places; constant, exponential, lognormal and Pareto service; clients that wait for 0.1 s up to indefinitely.
**worse**: the share of the cells in which more than one point is lost.`;

const COLUMNS = [
  { key: "mean", title: "mean", unit: "points", better: "higher" },
  { key: "worse", title: "worse", unit: "%", better: "lower" },
  { key: "worst", title: "worst cell", unit: "points", better: "higher" },
];

/** The table of the cells below load 1. */
export function calm({ quick, progress }) {
  const others = POLICIES.filter((policy) => policy !== FIFO);
  const gains = new Map(others.map(({ key }) => [key, []]));
  const run = { seed: SEED, clients: quick ? CLIENTS.quick : CLIENTS.usual };
  for (const load of LOADS) {
    for (const places of PLACES) {
      progress(`load ${load}, ${places} places`);
      for (const service of SERVICES) {
        for (const patience of PATIENCE) {
          const scenario = { load, places, mean: MEAN, service, patience: constant(patience) };
          const least = simulate(scenario, FIFO.settings, run).served;
          for (const { key, settings } of others) {
            gains.get(key).push(percent(simulate(scenario, settings, run).served - least));
          }
        }
      }
    }
  }
  const rows = others.map(({ key, title }) => ({
    name: title,
    peer: key === "adaptive" ? "ours" : `ours-${key}`,
    cells: cellsOf(gains.get(key)),
  }));
  const title = "Below load 1, in virtual time";
  return {
    id: "overload-calm",
    short: "below load 1",
    title,
    note: NOTE.replaceAll("\n", " "),
    main: "mean",
    columns: COLUMNS,
    rows,
  };
}

function cellsOf(gains) {
  const worse = gains.filter((gain) => gain < LOST).length / gains.length;
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  return { mean: summary([mean]), worse: summary([percent(worse)]), worst: summary([Math.min(...gains)]) };
}
