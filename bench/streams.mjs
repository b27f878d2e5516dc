// What promises, frames and splices cost: the CPU time of a process that talks to itself over loopback.

import { summary } from "./measure.mjs";
import { runScript } from "./runtimes.mjs";
import { distinct, takeTurns } from "./turns.mjs";

export const title = "Iterators, lines and proxies";

export const about = `The CPU time of a process is divided by what passed: echoes of 64 bytes, one at a time, over 16 connections; lines of
40 bytes in chunks of the system; both with their other end, a plain socket, in the same process. And megabytes through a proxy, with as many each
way at once; both ends are in a separate process, which does not count.`;

const MORE = { key: "more", title: "more than callbacks", unit: "µs", better: "lower" };

const PROXY = {
  unit: "µs",
  column: "CPU a MB each way",
  usual: 200,
  quick: 8,
  sides: {
    ours: "wasm-ioloop, splice",
    pipeline: "node:net, stream.pipeline both ways",
    "by-hand": "node:net, data events both ways",
  },
};

/** The tables: each side is an argument of `peers/streaming.mjs`. */
const TABLES = [
  {
    id: "streams-echo",
    short: "echo",
    title: "Echoes of 64 bytes, 16 connections",
    unit: "µs",
    column: "CPU an echo",
    usual: 60_000,
    quick: 2000,
    comparedWith: "ours",
    sides: {
      ours: "wasm-ioloop, callbacks",
      "ours-await": "wasm-ioloop, for await and send",
      "ours-duplex": "wasm-ioloop, data events of a Duplex",
      "node-echo": "node:net, data events",
      "node-await": "node:net, for await",
    },
  },
  {
    id: "streams-lines",
    short: "lines",
    title: "Lines of 40 bytes",
    unit: "µs",
    column: "CPU a line",
    usual: 2_000_000,
    quick: 20_000,
    sides: {
      ours: "wasm-ioloop, frames with a callback",
      "ours-iterated": "wasm-ioloop, for await over frames",
      "ours-by-hand": "wasm-ioloop, a splitter by hand",
      readline: "node:readline",
      split2: "split2",
      "lines-unread": "node:net, chunks that are not split",
    },
  },
  { id: "streams-splice", short: "splice", title: "Megabytes through a proxy", ...PROXY },
  {
    id: "streams-splice-tls",
    short: "splice-tls",
    title: "Megabytes through a proxy, with TLS on both sides",
    ...PROXY,
    sides: { ...PROXY.sides, upgraded: "stream.pipeline, TLS begun on sockets of a net.Server" },
  },
];

const OTHERS = TABLES.flatMap(({ sides }) => Object.keys(sides)).filter((side) => !side.startsWith("ours"));

export const peers = [...new Set(OTHERS)];

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, runtimes, peers: wanted, quick, only, progress }) {
  const [tables, skipped] = [[], []];
  for (const { id, short, title, unit, column, usual, quick: few, sides, comparedWith } of TABLES) {
    if (only && !only.includes(id)) continue;
    const candidates = runtimes.flatMap((on) =>
      Object.entries(sides)
        .filter(([peer]) => peer.startsWith("ours") || !wanted || wanted.includes(peer))
        .map(([peer, name]) => ({ name: `${name} on ${on.label}`, peer, runtime: on.kind, label: on.label, on })),
    );
    const measured = await takeTurns({
      candidates,
      rounds,
      progress: (text) => progress(`${id} · ${text}`),
      measure: ({ on, peer }) =>
        runScript(on, "bench/peers/streaming.mjs", [short, peer, quick ? few : usual, process.execPath]),
    });
    skipped.push(...measured.skipped);
    const columns = [{ key: "cpu", title: column, unit, better: "lower" }];
    if (comparedWith) {
      columns.push(MORE);
      for (const row of measured.rows) row.cells.more = moreThan(row, comparedWith, measured.rows);
    }
    tables.push({ id, short, title, main: "cpu", columns, rows: measured.rows });
  }
  return { tables, skipped: distinct(skipped) };
}

// What a row costs more than another on the same runtime, round by round.
function moreThan({ label, cells }, peer, rows) {
  const other = rows.find((row) => row.peer === peer && row.label === label);
  return summary(cells.cpu.rounds.map((round, at) => round - (other?.cells.cpu.rounds[at] ?? round)));
}
