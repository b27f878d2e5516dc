// Which share of the clients is served, for each scenario and order of admission.

import { mean, percent, summary } from "../measure.mjs";
import { FIFO, JUDGED, POLICIES, QUICK_SEEDS, SEEDS } from "./policies.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { simulate } from "./simulation.mjs";

const CLIENTS = { usual: 20_000, quick: 1000 };
const QUICK_SECONDS = 2; // of scenarios with a fixed time

const NOTE = `Clients served, in percent: they were admitted before they gave up. **fixed** is the adaptive order without learning; **adaptive** learns from
who had left when it was admitted. **off**: how far the worse of these two is from what the design predicts, in percentage points; first come, first served is not judged, because near
load 1 and in bursts it depends on chance. **goodput**: the
share of the places' time that served clients had, with the last of these orders. Unless the name says otherwise: 50 places of 0.1 s, exponential; clients wait for 0.5 s.`;

/** The table of scenarios. */
export function orders({ quick, progress }) {
  const seeds = quick ? QUICK_SEEDS : SEEDS;
  const rows = SCENARIOS.map((scenario) => {
    progress(scenario.title);
    return rowOf(quick ? shortened(scenario) : scenario, seeds, quick);
  });
  const columns = POLICIES.map(({ key, title }) => ({ key, title, unit: "%", better: "higher", isCount: true }));
  columns.push(
    { key: "off", title: "off", unit: "points", better: "lower" },
    { key: "goodput", title: "goodput", unit: "%", better: "higher", isCount: true },
  );
  const title = "Twenty kinds of load, in virtual time";
  return {
    id: "overload-orders",
    short: "virtual load",
    title,
    note: NOTE.replaceAll("\n", " "),
    main: JUDGED.key,
    columns,
    rows,
  };
}

function rowOf(scenario, seeds, quick) {
  const clients = quick ? CLIENTS.quick : CLIENTS.usual;
  const cells = {};
  const differences = [];
  for (const policy of POLICIES) {
    const { key, settings } = policy;
    const outcomes = seeds.map((seed) => simulate(scenario, settings, { seed, clients }));
    cells[key] = summary(outcomes.map(({ served }) => percent(served)));
    if (policy !== FIFO) differences.push(Math.abs(mean(cells[key].rounds) - scenario.expected[key]));
    if (key === JUDGED.key) cells.goodput = summary(outcomes.map(({ goodput }) => percent(goodput)));
  }
  cells.off = summary([Math.max(...differences)]);
  return { name: scenario.title, peer: "ours", cells };
}

function shortened(scenario) {
  return scenario.seconds ? { ...scenario, seconds: QUICK_SECONDS, warmUp: 0.1 } : scenario;
}
