// Ratios, measured fairly: the candidates take turns in one process, and the median of the rounds counts.

/** The median of numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs the candidates in turn, `rounds` times each. A candidate is a function that gives nanoseconds an operation.
 * Gives for each its median and the spread of its rounds: (largest - smallest) / median.
 */
export async function compare(candidates, rounds) {
  const results = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      globalThis.gc?.();
      const nanoseconds = await run();
      if (round > 0) results[name].push(nanoseconds); // the first round only warms up
    }
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, all]) => {
      const middle = median(all);
      return [name, { median: middle, spread: (Math.max(...all) - Math.min(...all)) / middle }];
    }),
  );
}

/** A repeatable source of numbers from 0 to 1. */
export function randomFrom(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Prints a table: rows of cells, the first one its head. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(row.map((cell, column) => String(cell)[column ? "padStart" : "padEnd"](widths[column])).join("  "));
  }
}
