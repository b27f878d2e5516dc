// Writes measured tables and charts to docs/benchmarks.md, so that its numbers always come from a run, and ten of them to docs/performance.md.
//
// The results of a bench are between two markers, <!-- bench:NAME --> and <!-- /bench:NAME -->; everything else is kept.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MARKS, barChart, hasLatencies, rangeChart } from "./report/charts.mjs";
import { figuresOf, numberColumns, ratiosOf } from "./report/terminal.mjs";
import { figure, goalsOf } from "./result.mjs";
import { summaryOf } from "./summary.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes the benches of a report. Returns the names of the files. */
export function writeDocs(report, docs = join(root, "docs")) {
  if (report.options.quick) throw new Error("A quick run does not measure anything for the docs: leave out --quick");
  const page = join(docs, "benchmarks.md");
  const images = join(docs, "images");
  const files = [page];
  let text = readFileSync(page, "utf8");
  mkdirSync(images, { recursive: true });
  for (const bench of report.benches) {
    text = replaceBlock(text, bench.name, blockOf(bench, report));
    for (const table of bench.tables) {
      for (const [name, chart] of Object.entries(chartsOf(table))) {
        files.push(join(images, name));
        writeFileSync(files.at(-1), `${chart}\n`);
      }
    }
  }
  writeFileSync(page, text);
  const first = join(docs, "performance.md");
  const performance = readFileSync(first, "utf8");
  writeFileSync(first, replaceBlock(performance, "summary", markdown(summaryOf(text))));
  files.push(first);
  format(page, first);
  return files;
}

/** Replaces the text between the markers of a bench. */
export function replaceBlock(text, name, block) {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no markers ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${block}\n\n${text.slice(to)}`;
}

function blockOf(bench, report) {
  const { machine, options, date } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const parts = options.parts?.length > 0 ? ` This run was limited by \`${options.parts.join(" ")}\`.` : "";
  const intro =
    `Measured on ${date.slice(0, 10)}: ${options.rounds} rounds of ${options.seconds} s, ${machine.cpu}, ` +
    `${machine.cores} cores, ${machine.kernel}, ${machine.system}; ${machine.pinned}; load before ${figure(machine.loadBefore)}, ` +
    `${machine.stolenPercent} % of the time taken by other machines. ${versions.join(", ")}.${parts}`;
  const sections = bench.tables.flatMap((table) => [
    `### ${table.title}`,
    ...(table.note ? [table.note] : []),
    ...Object.keys(chartsOf(table)).map((file) => `![${table.title}](images/${file})`),
    markdown(figuresOf(table)),
    ...ratiosOf(table).map(markdown),
  ]);
  const goals = goalsOf({ benches: [bench] }).map(({ what, row, column, against, value, goal, verdict }) => {
    return [`${MARKS[verdict]} ${what}: ${row}, ${column}`, against ?? "", value, goal];
  });
  if (goals.length > 0) sections.push("### Goals", markdown([["goal", "against", "is", "wanted"], ...goals]));
  return [intro, ...sections].join("\n\n");
}

function chartsOf(table) {
  const charts = { [`${table.id}.svg`]: barChart(table, { isAlone: true }) };
  if (hasLatencies(table)) charts[`${table.id}-latency.svg`] = rangeChart(table, { isAlone: true });
  return charts;
}

function markdown(rows) {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const line = (row) => `| ${row.join(" | ")} |`;
  const rule = numberColumns(cells).map((is) => (is ? "---:" : "---"));
  return [cells[0], rule, ...cells.slice(1)].map(line).join("\n");
}

// The repository's formatter decides on the layout of tables.
function format(...pages) {
  const formatter = join(root, "node_modules/.bin/oxfmt");
  if (existsSync(formatter)) execFileSync(formatter, pages, { cwd: root, stdio: "ignore" });
}
