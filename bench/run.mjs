// Runs benches, prints their tables, and writes a report. See `npm run bench -- --help`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDocs } from "./docs.mjs";
import { compareRows } from "./goals.mjs";
import { busyness, machine, stolenPercent, versions } from "./machine.mjs";
import { USAGE, parse, partsOf } from "./options.mjs";
import { progressLine } from "./progress.mjs";
import { html } from "./report/html.mjs";
import { printBench, printEnd } from "./report/terminal.mjs";
import { FORMAT, faultsOf } from "./result.mjs";
import { findRuntimes } from "./runtimes.mjs";
import { showStored } from "./stored.mjs";
import { distinct } from "./turns.mjs";

const REPORTS = ["report.json", "report.html"];
const options = understand(process.argv.slice(2));
if (options.from !== undefined) {
  showStored(options);
  process.exit();
}
const modules = new Map();
for (const name of options.benches) modules.set(name, await import(`./${name}.mjs`));
const { runtimes, skipped } = prepare();
const progress = progressLine(process.stderr);
const [began, before] = [new Date(), busyness()];
const benches = [];

for (const [name, { run, title, about }] of modules) {
  const say = (text) => progress.say(`${name} · ${text}`);
  const result = await run({ ...options, runtimes, progress: say });
  progress.clear();
  skipped.push(...(result.skipped ?? []));
  const tables = result.tables.filter(({ rows }) => rows.length > 0).map(compareRows);
  if (tables.length === 0) continue;
  benches.push({ name, title, about: about.replaceAll("\n", " "), tables });
  printBench(benches.at(-1));
  save();
}

const report = save();
printEnd(report);
const faults = faultsOf(report);
if (faults.length > 0) throw new Error(`The report is invalid: ${faults.join("; ")}`);
const ids = new Set(benches.flatMap(({ tables }) => tables.map(({ id }) => id)));
const missing = options.only?.filter((id) => !ids.has(id)) ?? [];
if (missing.length > 0) {
  console.error(`Nothing was measured for ${missing.join(", ")}`);
  process.exitCode = 1;
}
const written = options.writeDocs ? writeDocs(report) : [];
console.log(`\nWritten: ${[...REPORTS.map((file) => join(options.out, file)), ...written].join(", ")}`);

// Writes the results so far, as data and as a page. After each bench, so that an interrupted run keeps its results.
function save() {
  const { quick, rounds, seconds, connections, idleSeconds } = options;
  const report = {
    format: FORMAT,
    date: began.toISOString(),
    machine: { ...machine(), loadBefore: before.load, stolenPercent: stolenPercent(before, busyness()) },
    versions: versions(runtimes),
    options: { quick, rounds, seconds, connections, idleSeconds, parts: partsOf(options) },
    benches,
    skipped: distinct(skipped),
  };
  mkdirSync(options.out, { recursive: true });
  const contents = [`${JSON.stringify(report, undefined, 1)}\n`, html(report)];
  for (const [at, file] of REPORTS.entries()) writeFileSync(join(options.out, file), contents[at]);
  return report;
}

// Checks all names before anything is measured.
function prepare() {
  try {
    const peers = [...modules.values()].flatMap(({ peers = [] }) => peers);
    const unknown = options.peers?.find((peer) => !peers.includes(peer));
    const known = [...new Set(peers)].join(", ") || "none";
    if (unknown !== undefined) throw new TypeError(`Unknown peer "${unknown}"; known are ${known}`);
    return findRuntimes(options.runtimes);
  } catch (error) {
    return refuse(error);
  }
}

function understand(args) {
  try {
    const options = parse(args);
    if (!options.help) return options;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
