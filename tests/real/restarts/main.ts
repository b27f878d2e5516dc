// The command: `npm run restarts` restarts servers under load, and counts the clients that are affected. With `-- --short` each restart is
// done once, which takes less than a minute; without it, those behind HAProxy ten times. `-- --runtime NAME` uses that runtime only.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { balanced } from "./balanced.ts";
import { restartedHosts } from "./hosts.ts";
import { removeHosts } from "./namespaces.ts";
import { RUNTIMES, cleanUp } from "./processes.ts";
import { leftOut, report, sum } from "./report.ts";
import { sharedSocket } from "./shared-socket.ts";

const { values } = parseArgs({
  options: { short: { type: "boolean", default: false }, runtime: { type: "string", multiple: true } },
});
const unknown = values.runtime?.find((wanted) => !RUNTIMES.some(([name]) => name === wanted));
if (unknown !== undefined) {
  throw new Error(`unknown runtime ${unknown}; known are ${RUNTIMES.map(([name]) => name).join(", ")}`);
}

process.on("exit", cleanUp);
process.on("exit", removeHosts);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const wanted = RUNTIMES.filter(([name]) => values.runtime?.includes(name) ?? true);
const able = wanted.filter(([name, { program }]) => {
  if (!existsSync(program)) leftOut(`${name}, which is not installed: npm run runtimes`);
  return existsSync(program);
});
for (const [name, runtime] of able) await sharedSocket(name, runtime, report);
await balanced(able, values.short, report);
for (const [name, runtime] of able.slice(0, 1)) await restartedHosts(name, runtime, values.short, report);
process.exitCode = sum() ? 0 : 1;
