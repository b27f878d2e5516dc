// The styles of a report, light and dark.

const LIGHT = `--paper: #fff; --panel: #f6f7f9; --ink: #1c2128; --faint: #626c7a; --line: #dfe3e8; --ours: #4f46c8;
--rival: #8b96a8; --other: #bcc4cf; --met: #1f8a55; --close: #b97a0a; --missed: #c8433a;`;

const DARK = `--paper: #10141a; --panel: #181d25; --ink: #e4e8ee; --faint: #98a3b3; --line: #2b323c; --ours: #9a90ff;
--rival: #6f7b8d; --other: #4a5361; --met: #45b881; --close: #dca548; --missed: #f07168;`;

const CHART = `
.chart { font: 13px system-ui, sans-serif; display: block; width: 100%; min-width: 640px; }
.chart text { fill: var(--ink); }
.chart .label { text-anchor: end; }
.chart .label.ours { font-weight: 600; }
.chart .tick { text-anchor: middle; fill: var(--faint); font-size: 11px; }
.chart .axis, .chart .faint { fill: var(--faint); }
.chart .axis { font-size: 12px; }
.chart .value { font-variant-numeric: tabular-nums; white-space: pre; }
.chart .grid { stroke: var(--line); }
.chart .mark { stroke: var(--ink); stroke-width: 2; }
.chart .whisker { stroke: var(--ink); stroke-width: 1.5; opacity: 0.6; }
.chart .range { stroke-width: 2; }
.chart .paper { fill: var(--paper); }
.chart .bar.ours, .chart .dot.ours { fill: var(--ours); }
.chart .bar.rival, .chart .dot.rival { fill: var(--rival); }
.chart .bar.other, .chart .dot.other { fill: var(--other); }
.chart .range.ours, .chart .ring.ours { stroke: var(--ours); }
.chart .range.rival, .chart .ring.rival { stroke: var(--rival); }
.chart .range.other, .chart .ring.other { stroke: var(--other); }
.chart .ring { fill: var(--paper); stroke-width: 2; }
.chart .bar.met { fill: var(--met); }
.chart .bar.close { fill: var(--close); }
.chart .bar.missed { fill: var(--missed); }`;

/** For a chart in a separate file. */
export const svgStyle = `svg { ${LIGHT} }
@media (prefers-color-scheme: dark) { svg { ${DARK} } }${CHART}`;

/** For a page. */
export const pageStyle = `:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }${CHART}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; margin: 0 0 0.25rem; }
h2 { font-size: 1.4rem; margin: 3.5rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h3 { font-size: 1.05rem; margin: 2.25rem 0 0.75rem; }
p { margin: 0.5rem 0; max-width: 72ch; }
.faint, figcaption, td .faint { color: var(--faint); }
nav { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; margin: 1.25rem 0; }
a { color: var(--ours); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 0.75rem; margin: 1.5rem 0; }
.fact { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem 0.85rem; }
.fact b { display: block; font-weight: 400; font-size: 0.8rem; color: var(--faint); }
.warning { border-left: 4px solid var(--close); background: var(--panel); padding: 0.6rem 1rem; }
figure { margin: 0.75rem 0; overflow-x: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.86rem; margin: 0.75rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.28rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { font-weight: 600; color: var(--faint); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
tr.ours td { background: color-mix(in srgb, var(--ours) 9%, transparent); }
td.met { color: var(--met); } td.close { color: var(--close); } td.missed { color: var(--missed); }
summary { cursor: pointer; color: var(--faint); font-size: 0.9rem; }
@media print { details > * { display: block; } }`;

/** Escapes a text for HTML or SVG. */
export function escape(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replaceAll(/[&<>"]/g, (character) => entities[character]);
}
