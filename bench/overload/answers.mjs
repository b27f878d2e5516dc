// Clients whose patience includes the time in which they are served: one that is there when it is admitted may leave before its answer.

import { mean, percent, summary } from "../measure.mjs";
import { constant, exponential } from "./draws.mjs";
import { PATIENT, POLICIES, QUICK_SEEDS, SEEDS } from "./policies.mjs";
import { simulate } from "./simulation.mjs";

const CLIENTS = { usual: 20_000, quick: 1000 };
const LOADS = [1.02, 1.1, 2];
const KINDS = [
  {
    title: "20 places of 0.05 s, patience 0.3 s",
    places: 20,
    mean: 0.05,
    service: constant(0.05),
    patience: constant(0.3),
  },
  { title: "50 places of 0.5 s, patience 1 s", places: 50, mean: 0.5, service: constant(0.5), patience: constant(1) },
  {
    title: "50 places of 0.5 s, exponential, patience 2 s",
    places: 50,
    mean: 0.5,
    service: exponential(0.5),
    patience: constant(2),
  },
];

const NOTE = `Answered in time, in percent of all that could be: of all clients, or as many as there were places for. Here patience includes the time in which a client is served. So near
load 1 clients are admitted that are there, and leave before their answer. **told at the end**: the core learns that a client is there only when it has been served.`;

/** The table of clients that wait for their answer. */
export function answers({ quick, progress }) {
  const policies = [...POLICIES, PATIENT];
  const run = { seeds: quick ? QUICK_SEEDS : SEEDS, clients: quick ? CLIENTS.quick : CLIENTS.usual };
  const rows = KINDS.flatMap(({ title, ...kind }) =>
    LOADS.map((load) => {
      const name = `load ${load}: ${title}`;
      progress(name);
      const scenario = { ...kind, load, untilAnswered: true };
      return { name, peer: "ours", cells: cellsOf(scenario, policies, run) };
    }),
  );
  const columns = policies.map(({ key, title }) => ({ key, title, unit: "%", better: "higher", isCount: true }));
  const title = "Clients that wait for their answer, in virtual time";
  return {
    id: "overload-answers",
    short: "until answered",
    title,
    note: NOTE.replaceAll("\n", " "),
    main: policies.at(-1).key,
    columns,
    rows,
  };
}

function cellsOf(scenario, policies, { seeds, clients }) {
  const most = Math.min(1, 1 / scenario.load);
  return Object.fromEntries(
    policies.map(({ key, settings }) => {
      const shares = seeds.map((seed) => percent(simulate(scenario, settings, { seed, clients }).served / most));
      return [key, summary([mean(shares)])];
    }),
  );
}
