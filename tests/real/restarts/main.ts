// The command: `npm run restarts` restarts servers under load, and counts the clients that are affected: on a shared socket, behind HAProxy, and
// with prefork. With `-- --short` each takes some seconds; without it, those behind HAProxy are restarted ten times, and prefork has a minute.
// `-- --runtime NAME` uses that runtime only, `-- --only socket`, `balancer` or `prefork` that part only.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { balanced } from "./balanced.ts";
import { restartedHosts } from "./hosts.ts";
import { removeHosts } from "./namespaces.ts";
import { RUNTIMES, cleanUp } from "./processes.ts";
import { leftOut, report, sum } from "./report.ts";
import { preforked } from "./preforked.ts";
import { sharedSocket } from "./shared-socket.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true },
    only: { type: "string" },
  },
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
const { only, short } = values;
if (only === undefined || only === "socket") {
  for (const [name, runtime] of able) await sharedSocket(name, runtime, report);
}
if (only === undefined || only === "balancer") await balanced(able, short, report);
if (only === undefined || only === "prefork") await preforked(able, short, report);
if (only === undefined || only === "hosts") {
  for (const [name, runtime] of able.slice(0, 1)) await restartedHosts(name, runtime, short, report);
}
process.exitCode = sum() ? 0 : 1;
