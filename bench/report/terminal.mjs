// Tables in a terminal.

import { middleOf } from "../measure.mjs";
import { figure, goalsOf, matricesOf } from "../result.mjs";

const SIGNS = { met: "met", close: "not met, but within the spread", missed: "not met" };

/** Prints the tables of a bench. */
export function printBench({ title, tables }) {
  console.log(`\n${title}\n${"=".repeat(title.length)}`);
  for (const table of tables) {
    console.log(`\n${table.title} (${table.id})`);
    print(figuresOf(table));
    for (const ratios of ratiosOf(table)) {
      console.log();
      print(ratios);
    }
  }
}

/** Prints the rest: goals, and candidates that did not take part. */
export function printEnd(report) {
  const goals = goalsOf(report);
  if (goals.length > 0) {
    const met = goals.filter(({ verdict }) => verdict === "met").length;
    console.log(`\nGoals: ${met} of ${goals.length} met\n`);
    print([
      ["table", "what", "is", "goal", ""],
      ...goals.map(({ table, row, column, against, value, goal, verdict }) => {
        return [table, `${row}, ${column}${against ? ` against ${against}` : ""}`, value, goal, SIGNS[verdict]];
      }),
    ]);
  }
  if (report.skipped.length > 0) {
    console.log("\nLeft out, or with problems:");
    for (const { name, reason } of report.skipped) console.log(`- ${name}: ${reason}`);
  }
}

/** The figures of a table as cells of text, with a header row: medians or means, and the spread of the main column. */
export function figuresOf({ columns, rows, main }) {
  const hasRounds = rows.some(({ cells }) => cells[main].rounds.length > 1);
  const spread = hasRounds ? ["spread"] : [];
  const head = ["", ...columns.map(({ title, unit }) => (unit ? `${title}, ${unit}` : title)), ...spread];
  return [
    head,
    ...rows.map(({ name, cells }) => [
      name,
      ...columns.map((column) => figure(middleOf(cells[column.key], column))),
      ...spread.map(() => `${Math.round(cells[main].spread * 100)} %`),
    ]),
  ];
}

/** The ratios of a table in the same way, for each compared column. */
export function ratiosOf(table) {
  return matricesOf(table).map(({ column, peers, rows }) => {
    const body = rows.map(({ name, cells }) =>
      [name].concat(cells.map((ratio) => (ratio ? figure(ratio.median) : ""))),
    );
    body.unshift([`${column.title}: × better than`].concat(peers));
    return body;
  });
}

/** Rows of cells as lines of text, with numbers aligned to the right. */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = numberColumns(rows);
  return rows.map((row) =>
    row
      .map((cell, column) => cell[isNumber[column] ? "padStart" : "padEnd"](widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

/** Which columns have numbers below their header. */
export function numberColumns(rows) {
  return rows[0].map((_, column) => column > 0 && rows.slice(1).every((row) => /^(?:-?[\d.,]|–|$)/.test(row[column])));
}

function print(rows) {
  for (const line of aligned(rows)) console.log(line);
}
