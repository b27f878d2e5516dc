// Seeded draws: the same seed gives the same clients, whatever the queue does with them.

import { randomFrom } from "../measure.mjs";

const GOLDEN = 0x9e3779b9; // spreads small seeds over all bits
const LONGEST_WARM_UP = 32;

/** A generator of numbers, above 0 and below 1. `stream` keeps those for one purpose apart from those for others. */
export function numbers(seed, stream) {
  const random = randomFrom(Math.imul(seed * 16 + stream + 1, GOLDEN) | 1);
  for (let i = 0; i < LONGEST_WARM_UP; i++) random();
  return () => random() || Number.MIN_VALUE;
}

// A distribution gets a generator, and returns a function that draws one value.

export const constant = (value) => () => () => value;

export const exponential = (mean) => (random) => () => -Math.log(random()) * mean;

/** `sigma` is that of the logarithm; the mean is the mean of the values. */
export const lognormal = (mean, sigma) => (random) => () => {
  const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  return mean * Math.exp(sigma * normal - sigma ** 2 / 2);
};

/** The smaller `alpha`, the heavier the tail; with 2 or less the variance is infinite. */
export const pareto = (mean, alpha) => (random) => () => (mean * (1 - 1 / alpha)) / random() ** (1 / alpha);

/** One of several values, each with its share. */
export const mixed = (shares) => (random) => () => {
  let left = random();
  for (const [value, share] of shares) if ((left -= share) < 0) return value;
  return shares.at(-1)[0];
};

/**
 * The times of arrivals: a Poisson process.
 * @param {() => number} random
 * @param {(time: number) => number} rate arrivals per second at a time
 * @param {number} most the highest rate
 */
export function arrivals(random, rate, most) {
  let time = 0;
  return () => {
    do time -= Math.log(random()) / most;
    while (random() * most >= rate(time));
    return time;
  };
}
