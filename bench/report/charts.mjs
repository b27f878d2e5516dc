// Charts as hand-drawn SVG: bars for the main column of a table, ranges for latencies, and how far goals are reached.
//
// They only use the classes of style.mjs, so their colours follow the page, light or dark.

import { middleOf } from "../measure.mjs";
import { figure, isOurs } from "../result.mjs";
import { escape, svgStyle } from "./style.mjs";

const WIDTH = 860;
const LABELS = 250; // the width of the names, before the bars
const RIGHT = 150; // the space for numbers after the bars
const [TOP, BOTTOM] = [8, 44];
const [ROW, GAP, BAR] = [24, 8, 14];
const PLOT = WIDTH - LABELS - RIGHT;

/**
 * The main column of a table as bars: the median or mean of each row, and a line from the best to the worst round.
 * @param {import("../result.mjs").Table} table
 */
export function barChart({ title, columns, rows, main }, options) {
  const column = columns.find(({ key }) => key === main);
  const { title: name, unit, better } = column;
  const longest = Math.max(...rows.map(({ cells }) => Math.max(cells[main].high, 0))) || 1;
  const ticks = niceTicks(longest);
  const at = (value) => LABELS + (Math.max(value, 0) / ticks.at(-1)) * PLOT;
  const { places, height } = layOut(rows);
  const bars = rows.map((row, index) => {
    const { low, high, rounds } = row.cells[main];
    const middle = middleOf(row.cells[main], column);
    const y = places[index];
    const first = row.ratios?.find(({ column }) => column === main);
    const times = first ? `<tspan class="faint">  ${figure(first.median)} ×</tspan>` : "";
    const whisker = rounds.length > 1 ? line("whisker", at(low), y, at(high), y) : "";
    const tip = `${row.name}: ${figure(middle)} ${unit}, rounds from ${figure(low)} to ${figure(high)}`;
    return (
      `<g><title>${escape(tip)}</title>${label(row, y)}` +
      `<rect class="bar ${tone(row)}" x="${LABELS}" y="${y - BAR / 2}" width="${round(at(middle) - LABELS)}" height="${BAR}" rx="2" />` +
      `${whisker}<text class="value" x="${round(at(rounds.length > 1 ? high : middle) + 8)}" y="${y + 4}">${figure(middle)}${times}</text></g>`
    );
  });
  const axis = `${name}${unit ? `, ${unit}` : ""} · ${better === "lower" ? "shorter is better" : "longer is better"}`;
  const body = grid(ticks, at, height) + caption(axis, height) + bars.join("");
  return svg(`${title}: ${name}`, height, body, options);
}

/**
 * Latencies: from the median to percentile 99.9, on a logarithmic scale.
 * @param {import("../result.mjs").Table} table
 */
export function rangeChart({ title, rows }, options) {
  const keys = ["p50", "p99", "p999"];
  const all = rows.flatMap(({ cells }) => keys.map((key) => Math.max(cells[key].median, 0.001)));
  const [from, to] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const decades = Math.max(to - from, 1);
  const at = (value) => LABELS + ((Math.log10(Math.max(value, 0.001)) - from) / decades) * PLOT;
  const ticks = Array.from({ length: decades + 1 }, (_, step) => Number((10 ** (from + step)).toPrecision(1)));
  const { places, height } = layOut(rows);
  const ranges = rows.map((row, index) => {
    const y = places[index];
    const values = keys.map((key) => row.cells[key].median);
    const [p50, p99, p999] = values.map((value) => round(at(value)));
    const text = values.map(figure).join(" · ");
    return (
      `<g><title>${escape(`${row.name}: p50, p99, p99.9: ${text} ms`)}</title>${label(row, y)}` +
      `${line(`range ${tone(row)}`, p50, y, p999, y)}<circle class="dot ${tone(row)}" cx="${p50}" cy="${y}" r="5" />` +
      `<rect class="bar ${tone(row)}" x="${round(p99 - 2)}" y="${y - 7}" width="4" height="14" />` +
      `<circle class="ring ${tone(row)}" cx="${p999}" cy="${y}" r="4" />` +
      `<text class="value faint" x="${round(p999 + 10)}" y="${y + 4}">${text}</text></g>`
    );
  });
  const axis = "latency, ms: p50 (dot), p99 (bar), p99.9 (ring) · further left is better";
  return svg(`${title}: latency`, height, grid(ticks, at, height) + caption(axis, height) + ranges.join(""), options);
}

/** How far each goal is reached: a bar that crosses the line has met it. Bars end at twice the goal. */
export function goalChart(goals, options) {
  const shown = goals.map((goal) => ({ ...goal, name: shortName(goal), label: goal.table }));
  const left = LABELS + 190;
  const at = (reached) => left + (Math.min(reached, 2) / 2) * (WIDTH - left - RIGHT);
  const { places, height } = layOut(shown);
  const bars = shown.map((goal, index) => {
    const y = places[index];
    const what = `${goal.what}: ${goal.row}, ${goal.column}${goal.against ? ` against ${goal.against}` : ""}`;
    return (
      `<g><title>${escape(`${what}: ${goal.value}, goal ${goal.goal}`)}</title>` +
      `<text class="label" x="${left - 10}" y="${y + 4}">${escape(goal.name)}</text>` +
      `<rect class="bar ${goal.verdict}" x="${left}" y="${y - BAR / 2}" width="${round(at(goal.reached) - left)}" height="${BAR}" rx="2" />` +
      `<text class="value" x="${WIDTH - RIGHT + 10}" y="${y + 4}">${MARKS[goal.verdict]} ${escape(goal.value)}` +
      `<tspan class="faint">  / ${escape(goal.goal.replace(/^at (?:least|most) /, ""))}</tspan></text></g>`
    );
  });
  const mark = line("mark", at(1), TOP, at(1), height - BOTTOM + 6);
  const note = `<text class="tick" x="${at(1)}" y="${height - 22}">goal</text>`;
  return svg("How far each goal is reached", height, bars.join("") + mark + note, options);
}

/** The sign of a verdict, in addition to its colour. */
export const MARKS = { met: "✓", close: "≈", missed: "✗" };

/** Whether a table has the latencies for a range chart. */
export function hasLatencies({ columns }) {
  return ["p50", "p99", "p999"].every((wanted) => columns.some(({ key }) => key === wanted));
}

/** About five round numbers, from 0 on, that cover a value. */
export function niceTicks(longest) {
  const raw = longest / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw) * power;
  const count = Math.ceil(longest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

// A gap between runtimes.
function layOut(rows) {
  let y = TOP + ROW / 2;
  const places = rows.map(({ label }, index) => {
    if (index > 0) y += ROW + (label === rows[index - 1].label ? 0 : GAP);
    return y;
  });
  return { places, height: y + ROW / 2 + BOTTOM };
}

function grid(ticks, at, height) {
  const end = height - BOTTOM + 6;
  return ticks
    .map(
      (tick) =>
        `${line("grid", at(tick), TOP, at(tick), end)}<text class="tick" x="${round(at(tick))}" y="${height - 22}">${figure(tick)}</text>`,
    )
    .join("");
}

function caption(text, height) {
  return `<text class="axis" x="${LABELS}" y="${height - 4}">${escape(text)}</text>`;
}

function label(row, y) {
  return `<text class="label ${tone(row)}" x="${LABELS - 10}" y="${y + 4}">${escape(row.name)}</text>`;
}

function line(kind, x1, y1, x2, y2) {
  return `<line class="${kind}" x1="${round(x1)}" y1="${y1}" x2="${round(x2)}" y2="${y2}" />`;
}

function tone({ peer }) {
  if (isOurs(peer)) return "ours";
  return /^node-net|^setTimeout$/.test(peer) ? "rival" : "other";
}

function shortName({ short, row, column, against }) {
  const runtime = / on (.*)$/.exec(row)?.[1];
  const versus = against ? ` against ${against.replace(` on ${runtime}`, "")}` : "";
  const what = against && / an? (?:request|connection|timer)$/.test(column) ? "" : `, ${column}`;
  return `${short}: ${runtime ?? row}${what}${versus}`;
}

function round(number) {
  return Number(number.toFixed(1));
}

function svg(title, height, body, { isAlone = false } = {}) {
  const alone = isAlone ? ' xmlns="http://www.w3.org/2000/svg"' : "";
  const style = isAlone ? `<style>${svgStyle}</style><rect class="paper" width="${WIDTH}" height="${height}" />` : "";
  return `<svg${alone} class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">${style}${body}</svg>`;
}
