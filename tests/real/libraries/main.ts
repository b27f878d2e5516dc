// The command: `npm run libraries` runs real libraries on a loop, and reports the results. `-- --short` runs only quick scenarios;
// `-- --runtime NAME` uses that runtime only; names of scenarios select them.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Runtime } from "../../support/runtimes.ts";
import { checkNames, cleanUpAtEnd, wantedRuntimes } from "../restarts/commands.ts";
import { cleanUp, runOn, sleep } from "../restarts/processes.ts";
import { leftOut, report, sum } from "../restarts/report.ts";
import { install } from "./install.ts";
import { scenarios } from "./scenarios.ts";

const SECONDS = 120;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false }, runtime: { type: "string", multiple: true } },
});
const names = Object.keys(scenarios);
checkNames(positionals, names);
const able = wantedRuntimes(values.runtime);

cleanUpAtEnd();

install();
const file = fileURLToPath(new URL("program.js", import.meta.url));
for (const [name, runtime] of able) {
  for (const scenario of names) {
    if (positionals.length > 0 && !positionals.includes(scenario)) continue;
    const { isLong = false, not } = scenarios[scenario]!;
    const why = not?.[name.split("-")[0]!];
    if (values.short && isLong) leftOut(`${name}: ${scenario}, in the short form`);
    else if (why !== undefined) leftOut(`${name}: ${scenario}: ${why}`);
    else await runScenario(name, runtime, scenario);
  }
}
process.exitCode = sum() ? 0 : 1;

// In a separate process, so that scenarios do not affect each other.
async function runScenario(name: string, runtime: Runtime, scenario: string): Promise<void> {
  const running = runOn(runtime, file, [scenario], { env: { NODE: process.execPath } });
  const ended = await Promise.race([
    running.ended,
    sleep(SECONDS).then(() => `no result: not done within ${SECONDS} s`),
  ]);
  const lines = running.text().split("\n");
  let results = 0;
  const others: string[] = [];
  for (const line of lines) {
    const [, mark, text] = /^(ok {2}|FAIL|left out:) (.*)$/.exec(line) ?? [];
    if (mark === undefined) others.push(line);
    else if (mark === "left out:") leftOut(`${name}: ${text}`);
    else report(mark !== "FAIL", `${name}: ${text}`);
    if (mark !== undefined) results++;
  }
  const rest = others.join("\n").trim();
  if (ended !== "code 0" && ended !== "code 1") report(false, `${name}: ${scenario}: ended with ${ended}`);
  else if (results === 0) report(false, `${name}: ${scenario}: printed no result`);
  if (rest !== "") console.log(rest.replaceAll(/^/gm, "     | "));
  cleanUp();
}
