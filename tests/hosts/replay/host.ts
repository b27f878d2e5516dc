// What a host of the core is to the replay, and how programs are run.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What is to be replayed: files, and a folder to work in. */
export interface Job {
  readonly wasm: string;
  readonly script: string;
  readonly folder: string;
}

/** What has been replayed: the lines that a player prints, and on what. */
export interface Played {
  readonly trace: readonly string[];
  readonly version: string;
  readonly engine: string;
}

export interface Host {
  readonly name: string;
  /** What it needs and is not there. */
  missing(): string | undefined;
  play(job: Job): Promise<Played>;
}

const SECONDS = 100;

/** Where a program is. */
export function pathOf(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The first of programs that is not installed, and the package of Debian that has it. */
export function notInstalled(programs: Readonly<Record<string, string>>): string | undefined {
  const missing = Object.keys(programs).find((program) => pathOf(program) === undefined);
  return missing && `there is no ${missing}, which is in Debian's package ${programs[missing]}`;
}

/** Runs a program; gives what it prints. */
export function run(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { maxBuffer: 2 ** 28, timeout: SECONDS * 1000 };
    execFile(program, args, settings, (error, output, errors) => {
      if (error) reject(new Error(`${program}: ${error.signal ?? error.code}\n${(errors + output).slice(-2000)}`));
      else resolve(output);
    });
  });
}

/** Lines of a text. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
