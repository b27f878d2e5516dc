// What benches give: plain data, which is printed, drawn, and written as JSON. And the interface every bench follows.

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
 * What a bench is told.
 * @typedef {object} Context
 * @property {number} rounds of each candidate, in turn
 * @property {number} seconds a round is to take, where a bench can choose
 * @property {boolean} quick whether it only has to be proved that everything works
 * @property {import("./runtimes.mjs").Runtime[]} runtimes
 * @property {string[]} [peers] compare only with these
 * @property {string[]} [only] measure only these tables
 * @property {number} connections @property {number} idleSeconds @property {number[]} [pending]
 * @property {(text: string) => void} progress says what is being done
 */

/** @typedef {{ tables: Table[], skipped?: Skipped[] }} Result */
/** @typedef {{ name: string, reason: string }} Skipped who does not take part, and why */

/**
 * @typedef {object} Table
 * @property {string} id unique, and part of names of files
 * @property {string} title
 * @property {string} [short] the same in a word or two, for the chart of goals
 * @property {string} [note]
 * @property {string} main the key of the column that counts most, which is drawn as bars
 * @property {string[]} [compared] the keys of the columns in which all are compared; default the main one
 * @property {Column[]} columns @property {Row[]} rows
 */

/**
 * A column of figures. Ratios take what is below its `floor` for that: down there nothing can be told apart. `isCount`: it counts what is
 * rare, so that the mean of the rounds is shown, not the median.
 * @typedef {{ key: string, title: string, unit: string, better: "lower" | "higher", floor?: number, isCount?: boolean }} Column
 */

/**
 * One candidate's figures.
 * @typedef {object} Row
 * @property {string} name unique in its table
 * @property {string} peer "ours" for what is ours, or begins so where there are several
 * @property {string} [runtime] the kind of runtime it ran on @property {string} [label] and which
 * @property {Record<string, import("./measure.mjs").Summary>} cells by the key of the column
 * @property {Ratio[]} [ratios] of ours only @property {Bound[]} [bounds] of ours only
 */

/**
 * How many times better a row is than another, over the rounds; above 1 is better whatever the column.
 * @typedef {{ column: string, against: string, median: number, low: number, high: number, goal?: number }} Ratio
 */

/** A value that is to be no more than so much. @typedef {{ column: string, value: number, atMost: number }} Bound */

/** The form of a report. It changes when what is in it changes its meaning. */
export const FORMAT = 1;

const MORE_THAN_MET = 2; // how far a bound is said to be reached where far less than it is used

/** Whether a goal is met: "met", "close" when it is not but rounds lie on both sides of it, "missed". */
export function verdict({ median, high, goal }) {
  if (median >= goal) return "met";
  return high >= goal ? "close" : "missed";
}

/** Every goal of a report, in words and numbers. `reached`: 1 when it is just met, more when it is more than met. */
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
  for (const { column, value, atMost } of row.bounds ?? []) {
    const { unit } = table.columns.find(({ key }) => key === column);
    add(column, {
      value: `${figure(value)} ${unit}`,
      goal: `at most ${figure(atMost)} ${unit}`,
      reached: value <= atMost ? Math.min(atMost / value || MORE_THAN_MET, MORE_THAN_MET) : atMost / value,
      verdict: value <= atMost ? "met" : "missed",
    });
  }
  return goals;
}

/**
 * The ratios of a table, one matrix for each column that is compared: a row for each of ours, a column for each peer. Cells
 * are ratios; undefined where there is none.
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

/** A number as it is shown: three digits that mean something, thousands apart. */
export function figure(number) {
  if (number === null || !Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  if (size >= 100) return Math.round(number).toLocaleString("en");
  return String(Number(number.toFixed(size >= 10 ? 1 : 2)));
}

/** What is wrong with a report, as sentences; none when it has the form described here. */
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
    need(!ids.has(table.id), `two tables ${table.id}`);
    ids.add(table.id);
    need(/^[a-z0-9-]+$/.test(table.id), `table ${table.id}: not an id`);
    const keys = table.columns.map(({ key }) => key);
    need(keys.includes(table.main), `table ${table.id}: no column ${table.main}`);
    const names = table.rows.map(({ name }) => name);
    need(new Set(names).size === names.length, `table ${table.id}: two rows of one name`);
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
