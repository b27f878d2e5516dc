// A stored report: prints it again, and writes it to the docs, so that a long run need not be repeated for them.

import { readFileSync } from "node:fs";
import { writeDocs } from "./docs.mjs";
import { compareRows } from "./goals.mjs";
import { printBench, printEnd } from "./report/terminal.mjs";
import { faultsOf } from "./result.mjs";

/**
 * Prints the named benches of a report, compared with the goals of today.
 * @param {{ from: string, benches: string[], writeDocs: boolean }} options
 */
export function showStored({ from, benches: names, writeDocs: isWanted }) {
  const stored = JSON.parse(readFileSync(from, "utf8"));
  const faults = faultsOf(stored);
  if (faults.length > 0) throw new Error(`${from} is not a valid report: ${faults.join("; ")}`);
  const wanted = stored.benches.filter(({ name }) => names.includes(name));
  if (wanted.length === 0) throw new Error(`${from} has none of these benches: ${names.join(", ")}`);
  const benches = wanted.map((bench) => Object.assign(bench, { tables: bench.tables.map(compareRows) }));
  const report = { ...stored, benches };
  for (const bench of benches) printBench(bench);
  printEnd(report);
  if (isWanted) console.log(`\nWritten: ${writeDocs(report).join(", ")}`);
}
