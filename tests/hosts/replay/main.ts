// The command: `npm run replay` plays the corpus on every installed host. `-- --write` generates and writes the corpus first.
// `-- --seed N` plays another corpus, generated with that seed; `--lines N` is the length of its random runs. `-- --host NAME` plays
// it only on that host, and may be repeated. `--module FILE` plays another module.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { generate, read, write } from "./corpus.ts";
import { hosts } from "./hosts.ts";
import { wasmFile } from "./recorder.ts";
import { HEAD, replay } from "./replay.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { write: { type: "boolean" }, seed: text, lines: text, host: { ...text, multiple: true }, module: text },
});
const unknown = values.host?.find((name) => !hosts.some((host) => host.name === name));
if (unknown !== undefined)
  throw new Error(`unknown host ${unknown}; known are ${hosts.map(({ name }) => name).join(", ")}`);

if (values.write) write(generate());
const files = values.seed === undefined ? read() : generate(Number(values.seed), Number(values.lines ?? 5000));
const wanted = hosts.filter(({ name }) => values.host?.includes(name) ?? true);
const outcomes = await replay(files, wanted, resolve(values.module ?? wasmFile));

const rows = [HEAD, ...outcomes.flatMap(({ row }) => (row ? [row] : []))];
const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
for (const row of rows) {
  const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
  console.log(cells.join("  ").trimEnd());
}
for (const { host, skipped } of outcomes) if (skipped !== undefined) console.log(`skipped ${host}: ${skipped}`);
for (const { host, difference } of outcomes)
  if (difference !== undefined) console.log(`DIFFERS ${host}: ${difference}`);
process.exitCode = outcomes.some(({ difference }) => difference !== undefined) ? 1 : 0;
