// Ratios, measured fairly: the candidates take turns, and the median of the rounds counts.

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
 * What rounds gave.
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} low the smallest
 * @property {number} high the largest
 * @property {number} spread (high - low) / median
 * @property {number[]} rounds each of them
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
 * What stands for all rounds in a column: their median; where it counts what is rare, their mean, for no median shows what
 * happens in every fifth round.
 * @param {Summary} summary
 * @param {{ isCount?: boolean }} column
 */
export function middleOf({ rounds, median }, { isCount = false }) {
  return isCount ? mean(rounds) : median;
}

const MOST = 1000; // times better than something that costs nothing: no more is said than that

/**
 * How many times better ours is than theirs, round by round: what disturbs the machine for a while disturbs both alike. Counts are
 * compared as a whole.
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

/** The value below which so many hundredths of sorted numbers lie. */
export function percentile(sorted, hundredths) {
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN;
}

/** The whole number of 32 bits that follows another, in a sequence that looks like chance: Marsaglia's xorshift. Never 0 where the other is not. */
export function following(word) {
  word ^= word << 13;
  word ^= word >>> 17;
  return word ^ (word << 5);
}

/** Such a number as one from 0 to less than 1. */
export function share(word) {
  return (word >>> 0) / 2 ** 32;
}

/** A repeatable source of numbers from 0 to less than 1. `seed`: a whole number, not 0. */
export function randomFrom(seed) {
  let word = seed;
  return () => share((word = following(word)));
}
