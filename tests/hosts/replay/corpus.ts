// The corpus: scripts in tests/hosts/replay/corpus. A long run is divided into several files.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directedRuns } from "./directed-runs.ts";
import { root } from "./exports.ts";
import { randomRuns } from "./random-runs.ts";

const FOLDER = "tests/hosts/replay/corpus";
const SEED = 1;
const RUN_LINES = 1400; // per random run
const FILE_LINES = 280;

/** Files by name, in the order in which they are played. */
export type Files = ReadonlyMap<string, string>;

/** The position of an operation that has a result. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly operation: string;
  readonly expected: string;
}

/** Generates the corpus, or another one with another seed. */
export function generate(seed = SEED, lines = RUN_LINES): Files {
  const files = new Map<string, string>();
  for (const [run, script] of [...directedRuns(), ...randomRuns(seed, lines)]) {
    const count = Math.ceil(script.length / FILE_LINES);
    for (let part = 0; part < count; part++) {
      const head = [
        `# Run "${run}", part ${part + 1} of ${count}. Written by npm run replay -- --write; docs/internals/replay.md says how to read it.`,
      ];
      const body = script.slice(part * FILE_LINES, (part + 1) * FILE_LINES);
      files.set(`${FOLDER}/${run}-${part + 1}.txt`, `${[...head, ...body].join("\n")}\n`);
    }
  }
  return files;
}

/** Reads the committed corpus. */
export function read(): Files {
  const names = readdirSync(join(root, FOLDER)).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return new Map(names.map((name) => [`${FOLDER}/${name}`, readFileSync(join(root, FOLDER, name), "utf8")]));
}

/** Replaces the committed corpus. */
export function write(files: Files): void {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  mkdirSync(join(root, FOLDER));
  for (const [file, text] of files) writeFileSync(join(root, file), text);
}

/** All files joined to one script. */
export function scriptOf(files: Files): string {
  return [...files.values()].join("");
}

/** The lines of a script that are operations. */
export function operationsOf(script: string): string[] {
  return script.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The operations of files that have a result, in order. */
export function placesOf(files: Files): Place[] {
  return [...files].flatMap(([file, text]) =>
    text.split("\n").flatMap((line, at) => {
      const [operation = "", expected] = line.split(" = ");
      return expected === undefined || line.startsWith("#") ? [] : [{ file, line: at + 1, operation, expected }];
    }),
  );
}
