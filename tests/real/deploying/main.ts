// The command: `npm run deploying` runs every configuration of docs/guides/deploying.md, as far as its programs are installed. With
// `-- --short` servers behind a balancer are restarted once instead of four times, and sockets are passed to Node only.

import { parseArgs } from "node:util";
import { cleanUpAtEnd, wantedRuntimes } from "../restarts/commands.ts";
import { report, sum } from "../restarts/report.ts";
import { balancers } from "./balancers.ts";
import { containers } from "./containers.ts";
import { systemd } from "./systemd.ts";
import { workers } from "./workers.ts";

const { values } = parseArgs({ options: { short: { type: "boolean", default: false } } });

cleanUpAtEnd();

const able = wantedRuntimes(values.short ? ["node"] : undefined);
await containers(report);
await systemd(able, values.short, report);
await workers(values.short, report);
await balancers(values.short, report);
process.exitCode = sum() ? 0 : 1;
