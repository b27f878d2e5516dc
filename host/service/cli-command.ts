// The command `wasm-ioloop`: serves a program in several processes.
//
// stdout has one line: where it listens. All else is printed to stderr.

import { accessSync, constants, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { runAlone } from "./cli-alone.ts";
import { HELP, version } from "./cli-help.ts";
import { StartLog, say } from "./cli-log.ts";
import { type Settings, parse, renamed } from "./cli-options.ts";
import { UsageError } from "./cli-values.ts";
import { explained, isOfListen, serve } from "./cli-worker.ts";
import { IOLoop } from "../index.ts";
import { endAtErrors } from "./fatal.ts";
import { type PreforkOptions, prefork } from "./prefork.ts";
import { checkPreforkOptions } from "./prefork-options.ts";
import { ProgramError } from "./program.ts";
import { describe } from "./program-errors.ts";
import { printLine } from "./service-log.ts";

// The cluster of Deno loses connections.
const isDeno = process.versions["deno"] !== undefined;

/** Runs the command, and resolves with its exit code. */
export async function command(args: readonly string[]): Promise<number> {
  try {
    const wanted = parse(args, process.env, isDeno ? 0 : availableParallelism());
    if (wanted.kind === "run") {
      checkSettings(wanted);
      checkFile(wanted.file);
      checkReadable(wanted.listen);
      await run(wanted);
    } else {
      console.log(wanted.kind === "help" ? HELP : version());
    }
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const isJson = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length).includes("--json");
    say(isJson, "error", isUsage ? error.message : renamed(describe(explained(error, { generation: 1 }))));
    if (isUsage && !isJson) printLine("Usage: wasm-ioloop [OPTIONS] FILE; see wasm-ioloop --help");
    return isUsage ? 2 : 1;
  }
}

async function run(settings: Settings): Promise<void> {
  const setUp = async (...[loop, worker]: Parameters<Parameters<typeof runAlone>[1]>): Promise<void> => {
    process.argv.splice(2, process.argv.length, ...settings.args);
    const isJson = settings.prefork["json"] === true;
    loop.reactor.unsubscribe("error");
    const failed = (error: unknown, what: string): void =>
      say(isJson, "error", `${what}: ${describe(error)}`, "worker");
    let hasStarted = false;
    loop.reactor.on("error", (_reactor, error, event) => {
      if (hasStarted || !isOfListen(error)) failed(error, event); // the start fails with it otherwise
    });
    endAtErrors(failed); // the runtime would print all of it as it is
    await serve(settings, loop, worker, (line, isNote) => {
      if (worker.id !== 1) return; // one of them is enough
      if (isNote) say(isJson, "note", line, "worker");
      else console.log(line);
    });
    hasStarted = true;
    if (settings.listen["proxyProtocol"] !== undefined) noteDrops(loop, (line) => say(isJson, "note", line, "worker"));
  };
  const { workers, ...others } = settings.prefork;
  if (workers === 0) return runAlone(others, setUp);
  const log = new StartLog();
  const options: PreforkOptions = { ...others, workers: workers as number, log: log.write };
  try {
    await prefork(options, (loop, worker) =>
      setUp(loop, worker).catch((error: unknown) => forManager(explained(error, worker))),
    );
    log.flush();
  } catch (error) {
    const { cause } = error as Error;
    if (typeof cause === "string") throw new ProgramError(cause); // of a worker, which has described it
    log.flush();
    throw error;
  }
}

// Nothing else would show why no client is served: the first one that is reset for its header is reported.
function noteDrops(loop: IOLoop, note: (line: string) => void): void {
  let isNoted = false;
  loop.on("drop", (_loop, { reason, remoteAddress = "a client" }) => {
    if (reason !== "proxy" || isNoted) return;
    isNoted = true;
    const why = "it is not in --proxy-trust (default loopback), or its PROXY header is missing, malformed or late";
    note(`${remoteAddress} was reset: ${why}; later ones are not reported`);
  });
}

// The manager gets the stack of what a worker throws, as text.
function forManager(error: unknown): never {
  const text = describe(error);
  throw Object.assign(new ProgramError(text), { stack: text });
}

// What the options of this command cannot say by themselves, such as two times that must fit together.
function checkSettings({ prefork: { workers, ...others }, loop }: Settings): void {
  try {
    if (workers !== 0) checkPreforkOptions({ ...others, workers: workers as number });
    Object.assign(new IOLoop(), loop);
  } catch (error) {
    throw new UsageError(renamed((error as Error).message));
  }
}

// Each worker reads them; a mistake is found before there is one.
function checkReadable({ tlsCert, tlsKey }: Settings["listen"]): void {
  for (const [option, file] of [
    ["--cert", tlsCert],
    ["--key", tlsKey],
  ] as const) {
    if (typeof file !== "string") continue;
    try {
      accessSync(file, constants.R_OK);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw new ProgramError(`${option}: ${isMissing ? "there is no file" : "cannot read"} ${file}`);
    }
  }
}

function checkFile(file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile()) return;
  if (stats?.isDirectory()) throw new ProgramError(`${file} is a folder; name the file in it that exports the server`);
  const endings = ["js", "mjs", "cjs", "ts", "mts", "cts"].map((ending) => `${file}.${ending}`);
  const meant = endings.find((name) => statSync(name, { throwIfNoEntry: false }));
  throw new ProgramError(`there is no file ${file}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}
