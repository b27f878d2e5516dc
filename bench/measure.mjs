// Ratios, measured fairly: the candidates alternate, and the median of the rounds counts.

/** The median of numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The mean of numbers. */
export function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/**
 * The results of several rounds.
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} low the smallest
 * @property {number} high the largest
 * @property {number} spread (high - low) / median
 * @property {number[]} rounds the result of each round
 */

/**
 * The summary of rounds.
 * @param {number[]} rounds
 * @returns {Summary}
 */
export function summary(rounds) {
  const middle = median(rounds);
  const [low, high] = [Math.min(...rounds), Math.max(...rounds)];
  return { median: middle, low, high, spread: middle === 0 ? 0 : (high - low) / middle, rounds };
}

/**
 * The value for all rounds in a column: their median. For a count of rare events, their mean, as a median does not show what
 * happens in every fifth round.
 * @param {Summary} summary
 * @param {{ isCount?: boolean }} column
 */
export function middleOf({ rounds, median }, { isCount = false }) {
  return isCount ? mean(rounds) : median;
}

const MOST = 1000; // the highest ratio that is reported

/**
 * How many times better ours is than theirs, computed per round, because a disturbance of the machine affects both in the same way.
 * Counts are compared as a whole.
 * @param {Summary} ours
 * @param {Summary} theirs
 * @param {{ better: "lower" | "higher", floor?: number, isCount?: boolean }} column
 */
export function ratio(ours, theirs, { better, floor = 0, isCount = false }) {
  const [mine, others] = [ours, theirs].map(({ rounds }) => (isCount ? [mean(rounds)] : rounds));
  const times = Math.min(mine.length, others.length);
  const of = (round) => {
    const [a, b] = [mine, others].map((rounds) => Math.max(rounds[round], floor));
    const [over, under] = better === "lower" ? [b, a] : [a, b];
    if (over === under) return 1;
    return under === 0 ? MOST : Math.min(over / under, MOST);
  };
  const { median: middle, low, high } = summary(Array.from({ length: times }, (_, round) => of(round)));
  return { median: middle, low, high };
}

/** A share as a percentage. */
export function percent(share) {
  return share * 100;
}

/** A percentile of sorted numbers. */
export function percentile(sorted, hundredths) {
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN;
}

/** The next 32-bit number of a pseudo-random sequence, Marsaglia's xorshift. Never 0 unless the argument is. */
export function following(word) {
  word ^= word << 13;
  word ^= word >>> 17;
  return word ^ (word << 5);
}

/** Scales such a number to at least 0 and less than 1. */
export function share(word) {
  return (word >>> 0) / 2 ** 32;
}

/** A repeatable generator of numbers, at least 0 and less than 1. `seed`: a whole number, not 0. */
export function randomFrom(seed) {
  let word = seed;
  return () => share((word = following(word)));
}
