// A report as a single page without network access, scripts, or other files.

import { middleOf } from "../measure.mjs";
import { figure, goalsOf, isOurs, matricesOf, verdict } from "../result.mjs";
import { MARKS, barChart, goalChart, hasLatencies, rangeChart } from "./charts.mjs";
import { escape, pageStyle } from "./style.mjs";

const WORDS = { met: "met", close: "not met, but rounds lie on both sides of it", missed: "not met" };

/** The page of a report. */
export function html(report) {
  const { benches, date, options } = report;
  const goals = goalsOf(report);
  const day = date.slice(0, 10);
  const links = benches.map(({ name, title }) => `<a href="#${name}">${escape(title)}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>wasm-ioloop: benchmarks of ${day}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>wasm-ioloop, measured</h1>
<p class="faint">${day}, ${options.rounds} ${options.rounds === 1 ? "round" : "rounds"} of ${options.seconds} s each.</p>
${options.quick ? '<p class="warning">A quick run: it shows that everything works. Its figures mean nothing.</p>' : ""}
${facts(report)}
<p>Figures are medians of the rounds; where they count what is rare, means. Candidates take turns, so what disturbs the machine disturbs all alike: ratios count,
single figures do not. A ratio is taken round by round, and above 1 ours is better, whatever the unit. In the charts a thin line goes from
the best round to the worst, and the number behind a bar of ours says how many times better it is than its first rival.</p>
<nav>${[...(goals.length > 0 ? ['<a href="#goals">Goals</a>'] : []), ...links, '<a href="#versions">Versions</a>'].join("\n")}</nav>
${goals.length > 0 ? goalSection(goals) : ""}
${benches.map(benchSection).join("\n")}
${endSection(report)}
</main>
</body>
</html>
`;
}

function facts({ machine, options }) {
  const entries = {
    Processor: `${machine.cpu}, ${machine.cores} cores`,
    Memory: machine.memory,
    System: `${machine.system}, ${machine.kernel}`,
    Cores: machine.pinned,
    "Load before": figure(machine.loadBefore),
    "Time taken by other machines": `${machine.stolenPercent} %`,
    "Idle connections": `${options.connections.toLocaleString("en")}, for ${options.idleSeconds} s`,
  };
  const cells = Object.entries(entries).map(
    ([name, value]) => `<div class="fact"><b>${name}</b>${escape(value)}</div>`,
  );
  return `<div class="facts">${cells.join("\n")}</div>`;
}

function goalSection(goals) {
  const met = goals.filter(({ verdict }) => verdict === "met").length;
  const rows = goals.map((goal) => [
    { text: goal.what },
    { text: goal.row, kind: "text" },
    { text: `${goal.column}${goal.against ? ` against ${goal.against}` : ""}`, kind: "text" },
    { text: goal.value },
    { text: goal.goal },
    { text: `${MARKS[goal.verdict]} ${WORDS[goal.verdict]}`, kind: `text ${goal.verdict}` },
  ]);
  return `<h2 id="goals">Goals: ${met} of ${goals.length} met</h2>
<figure>${goalChart(goals)}</figure>
<details><summary>As a table</summary>${tableOf(["Table", "What", "In", "Is", "Goal", ""], rows)}</details>`;
}

function benchSection({ name, title, about, tables }) {
  return `<h2 id="${name}">${escape(title)}</h2>
<p>${escape(about)}</p>
${tables.map(tableSection).join("\n")}`;
}

function tableSection(table) {
  const { id, title, note } = table;
  return `<section id="${id}">
<h3>${escape(title)}</h3>
${note ? `<p class="faint">${escape(note)}</p>` : ""}
<figure>${barChart(table)}</figure>
${hasLatencies(table) ? `<figure>${rangeChart(table)}</figure>` : ""}
${ratioTables(table).join("\n")}
<details><summary>All figures</summary>${figureTable(table)}</details>
</section>`;
}

function figureTable({ columns, rows, main }) {
  const head = ["", ...columns.map(({ title, unit }) => (unit ? `${title}, ${unit}` : title)), "spread"];
  const body = rows.map(({ name, peer, cells }) => [
    { text: name, row: isOurs(peer) ? "ours" : "" },
    ...columns.map((column) => {
      const cell = cells[column.key];
      const { low, high } = cell;
      return { text: figure(middleOf(cell, column)), tip: `${figure(low)} to ${figure(high)}` };
    }),
    { text: `${Math.round(cells[main].spread * 100)} %` },
  ]);
  return tableOf(head, body);
}

function ratioTables(table) {
  return matricesOf(table).map(({ column, peers, rows }) => {
    const body = rows.map(({ name, cells }) => [{ text: name }, ...cells.map(ratioCell)]);
    return tableOf([`${column.title}: × better than`, ...peers], body);
  });
}

function ratioCell(ratio) {
  if (!ratio) return { text: "" };
  const { median, low, high, goal } = ratio;
  const tip = `rounds from ${figure(low)} to ${figure(high)}`;
  if (goal === undefined) return { text: figure(median), tip };
  const reached = verdict(ratio);
  return {
    text: `${MARKS[reached]} ${figure(median)}`,
    tip: `${tip}, goal ${figure(goal)}: ${WORDS[reached]}`,
    kind: reached,
  };
}

function endSection({ versions, skipped }) {
  const rows = Object.entries(versions).map(([name, version]) => [{ text: name }, { text: version, kind: "text" }]);
  const left = skipped.map(({ name, reason }) => `<li>${escape(name)}: ${escape(reason)}</li>`).join("\n");
  return `<h2 id="versions">Versions</h2>
${tableOf(["", ""], rows)}
${left ? `<h2 id="left-out">Left out, or with problems</h2>\n<ul>${left}</ul>` : ""}`;
}

// Cells have a text, and optionally a kind, a tip, and the kind of their row.
function tableOf(head, rows) {
  const cell = ({ text, kind, tip }) =>
    `<td${kind ? ` class="${kind}"` : ""}${tip ? ` title="${escape(tip)}"` : ""}>${escape(text)}</td>`;
  const body = rows.map((cells) => {
    const kind = cells[0].row ? ` class="${cells[0].row}"` : "";
    return `<tr${kind}>${cells.map(cell).join("")}</tr>`;
  });
  const top = head.some((text) => text !== "")
    ? `<thead><tr>${head.map((text) => `<th>${escape(text)}</th>`).join("")}</tr></thead>`
    : "";
  return `<div class="scroll"><table>${top}<tbody>${body.join("\n")}</tbody></table></div>`;
}
