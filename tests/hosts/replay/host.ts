// The interface of a host for the replay, and functions to run programs.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The input of a replay: files, and a folder to work in. */
export interface Job {
  readonly wasm: string;
  readonly script: string;
  readonly folder: string;
}

/** The result of a replay: the lines that a player prints, and the engine. */
export interface Played {
  readonly trace: readonly string[];
  readonly version: string;
  readonly engine: string;
}

export interface Host {
  readonly name: string;
  /** What it needs that is not installed; undefined if nothing is missing. */
  missing(): string | undefined;
  play(job: Job): Promise<Played>;
}

const SECONDS = 100;

/** The path of a program. */
export function pathOf(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** The first program that is not installed, and the Debian package that has it. */
export function notInstalled(programs: Readonly<Record<string, string>>): string | undefined {
  const missing = Object.keys(programs).find((program) => pathOf(program) === undefined);
  return missing && `${missing} is not installed; it is in Debian's package ${programs[missing]}`;
}

/** Runs a program, and returns its output. */
export function run(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { maxBuffer: 2 ** 28, timeout: SECONDS * 1000 };
    execFile(program, args, settings, (error, output, errors) => {
      if (error) reject(new Error(`${program}: ${error.signal ?? error.code}\n${(errors + output).slice(-2000)}`));
      else resolve(output);
    });
  });
}

/** The lines of a text. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
