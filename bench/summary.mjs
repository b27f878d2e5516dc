// The first table of docs/performance.md: ten figures out of docs/benchmarks.md, so that both pages say the same.

const RUNTIMES = ["Node 20", "Node 26", "Bun"];

const ours = (label) => `wasm-ioloop on ${label}`;
const framed = (label) => `wasm-ioloop, frames with a callback on ${label}`;
const times = (what, against, { section, matrix, peer, row = ours }) => ({ what, against, section, matrix, peer, row });

/** Each is a ratio of one matrix: the section of the page, the beginning of the first heading, and the heading of the peer's column. */
const RATIOS = [
  times("Restart one of 100,000 timers", "`timeout.refresh()`", {
    section: "Timers: restart",
    matrix: "100,000:",
    peer: "setTimeout",
  }),
  times("Cancel one of 100,000 timers", "`clearTimeout`", {
    section: "Timers: cancel",
    matrix: "100,000:",
    peer: "setTimeout",
  }),
  times("Answer a request, one at a time", "`node:net`", {
    section: "One request at a time, 64 connections, 64 bytes",
    matrix: "CPU a request:",
    peer: "node:net",
  }),
  times("Answer 16 requests sent together", "`node:net`", {
    section: "16 requests at a time, 64 connections, 64 bytes",
    matrix: "CPU a request:",
    peer: "node:net",
  }),
  times("Accept, answer, close a connection", "`node:net`, `end()`", {
    section: "Accepted, answered and closed, 64 clients at a time, 64 bytes",
    matrix: "CPU a connection:",
    peer: "node:net, end()",
  }),
  times("Memory of an idle connection", "`node:net`", {
    section: "9,000 idle connections",
    matrix: "resident a connection:",
    peer: "node:net",
  }),
  times("Split lines", "`split2`", {
    section: "Lines of 40 bytes",
    matrix: "CPU a line:",
    peer: "split2",
    row: framed,
  }),
  times("Import, and make the first loop", "`node:net`", {
    section: "Importing the package and making a loop",
    matrix: "until it is ready:",
    peer: "node:net",
  }),
];

/** Each is a figure of ours, and beside it that of a peer on the first runtime. */
const FIGURES = [
  {
    what: "Answered in time at twice the load",
    against: "`node:http`, 20 at a time",
    section: "More clients than a server can serve",
    column: "load 2, %",
    unit: " %",
    row: (label) => `wasm-ioloop, adaptive on ${label}`,
    peer: (label) => `node:http, 20 at a time on ${label}`,
  },
  {
    what: "Requests failed in a graceful stop",
    against: "fastify",
    section: "Stopped by SIGTERM under load",
    column: "failed, a stop",
    unit: "",
    row: (label) => `wasm-ioloop, delay: 1 on ${label}`,
    peer: (label) => `fastify, close-with-grace on ${label}`,
  },
];

const NONE = "–"; // the page does not have it

/** The table, as rows of cells, out of the text of docs/benchmarks.md. */
export function summaryOf(page) {
  const ratios = RATIOS.map(({ what, against, section, matrix, peer, row }) => {
    const table = tablesOf(page, section).find(([head]) => head[0].startsWith(matrix));
    return [what, against].concat(RUNTIMES.map((label) => cellOf(table, row(label), peer, " ×")));
  });
  const figures = FIGURES.map(({ what, against, section, column, unit, row, peer }) => {
    const [table] = tablesOf(page, section);
    const of = (name) => cellOf(table, name, column, unit);
    return [what, `${against}: ${of(peer(RUNTIMES[0]))}`].concat(RUNTIMES.map((label) => of(row(label))));
  });
  return [["", "compared with", ...RUNTIMES], ...ratios, ...figures];
}

// The tables of a section, each as rows of cells.
function tablesOf(page, section) {
  const begin = page.indexOf(`\n### ${section}\n`);
  if (begin < 0) return [];
  const text = page.slice(begin + 1).split(/\n#{2,3} /)[0];
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("|"))
    .map((block) => block.split("\n").filter(Boolean).map(cellsOf));
}

function cellsOf(line) {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}

function cellOf(table, name, heading, unit) {
  const at = table?.[0].indexOf(heading) ?? -1;
  const row = table?.find(([first]) => first === name);
  return at < 0 || !row ? NONE : `${row[at]}${unit}`;
}
