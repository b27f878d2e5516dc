// The scenarios, and what the design predicts for them: figures of a simulation of the algorithm, without the core.
//
// Unless a scenario says otherwise: 50 places of 0.1 s, exponential; everyone waits for 0.5 s and never tries again; a client that has
// left costs as much as one that is there.

import { constant, exponential, lognormal, mixed, pareto } from "./draws.mjs";

const SERVICE = 0.1; // seconds
const usual = { places: 50, mean: SERVICE, service: exponential(SERVICE), patience: constant(0.5) };

/** The spread of service times: lognormal by its sigma, Pareto by its alpha. */
export const [SIGMA, ALPHA] = [1.5, 1.5];

// Ten times the load for a second, in each 12 seconds; the first ones are not counted.
const burst = { seconds: 72, warmUp: 12, most: 10, factor: (time) => (time % 12 >= 6 && time % 12 < 7 ? 10 : 1) };
const onOff = { seconds: 50, warmUp: 10, factor: (time) => (time % 10 < 5 ? 1 : 0) };
const RAMP = 40; // seconds
const ramp = { seconds: RAMP, most: 2, factor: (time) => (2 * time) / RAMP };
const TRIES = 6;
const atOnce = (number) => (number < TRIES ? 0 : -1);
const backoff = (number) => (number < TRIES ? 0.5 * 2 ** (number - 1) : -1);
const mixture = [
  [0.2, 0.3],
  [2, 0.4],
  [10, 0.3],
];

const scenario = (id, title, expected, rest) => {
  const [fifo, fixed, adaptive] = expected;
  return { ...usual, ...rest, id, title: `${id}: ${title}`, expected: { fifo, fixed, adaptive } };
};

export const SCENARIOS = [
  scenario("A", "load 0.8", [100, 100, 100], { load: 0.8 }),
  scenario("B", "load 0.9, 1 place, patience 5 s", [99.7, 95.5, 99.7], { load: 0.9, places: 1, patience: constant(5) }),
  scenario("C", "load 0.95, 5 places, lognormal service", [22.6, 86.5, 87.2], {
    load: 0.95,
    places: 5,
    service: lognormal(SERVICE, SIGMA),
  }),
  scenario("D", "load 1.05", [10.6, 92.7, 92.2], { load: 1.05 }),
  scenario("E", "load 2", [0, 49.2, 49.2], { load: 2 }),
  scenario("F", "load 10", [0, 9.9, 9.9], { load: 10 }),
  scenario("G", "load 2, 1 place, patience 5 s", [0, 49.3, 49.3], { load: 2, places: 1, patience: constant(5) }),
  scenario("H", "load 1.5, 1000 places of 2 s, patience 1 s", [17.5, 65.6, 65.3], {
    load: 1.5,
    places: 1000,
    mean: 2,
    service: exponential(2),
    patience: constant(1),
  }),
  scenario("I", "load 1.5, 5 places, Pareto service", [0, 68.5, 68.5], {
    load: 1.5,
    places: 5,
    service: pareto(SERVICE, ALPHA),
  }),
  scenario("J", "load 2, mixed patience", [32.5, 49.2, 49.2], { load: 2, patience: mixed(mixture) }),
  scenario("K", "load 1.5, exponential patience of 1 s", [22.5, 65.5, 65.5], { load: 1.5, patience: exponential(1) }),
  scenario("L", "load 0.4 with bursts, patience 1 s", [69.3, 69.5, 69.5], {
    load: 0.4,
    patience: constant(1),
    ...burst,
  }),
  scenario("M", "load 0.4 with bursts, patience 5 s", [76.3, 76.3, 76.3], {
    load: 0.4,
    patience: constant(5),
    ...burst,
  }),
  scenario("N", "load 2, on and off", [10.9, 52.5, 52.4], { load: 2, ...onOff }),
  scenario("O", "load from 0 to 2", [31.7, 73.7, 73.7], { load: 1, ...ramp }),
  scenario("P", "load 1.5, clients try again at once", [0, 64.8, 65.1], { load: 1.5, retryAfter: atOnce }),
  scenario("Q", "load 1.5, clients try again later", [0, 62.7, 63.5], { load: 1.5, retryAfter: backoff }),
  scenario("R", "load 2, who has left costs a tenth", [42.3, 49.2, 49.2], { load: 2, leaverCost: 0.1 }),
  scenario("S", "load 2, the server sees who leaves", [47.9, 49.2, 49], { load: 2, leaversSeen: true }),
  scenario("T", "load 4, 1000 places of 20 s, patience 30 s", [22.5, 24.8, 24.8], {
    load: 4,
    places: 1000,
    mean: 20,
    service: exponential(20),
    patience: constant(30),
  }),
];
