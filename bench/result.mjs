// The results of benches: plain data, which is printed, drawn, and written as JSON. And the interface of every bench.

/**
 * A bench is a module with these exports.
 * @typedef {object} Bench
 * @property {string} title
 * @property {string} about what is measured and how, in a few sentences
 * on its core, with `runtimes` empty, and the tables are joined
 * @property {string[]} [peers] the names that `--peers` may have
 * @property {(context: Context) => Promise<Result>} run `ratios` and `bounds` of rows are filled in afterwards
 */

/**
 * The arguments of a bench.
 * @typedef {object} Context
 * @property {number} rounds of each candidate, alternating
 * @property {number} seconds that a round takes, if a bench can choose
 * @property {boolean} quick only show that everything works
 * @property {import("./runtimes.mjs").Runtime[]} runtimes
 * @property {string[]} [peers] compare only with these
 * @property {string[]} [only] measure only these tables
 * @property {number} connections @property {number} idleSeconds @property {number[]} [pending]
 * @property {(text: string) => void} progress reports what is being done
 */

/** @typedef {{ tables: Table[], skipped?: Skipped[] }} Result */
/** @typedef {{ name: string, reason: string }} Skipped a candidate that does not take part, and why */

/**
 * @typedef {object} Table
 * @property {string} id unique, and part of file names
 * @property {string} title
 * @property {string} [short] the same in a word or two, for the chart of goals
 * @property {string} [note]
 * @property {string} main the key of the most important column, which is drawn as bars
 * @property {string[]} [compared] the keys of the columns in which all rows are compared; default the main one
 * @property {Column[]} columns @property {Row[]} rows
 */

/**
 * A column of figures. For ratios, values below its `floor` count as the floor, because they cannot be distinguished. `isCount`: it counts
 * rare events, or its rounds are draws, so their mean is shown, not the median.
 * @typedef {{ key: string, title: string, unit: string, better: "lower" | "higher", floor?: number, isCount?: boolean }} Column
 */

/**
 * One candidate's figures.
 * @typedef {object} Row
 * @property {string} name unique in its table
 * @property {string} peer "ours" for ours, or a name that begins so if there are several
 * @property {string} [runtime] the kind of runtime @property {string} [label] its name and version
 * @property {Record<string, import("./measure.mjs").Summary>} cells by the key of the column
 * @property {Ratio[]} [ratios] only for ours @property {Bound[]} [bounds] only for ours
 */

/**
 * How many times better a row is than another, over the rounds; above 1 is better in any column.
 * @typedef {{ column: string, against: string, median: number, low: number, high: number, goal?: number }} Ratio
 */

/** A value with an upper or a lower bound. @typedef {{ column: string, value: number, atMost?: number, atLeast?: number }} Bound */

/** The version of the report format. It changes when the meaning of the data changes. */
export const FORMAT = 1;

const MORE_THAN_MET = 2; // the maximum of `reached` for a bound

/** Whether a goal is met: "met", "close" if it is not met but rounds are on both sides of it, or "missed". */
export function verdict({ median, high, goal }) {
  if (median >= goal) return "met";
  return high >= goal ? "close" : "missed";
}

/** All goals of a report, in words and numbers. `reached` is 1 if a goal is just met, and more if it is exceeded. */
export function goalsOf({ benches }) {
  const tables = benches.flatMap(({ tables }) => tables);
  return tables.flatMap((table) => table.rows.flatMap((row) => goalsOfRow(table, row)));
}

function goalsOfRow(table, row) {
  const goals = [];
  const add = (key, rest) => {
    const column = table.columns.find((column) => column.key === key).title;
    goals.push({ table: table.id, short: table.short ?? table.id, what: table.title, row: row.name, column, ...rest });
  };
  for (const ratio of row.ratios ?? []) {
    if (ratio.goal === undefined) continue;
    add(ratio.column, {
      against: ratio.against,
      value: `${figure(ratio.median)} ×`,
      goal: `at least ${figure(ratio.goal)} ×`,
      reached: ratio.median / ratio.goal,
      verdict: verdict(ratio),
    });
  }
  for (const { column, value, atMost, atLeast } of row.bounds ?? []) {
    const { unit } = table.columns.find(({ key }) => key === column);
    const isUpper = atMost !== undefined;
    const isMet = isUpper ? value <= atMost : value >= atLeast;
    const reached = isUpper ? atMost / value : value / atLeast;
    add(column, {
      value: `${figure(value)} ${unit}`,
      goal: `at ${isUpper ? "most" : "least"} ${figure(isUpper ? atMost : atLeast)} ${unit}`,
      reached: isMet ? Math.min(Math.max(reached || 0, 1), MORE_THAN_MET) : Math.max(reached, 0),
      verdict: isMet ? "met" : "missed",
    });
  }
  return goals;
}

/**
 * The ratios of a table, one matrix for each compared column: a row for each of ours, a column for each peer. Cells
 * are ratios, or undefined.
 * @param {Table} table
 */
export function matricesOf({ columns, rows }) {
  const ours = rows.filter(({ ratios = [] }) => ratios.length > 0);
  const everywhere = new Set(rows.filter(({ label }) => label).map(({ name }) => name));
  const peerOf = ({ against }, { label }) => (everywhere.has(against) ? against.replace(` on ${label}`, "") : against);
  return columns.flatMap((column) => {
    const cells = ours.map((row) => {
      const ratios = row.ratios.filter((ratio) => ratio.column === column.key);
      return new Map(ratios.map((ratio) => [peerOf(ratio, row), ratio]));
    });
    const peers = [...new Set(cells.flatMap((map) => [...map.keys()]))];
    if (peers.length === 0) return [];
    return [
      { column, peers, rows: ours.map(({ name }, at) => ({ name, cells: peers.map((peer) => cells[at].get(peer)) })) },
    ];
  });
}

/** Whether a peer is one of ours. */
export function isOurs(peer) {
  return /^ours(?:-|$)/.test(peer);
}

/** Formats a number: three significant digits, with thousands separators. */
export function figure(number) {
  if (number === null || !Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  if (size >= 100) return Math.round(number).toLocaleString("en");
  return String(Number(number.toFixed(size >= 10 ? 1 : 2)));
}

/** The faults of a report, as sentences; empty if it has the format described here. */
export function faultsOf(report) {
  const faults = [];
  const need = (condition, text) => condition || faults.push(text);
  need(report.format === FORMAT, `format is ${report.format}, not ${FORMAT}`);
  need(!Number.isNaN(Date.parse(report.date)), "no date");
  need(typeof report.machine?.cpu === "string", "no machine");
  need(report.versions && Object.values(report.versions).every((text) => typeof text === "string"), "no versions");
  need(Number.isInteger(report.options?.rounds), "no rounds");
  for (const { name, reason } of report.skipped ?? []) need(name && reason, `skipped without a reason: ${name}`);
  const ids = new Set();
  for (const table of report.benches?.flatMap(({ tables }) => tables) ?? []) {
    need(!ids.has(table.id), `duplicate table ${table.id}`);
    ids.add(table.id);
    need(/^[a-z0-9-]+$/.test(table.id), `table ${table.id}: not an id`);
    const keys = table.columns.map(({ key }) => key);
    need(keys.includes(table.main), `table ${table.id}: no column ${table.main}`);
    const names = table.rows.map(({ name }) => name);
    need(new Set(names).size === names.length, `table ${table.id}: duplicate row name`);
    for (const row of table.rows) {
      for (const key of keys) need(isSummary(row.cells[key]), `table ${table.id}, ${row.name}: no figure ${key}`);
      for (const { column, against, median } of row.ratios ?? []) {
        const isKnown = keys.includes(column) && names.includes(against) && median > 0;
        need(isKnown, `table ${table.id}, ${row.name}: ratio of ${column} against ${against}`);
      }
    }
  }
  return faults;
}

function isSummary(cell) {
  const { median, low, high, spread, rounds } = cell ?? {};
  if (!Array.isArray(rounds) || rounds.length === 0) return false;
  return [median, low, high, spread, ...rounds].every(Number.isFinite) && low <= median && median <= high;
}
