// Replays files on hosts, and compares the results with those in the files.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Files, operationsOf, placesOf, scriptOf } from "./corpus.ts";
import type { Host, Job, Played } from "./host.ts";
import { type Instance, NO_HASH, play } from "./player.ts";

const AT_ONCE = 2;

/** The outcome of one host. */
export interface Outcome {
  readonly host: string;
  /** Why it was skipped. */
  readonly skipped?: string;
  /** The row for the table. */
  readonly row?: readonly string[];
  /** The first difference, in words. */
  readonly difference?: string | undefined;
}

export const HEAD: readonly string[] = ["host", "version", "engine", "operations", "trace", "memory"];

/** Replays files on hosts, two at a time. */
export async function replay(files: Files, hosts: readonly Host[], wasm: string): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "ioloop-replay-"));
  try {
    const job = { wasm, script: join(folder, "script.txt"), folder };
    writeFileSync(job.script, scriptOf(files));
    const outcomes = new Map<Host, Outcome>();
    const queue = [...hosts];
    const work = async (): Promise<void> => {
      for (let host = queue.shift(); host; host = queue.shift()) outcomes.set(host, await replayOn(host, job, files));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return hosts.map((host) => outcomes.get(host)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function replayOn(host: Host, job: Job, files: Files): Promise<Outcome> {
  const { name } = host;
  const skipped = host.missing();
  if (skipped !== undefined) return { host: name, skipped };
  let played: Played;
  try {
    played = await host.play(job);
  } catch (error) {
    return { host: name, difference: (error as Error).message };
  }
  const places = placesOf(files);
  const { trace, version, engine } = played;
  const digest = (isMemory: boolean): string => {
    const lines = trace.filter((_, at) => places[at] && (places[at].operation === "memory") === isMemory);
    return lines.includes(NO_HASH) ? NO_HASH : createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
  };
  const operations = trace[places.length]?.replace("operations ", "") ?? "";
  return {
    host: name,
    row: [name, version, engine, operations, digest(false), digest(true)],
    difference: firstDifference(files, trace),
  };
}

/** Plays files in this process, on any object with the functions of the module and a memory. Returns the first difference. */
export function replayHere(files: Files, make: () => Instance, hashes = true): string | undefined {
  return firstDifference(files, play(scriptOf(files), make, hashes));
}

/** The first difference between a trace and the files, in words. */
export function firstDifference(files: Files, trace: readonly string[]): string | undefined {
  const count = operationsOf(scriptOf(files)).reduce((sum, line) => sum + timesOf(line), 0);
  const wanted = [...placesOf(files), { operation: "operations", expected: `operations ${count}` }];
  const at = wanted.findIndex(
    ({ operation, expected }, at) => trace[at] !== expected && !(operation === "memory" && trace[at] === NO_HASH),
  );
  if (at < 0) return trace.length > wanted.length ? `more results than expected: ${trace[wanted.length]}` : undefined;
  const { operation, expected, ...place } = wanted[at]!;
  const where = "file" in place ? `${place.file}:${place.line}` : "at the end";
  return `${where}: ${operation} = ${expected}, but here ${trace[at] ?? "nothing"}`;
}

function timesOf(line: string): number {
  return Number(/^times (\d+)/.exec(line)?.[1] ?? 1);
}
