// What the commands of tests/real have in common: the names that they are given, the runtimes that are installed, and a tidy end.

import { existsSync } from "node:fs";
import type { Runtime } from "../../support/runtimes.ts";
import { RUNTIMES, cleanUp } from "./processes.ts";
import { leftOut } from "./report.ts";

/** Throws if one of the wanted names is not known. */
export function checkNames(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown: ${unknown}; known are ${known.join(", ")}`);
}

/** The wanted runtimes, default all, as far as they are installed; the others are reported. Throws if a name is not known. */
export function wantedRuntimes(wanted?: readonly string[]): (readonly [name: string, runtime: Runtime])[] {
  checkNames(
    wanted ?? [],
    RUNTIMES.map(([name]) => name),
  );
  return RUNTIMES.filter(([name, { program }]) => {
    if (wanted?.includes(name) === false) return false;
    const isInstalled = existsSync(program);
    if (!isInstalled) leftOut(`${name}, which is not installed: npm run runtimes`);
    return isInstalled;
  });
}

/** Ends all processes and removes all folders when the command ends, also by a signal. */
export function cleanUpAtEnd(): void {
  process.on("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
}
