// The command: `npm run deploying` runs every configuration of docs/guides/deploying.md, as far as its programs are installed. With
// `-- --short` servers behind a balancer are restarted once instead of four times, and sockets are passed to Node only.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { RUNTIMES, cleanUp } from "../restarts/processes.ts";
import { leftOut, report, sum } from "../restarts/report.ts";
import { balancers } from "./balancers.ts";
import { containers } from "./containers.ts";
import { systemd } from "./systemd.ts";
import { workers } from "./workers.ts";

const { values } = parseArgs({ options: { short: { type: "boolean", default: false } } });

process.on("exit", cleanUp);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const able = RUNTIMES.filter(([name, { program }]) => {
  if (!existsSync(program)) leftOut(`${name}, which is not installed: npm run runtimes`);
  return existsSync(program) && (!values.short || name === "node");
});
await containers(report);
await systemd(able, values.short, report);
await workers(values.short, report);
await balancers(values.short, report);
process.exitCode = sum() ? 0 : 1;
