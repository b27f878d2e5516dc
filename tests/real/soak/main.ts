// The command: `npm run soak` opens a million connections in each style, and checks that nothing of them stays in memory. With `-- --short`
// they are 3,000 each, which takes some seconds for each runtime. `-- --connections N` opens so many, `-- --runtime NAME` uses that runtime only,
// and names of styles select them.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkNames, cleanUpAtEnd, wantedRuntimes } from "../restarts/commands.ts";
import { runOn } from "../restarts/processes.ts";
import { report, sum } from "../restarts/report.ts";
import { styles } from "./styles.ts";

const ROOM = 400_000; // bytes that caches, pools and compiled code may come to
const ROOM_EACH = 1; // bytes a connection

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    connections: { type: "string" },
    runtime: { type: "string", multiple: true },
  },
});
const names = [...Object.keys(styles), "connect"];
checkNames(positionals, names);
const able = wantedRuntimes(values.runtime);
const count = values.connections ?? (values.short ? "3000" : "1000000");

cleanUpAtEnd();

const program = fileURLToPath(new URL("program.js", import.meta.url));
for (const [name, runtime] of able) {
  for (const style of names) {
    if (positionals.length > 0 && !positionals.includes(style)) continue;
    const { text, ended } = runOn(runtime, program, [style, count], {});
    const how = await ended;
    if (how === "code 0") judge(`${name}: ${style}`, samplesOf(text()));
    else report(false, `${name}: ${style}: ended with ${how}\n${text()}`);
  }
}
process.exitCode = sum() ? 0 : 1;

interface Sample {
  readonly connections: number;
  readonly bytes: number;
}

function samplesOf(text: string): Sample[] {
  const found = text.split("\n").filter((line) => line.startsWith("{"));
  return found.map((line) => JSON.parse(line) as Sample);
}

/** Compares the memory in the first third with that in the last. */
function judge(what: string, samples: readonly Sample[]): void {
  const third = samples.length / 3;
  const [first, last] = [middle(samples.slice(0, third)), middle(samples.slice(-third))];
  const connections = last.connections - first.connections;
  const growth = last.bytes - first.bytes;
  const isWhole = growth < ROOM + connections * ROOM_EACH;
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000).toLocaleString("en")} KB`;
  const each = (growth / connections).toFixed(2);
  report(isWhole, `${what}: ${kilobytes(first.bytes)}, then ${kilobytes(last.bytes)}: ${each} bytes a connection`);
}

/** The sample with the middle number of bytes. Its connections are those of the middle sample. */
function middle(samples: readonly Sample[]): Sample {
  const at = samples.length >> 1;
  const { bytes } = samples.toSorted((a, b) => a.bytes - b.bytes)[at]!;
  return { connections: samples[at]!.connections, bytes };
}
