// Runs one scenario on the runtime that runs this file.

import { report } from "../restarts/report.ts";
import { scenarios } from "./scenarios.ts";

const name = process.argv[2] ?? "";
const scenario = scenarios[name];
if (!scenario) throw new Error(`unknown scenario ${name}`);
let hasFailed = false;
const check = (holds: boolean, line: string): void => {
  if (!holds) hasFailed = true;
  report(holds, line);
};
process.on("uncaughtException", (error) => check(false, `${name}: uncaught: ${error?.stack ?? String(error)}`));
process.on("unhandledRejection", (error) =>
  check(false, `${name}: unhandled rejection: ${(error as Error | undefined)?.stack ?? String(error)}`),
);
try {
  await scenario.run(check);
} catch (error) {
  check(false, `${name}: ${(error as Error | undefined)?.stack ?? String(error)}`);
}
process.exit(hasFailed ? 1 : 0);
