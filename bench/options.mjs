// The command line of the benches.

import { parseArgs } from "node:util";

/** The benches there are, in the order in which they run. */
export const BENCHES = ["timers", "net", "accept", "stop", "memory", "lateness", "size"];

export const USAGE = `npm run bench -- [BENCH…] [options]

  BENCH              ${BENCHES.join(", ")}; all of them where none is named

  --quick            one short round: proves that everything works, measures nothing
  --rounds N         rounds of each candidate, in turn; default 5
  --seconds N        how long a round puts a server under load; default 3
  --runtime NAME     only on this runtime: node, node-26, bun, deno; several by commas or by repeating
  --peers A,B        only against these; the names stand in the report
  --only A,B         only these tables; their names stand in the report
  --connections N    how many idle connections the memory bench holds; default 9000
  --idle-seconds N   how long it watches them idle; default 60
  --pending A,B      how many timers are pending in the bench of timers; at least 512
  --out DIR          where report.json and report.html go; default build/bench
  --write-docs       also writes the tables and charts into docs/benchmarks.md; of whole benches only

  BENCH_BEFORE=DIR   in the environment: another checkout, built, whose servers take part as well
  BENCH_FAILURES=1   in the environment: the bench of stops prints each request that failed
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
  "write-docs": { type: "boolean" },
  help: { type: "boolean" },
};

const FEWEST_PENDING = 512; // as many as a batch of that bench has

/** What a number is when it is not given, and in a quick run. */
const DEFAULTS = {
  rounds: { usual: 5, quick: 1 },
  seconds: { usual: 3, quick: 1 },
  connections: { usual: 9000, quick: 1000 },
  "idle-seconds": { usual: 60, quick: 2 },
};

/** The options in a command line. Throws what is wrong with it. */
export function parse(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const unknown = positionals.find((name) => !BENCHES.includes(name));
  if (unknown !== undefined) throw new TypeError(`There is no bench "${unknown}"; there are ${BENCHES.join(", ")}`);
  const quick = values.quick ?? false;
  if (values["write-docs"]) {
    const part = ["quick", "runtime", "peers", "only", "pending"].find((name) => values[name] !== undefined);
    if (part) throw new TypeError(`What a run with --${part} measures does not belong into the docs`);
  }
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
    writeDocs: values["write-docs"] ?? false,
    help: values.help ?? false,
  };
}

function whole(name, text, least = 1) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    throw new RangeError(`--${name} must be a whole number of at least ${least}, not "${text}"`);
  }
  return number;
}

function list(given) {
  return given?.flatMap((text) => text.split(",")).filter((name) => name !== "");
}
