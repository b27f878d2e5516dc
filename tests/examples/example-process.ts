// Runs examples as child processes: those in JavaScript on the runtime that runs the test.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { deferred, script, until, within } from "../support/harness.ts";
import { root } from "../support/paths.ts";

/** A running program. */
export class Program {
  /** Its output so far. */
  output = "";
  /** Its output to stderr so far. */
  errors = "";
  readonly #child: ChildProcess;
  readonly #ended = deferred<string>();

  constructor(program: string, args: readonly (string | number)[]) {
    this.#child = spawn(program, args.map(String), {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.#child.stderr!.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.#child.on("close", (code, signal) => this.#ended.resolve(signal ?? `code ${code}`));
  }

  /** Resolves when the output matches. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    await until(() => pattern.test(this.output)).catch(() => {
      throw new Error(`no ${pattern} in ${JSON.stringify(this.output)}, ${JSON.stringify(this.errors)}`);
    });
    return pattern.exec(this.output)!;
  }

  /** Resolves when its output to stderr matches. */
  async errorsSay(pattern: RegExp): Promise<RegExpMatchArray> {
    await until(() => pattern.test(this.errors)).catch(() => {
      throw new Error(`no ${pattern} in ${JSON.stringify(this.errors)}`);
    });
    return pattern.exec(this.errors)!;
  }

  /** The port that it listens on. */
  async port(): Promise<number> {
    return Number((await this.says(/^listening on 127\.0\.0\.1:(\d+)$/im))[1]);
  }

  /** The id of the process. */
  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How the process ends: `code 0`, or the name of a signal. */
  ending(): Promise<string> {
    return within(20, this.#ended.promise);
  }
}

/** An example in JavaScript. */
export class Example extends Program {
  constructor(name: string, args: readonly (string | number)[]) {
    super(process.execPath, [...script(join(root, "examples", `${name}.mjs`)), ...args]);
  }
}

/** Runs an example while `use` runs. */
export async function example<T>(
  name: string,
  args: readonly (string | number)[],
  use: (example: Example) => Promise<T>,
): Promise<T> {
  const running = new Example(name, args);
  try {
    return await use(running);
  } finally {
    running.kill("SIGKILL");
    await running.ending();
  }
}

/** The examples that no test runs. Those in folders have their own tests. */
export function untested(): string[] {
  const folder = join(root, "tests/examples");
  const tests = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const text = tests.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const files = readdirSync(join(root, "examples")).filter((file) => file.endsWith(".mjs"));
  return files.filter((file) => !text.includes(`example("${file.replace(/\.mjs$/, "")}", `));
}
