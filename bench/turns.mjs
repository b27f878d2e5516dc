// Measures candidates alternately, and returns their figures as rows of a table.

import { summary } from "./measure.mjs";

/**
 * Measures each candidate `rounds` times, alternating; every other round is in reverse order, so that a machine that gets slower
 * affects all in the same way. A candidate that fails twice in a round is left out from then on, and named.
 * @param {object} options
 * @param {{ name: string, peer: string, runtime?: string, label?: string }[]} options.candidates
 * @param {number} options.rounds
 * @param {(text: string) => void} options.progress
 * @param {(candidate: any) => Promise<Record<string, number>>} options.measure returns a figure for each column
 * @returns {Promise<{ rows: import("./result.mjs").Row[], skipped: import("./result.mjs").Skipped[] }>}
 */
export async function takeTurns({ candidates, rounds, progress, measure }) {
  const samples = new Map(candidates.map((candidate) => [candidate, []]));
  const skipped = [];
  for (let round = 0; round < rounds; round++) {
    const order = [...samples.keys()];
    if (round % 2 === 1) order.reverse();
    for (const candidate of order) {
      progress(`round ${round + 1}/${rounds} · ${candidate.name}`);
      const sample = await attempt(candidate, measure, skipped);
      if (sample) samples.get(candidate).push(sample);
      else samples.delete(candidate);
    }
  }
  const rows = [...samples].map(([candidate, figures]) => rowOf(candidate, figures));
  return { rows, skipped };
}

// A second attempt, which is reported, so that a single disturbance does not remove a candidate from a long run.
async function attempt(candidate, measure, skipped) {
  const { name } = candidate;
  for (const chance of ["a round was repeated", "left out"]) {
    try {
      return await measure(candidate);
    } catch (error) {
      skipped.push({ name, reason: `${chance}: ${error.message}` });
    }
  }
  return undefined;
}

function rowOf({ name, peer, runtime, label }, figures) {
  const columns = Object.keys(figures[0]);
  const cells = Object.fromEntries(columns.map((key) => [key, summary(figures.map((figure) => figure[key]))]));
  return runtime ? { name, peer, runtime, label, cells } : { name, peer, cells };
}

/** Two sides on each runtime: ours and, if it is compared, the runtime's own. */
export function sidesOn(runtimes, { name: other, title = other }, peers) {
  const sides = !peers || peers.includes(other) ? ["ours", other] : ["ours"];
  return runtimes.flatMap((on) =>
    sides.map((peer) => {
      const name = `${peer === "ours" ? "wasm-ioloop" : title} on ${on.label}`;
      return { name, peer, runtime: on.kind, label: on.label, on };
    }),
  );
}

/** The reasons why candidates are left out, each once. */
export function distinct(skipped) {
  return [...new Map(skipped.map((entry) => [`${entry.name}: ${entry.reason}`, entry])).values()];
}
