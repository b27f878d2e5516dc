// The command line of the benches.

import { parseArgs } from "node:util";

/** All benches, in the order in which they run. */
export const BENCHES = [
  "timers",
  "node-timers",
  "outside",
  "net",
  "streams",
  "accept",
  "stop",
  "overload",
  "memory",
  "idle",
  "lateness",
  "size",
];

export const USAGE = `npm run bench -- [BENCH…] [options]

  BENCH              ${BENCHES.join(", ")}; default all

  --quick            one short round: shows that everything works, measures nothing
  --rounds N         rounds of each candidate, in turn; default 5
  --seconds N        how long a round puts a server under load; default 3
  --runtime NAME     only on this runtime: node, node-26, bun, deno; separate several by commas, or repeat the option
  --peers A,B        compare only with these; the report has the names
  --only A,B         only these tables; the report has their names
  --connections N    number of idle connections in the memory bench; default 9000
  --idle-seconds N   how long that bench keeps them idle; default 60
  --pending A,B      numbers of pending timers in the timer bench; at least 512
  --out DIR          folder for report.json and report.html; default build/bench
  BENCH_BEFORE=DIR   in the environment: another checkout, already built, whose servers take part as well
  BENCH_FAILURES=1   in the environment: the bench of stops prints each request that failed
  --write-docs       also write the tables and charts to docs/benchmarks.md; for complete benches only
  --from FILE        measure nothing: print a stored report, or the named benches in it; with --write-docs, write them to the docs
`;

const NAMES = { type: "string", multiple: true };
const NUMBER = { type: "string" };

const OPTIONS = {
  quick: { type: "boolean" },
  rounds: NUMBER,
  seconds: NUMBER,
  runtime: NAMES,
  peers: NAMES,
  only: NAMES,
  connections: NUMBER,
  "idle-seconds": NUMBER,
  pending: NAMES,
  out: { type: "string" },
  from: { type: "string" },
  "write-docs": { type: "boolean" },
  help: { type: "boolean" },
};

const FEWEST_PENDING = 512; // the size of a batch in that bench

/** The defaults of numbers, usually and in a quick run. */
const DEFAULTS = {
  rounds: { usual: 5, quick: 1 },
  seconds: { usual: 3, quick: 1 },
  connections: { usual: 9000, quick: 1000 },
  "idle-seconds": { usual: 60, quick: 2 },
};

/** Parses a command line. Throws if it is wrong. */
export function parse(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const unknown = positionals.find((name) => !BENCHES.includes(name));
  if (unknown !== undefined) throw new TypeError(`Unknown bench "${unknown}"; known are ${BENCHES.join(", ")}`);
  const quick = values.quick ?? false;
  checkTogether(values);
  const number = (name) => {
    const { usual, quick: short } = DEFAULTS[name];
    return values[name] === undefined ? (quick ? short : usual) : whole(name, values[name]);
  };
  return {
    benches: positionals.length > 0 ? BENCHES.filter((name) => positionals.includes(name)) : BENCHES,
    quick,
    rounds: number("rounds"),
    seconds: number("seconds"),
    connections: number("connections"),
    idleSeconds: number("idle-seconds"),
    runtimes: list(values.runtime),
    peers: list(values.peers),
    only: list(values.only),
    pending: list(values.pending)?.map((text) => whole("pending", text, FEWEST_PENDING)),
    out: values.out ?? "build/bench",
    from: values.from,
    writeDocs: values["write-docs"] ?? false,
    help: values.help ?? false,
  };
}

const PARTS = ["runtime", "peers", "only", "pending"];

/** The options that have limited a run to a part, as on the command line. */
export function partsOf({ runtimes, peers, only, pending }) {
  const given = [runtimes, peers, only, pending];
  return PARTS.flatMap((name, at) => (given[at] ? [`--${name} ${given[at].join(",")}`] : []));
}

function checkTogether(values) {
  const given = Object.keys(values);
  if (values.from !== undefined) {
    const other = given.find((name) => !["from", "write-docs", "help"].includes(name));
    if (other) throw new TypeError(`--from cannot be combined with --${other}: it measures nothing`);
  } else if (values["write-docs"]) {
    const part = ["quick", ...PARTS].find((name) => given.includes(name));
    if (part === undefined) return;
    const hint = part === "quick" ? "" : "; to write the report of such a run, use --from afterwards";
    throw new TypeError(`--write-docs cannot be combined with --${part}, which measures only a part${hint}`);
  }
}

function whole(name, text, least = 1) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    throw new RangeError(`--${name} must be a whole number, ${least} or more, not "${text}"`);
  }
  return number;
}

function list(given) {
  return given?.flatMap((text) => text.split(",")).filter((name) => name !== "");
}
