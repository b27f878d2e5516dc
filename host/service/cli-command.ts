// The command `wasm-ioloop`: serves a program in several processes.
//
// stdout has one line: where it listens. All else is printed to stderr.

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { runAlone } from "./cli-alone.ts";
import { HELP, version } from "./cli-help.ts";
import { StartLog, say } from "./cli-log.ts";
import { type Settings, parse, renamed } from "./cli-options.ts";
import { UsageError } from "./cli-values.ts";
import { serve } from "./cli-worker.ts";
import { type PreforkOptions, prefork } from "./prefork.ts";
import { ProgramError } from "./program.ts";
import { describe } from "./program-errors.ts";

// The cluster of Deno loses connections.
const isDeno = process.versions["deno"] !== undefined;

/** Runs the command, and resolves with its exit code. */
export async function command(args: readonly string[]): Promise<number> {
  try {
    const wanted = parse(args, process.env, isDeno ? 0 : availableParallelism());
    if (wanted.kind === "run") {
      checkFile(wanted.file);
      await run(wanted);
    } else {
      console.log(wanted.kind === "help" ? HELP : version());
    }
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const isJson = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length).includes("--json");
    say(isJson, "error", isUsage ? error.message : renamed(describe(error)));
    if (isUsage && !isJson) console.error("Usage: wasm-ioloop [OPTIONS] FILE; see wasm-ioloop --help");
    return isUsage ? 2 : 1;
  }
}

async function run(settings: Settings): Promise<void> {
  const setUp = async (...[loop, worker]: Parameters<Parameters<typeof runAlone>[1]>): Promise<void> => {
    process.argv.splice(2, process.argv.length, ...settings.args);
    const isJson = settings.prefork["json"] === true;
    loop.reactor.unsubscribe("error");
    loop.reactor.on("error", (_reactor, error, event) =>
      say(isJson, "error", `${event}: ${describe(error)}`, "worker"),
    );
    process.on("uncaughtException", (error, origin) => {
      if (process.listenerCount("uncaughtException") > 1) return; // the program has a listener of its own
      say(isJson, "error", `${origin}: ${describe(error)}`, "worker"); // the runtime would print all of it as it is
      process.exit(1);
    });
    await serve(settings, loop, worker, (line, isNote) => {
      if (worker.id !== 1) return; // one of them is enough
      if (isNote) say(isJson, "note", line, "worker");
      else console.log(line);
    });
  };
  const { workers, ...others } = settings.prefork;
  if (workers === 0) return runAlone(others, setUp);
  const log = new StartLog();
  const options: PreforkOptions = { ...others, workers: workers as number, log: log.write };
  try {
    await prefork(options, (loop, worker) => setUp(loop, worker).catch(forManager));
    log.flush();
  } catch (error) {
    const { cause } = error as Error;
    if (typeof cause === "string") throw new ProgramError(cause); // of a worker, which has described it
    log.flush();
    throw error;
  }
}

// The manager gets the stack of what a worker throws, as text.
function forManager(error: unknown): never {
  const text = describe(error);
  throw Object.assign(new ProgramError(text), { stack: text });
}

function checkFile(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile()) return;
  if (stats?.isDirectory()) throw new ProgramError(`${file} is a folder; name the file in it that exports the server`);
  const endings = ["js", "mjs", "cjs", "ts", "mts", "cts"].map((ending) => `${file}.${ending}`);
  const meant = endings.find((name) => statSync(name, { throwIfNoEntry: false }));
  throw new ProgramError(`there is no file ${file}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}
