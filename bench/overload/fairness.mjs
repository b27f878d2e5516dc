// One address from which most clients come, and forty others.

import { mean, percent, summary } from "../measure.mjs";
import { constant, exponential } from "./draws.mjs";
import { JUDGED, QUICK_SEEDS, SEEDS } from "./policies.mjs";
import { simulate } from "./simulation.mjs";

const [GREEDY, OTHERS, ALL] = [500, 40, 540];
const PER_ADDRESS = 32;
const CLIENTS = { usual: 40_000, quick: 2000 };
const MEAN = 0.1; // seconds

const NOTE = `Of ${ALL} clients ${GREEDY} come from one address, and one from each of ${OTHERS} others. Served of both, and the share of the places' time
that served clients had, in percent. **off**: how far the shares served are from what the design predicts, in percentage points.`;

const COLUMNS = [
  { key: "others", title: "the 40", unit: "%", better: "higher", isCount: true },
  { key: "greedy", title: "the one", unit: "%", better: "higher", isCount: true },
  { key: "goodput", title: "goodput", unit: "%", better: "higher", isCount: true },
  { key: "off", title: "off", unit: "points", better: "lower" },
];

// The shares served that the design predicts, of the 40 and of the one.
const LOADS = [
  { load: 1.5, title: "load 1.5", adaptive: [69, 66], fair: [100, 64] },
  { load: 4, title: "load 4", adaptive: [25, 25], fair: [100, 19] },
  { load: 4, title: "load 4, the one stays 10 times as long", factor: 10, adaptive: [3, 3], fair: [98, 2] },
  { load: 0.9, title: "load 0.9", adaptive: [100, 100], fair: [100, 100] },
];

const WAYS = [
  { key: "adaptive", title: "adaptive" },
  { key: "fair", title: "fairness", settings: { fair: true } },
  {
    key: "limit",
    title: `maxPerAddress ${PER_ADDRESS}`,
    settings: { perAddress: PER_ADDRESS },
  },
];

/** The table of fairness. */
export function fairness({ quick, progress }) {
  const run = { seeds: quick ? QUICK_SEEDS : SEEDS, clients: quick ? CLIENTS.quick : CLIENTS.usual };
  const rows = LOADS.flatMap((load) =>
    WAYS.map((way) => {
      progress(`${load.title}, ${way.title}`);
      return rowOf(load, way, run);
    }),
  );
  const title = "One address against forty, in virtual time";
  return {
    id: "overload-fairness",
    short: "fairness",
    title,
    note: NOTE.replaceAll("\n", " "),
    main: "others",
    columns: COLUMNS,
    rows,
  };
}

function rowOf({ load, title, factor = 1, ...expected }, way, { seeds, clients }) {
  const scenario = {
    load,
    places: 50,
    mean: MEAN,
    service: exponential(MEAN),
    patience: constant(0.5),
    who: (random) => () => {
      const number = Math.floor(random() * ALL);
      return number < GREEDY ? { key: 1, group: "greedy", factor } : { key: 2 + number - GREEDY, group: "others" };
    },
  };
  const outcomes = seeds.map((seed) => simulate(scenario, { ...JUDGED.settings, ...way.settings }, { seed, clients }));
  const cells = {
    others: summary(outcomes.map(({ groups }) => percent(groups.others))),
    greedy: summary(outcomes.map(({ groups }) => percent(groups.greedy))),
    goodput: summary(outcomes.map(({ goodput }) => percent(goodput))),
  };
  const [others, greedy] = expected[way.key] ?? [middle(cells.others), middle(cells.greedy)];
  const off = Math.max(Math.abs(middle(cells.others) - others), Math.abs(middle(cells.greedy) - greedy));
  cells.off = summary([off]);
  return { name: `${title}: ${way.title}`, peer: way.key === "fair" ? "ours" : `ours-${way.key}`, cells };
}

const middle = ({ rounds }) => mean(rounds);
