// The command: `npm run restarts` restarts servers under load, and counts the clients that are affected: on a shared socket, behind HAProxy, and
// with prefork, also when workers fail. With `-- --short` each takes some seconds; without it, those behind HAProxy are restarted ten times, and prefork has a minute.
// `-- --runtime NAME` uses that runtime only, `-- --only socket`, `balancer`, `prefork`, `failures` or `hosts` that part only.

import { parseArgs } from "node:util";
import { balanced } from "./balanced.ts";
import { restartedHosts } from "./hosts.ts";
import { failures } from "./failures.ts";
import { removeHosts } from "./namespaces.ts";
import { cleanUpAtEnd, wantedRuntimes } from "./commands.ts";
import { report, sum } from "./report.ts";
import { preforked } from "./preforked.ts";
import { sharedSocket } from "./shared-socket.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true },
    only: { type: "string" },
  },
});
cleanUpAtEnd();
process.on("exit", removeHosts);

const able = wantedRuntimes(values.runtime);
const { only, short } = values;
if (only === undefined || only === "socket") {
  for (const [name, runtime] of able) await sharedSocket(name, runtime, report);
}
if (only === undefined || only === "balancer") await balanced(able, short, report);
if (only === undefined || only === "prefork") await preforked(able, short, report);
if (only === undefined || only === "failures") await failures(able, short, report);
if (only === undefined || only === "hosts") {
  for (const [name, runtime] of able.slice(0, 1)) await restartedHosts(name, runtime, short, report);
}
process.exitCode = sum() ? 0 : 1;
