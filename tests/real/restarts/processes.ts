// The processes and files of one scenario. All of them are removed when it ends, even if it fails or is interrupted.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import { type Runtime, runtimes } from "../../support/runtimes.ts";

const READY_SECONDS = 20;

/** A process, its output, and how it ended. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the code or the signal that ended it. */
  readonly ended: Promise<string>;
  /** Its output so far, stdout and stderr. */
  text(): string;
  /** Resolves when it has printed this. Rejects if it ends before, or takes too long. */
  printed(text: string): Promise<void>;
}

const groups = new Set<number>();
const folders = new Set<string>();

/** Starts a program, in its own process group. */
export function run(
  program: string,
  args: readonly string[],
  { env = {}, stdio = [] }: { env?: Readonly<Record<string, string>>; stdio?: readonly unknown[] } = {},
): Running {
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["pipe", "pipe", "pipe", ...stdio] as StdioOptions,
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  let output = "";
  const note = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout!.on("data", note);
  child.stderr!.on("data", note);
  child.stdin!.on("error", () => {}); // it has ended
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  let how: string | undefined;
  void ended.then((text) => {
    how = text;
    if (pid !== undefined) groups.delete(pid); // its outputs are closed, so its group is empty
  });
  const text = (): string => output;
  const printed = (what: string): Promise<void> =>
    until(() => {
      if (!output.includes(what) && how !== undefined) throw new Error(`${program} ended with ${how}: ${output}`);
      return output.includes(what);
    }, `${program} prints "${what}"`);
  return { child, ended, text, printed };
}

/** Starts a file on a runtime. */
export function runOn(
  runtime: Runtime,
  file: string,
  args: readonly string[],
  more: Parameters<typeof run>[2],
): Running {
  return run(runtime.program, [...runtime.args, file, ...args], { ...more, env: { ...runtime.env, ...more?.env } });
}

/** The runtimes that restarts are tried on. */
export const RUNTIMES: readonly (readonly [name: string, runtime: Runtime])[] = ["node", "node-26", "bun", "deno"].map(
  (name) => [name, runtimes[name]!],
);

/** A folder for files of a scenario, inside build/, so that programs can import the package by name. */
export function makeFolder(): string {
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/restarts-"));
  folders.add(folder);
  return folder;
}

/** Ends all remaining processes with their children, and removes all folders. */
export function cleanUp(): void {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // The whole group has ended.
    }
  }
  groups.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** Resolves after some seconds. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Resolves as soon as a condition holds. Rejects, with its name, if that takes too long. */
export async function until(condition: () => boolean | Promise<boolean>, name: string): Promise<void> {
  const end = performance.now() + READY_SECONDS * 1000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${READY_SECONDS} s: ${name}`);
    await sleep(0.02);
  }
}

/** Ports of 127.0.0.1 that were free just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve, reject) => {
        server.on("error", reject);
        server.listen({ host: "127.0.0.1", port: 0 }, () => resolve((server.address() as AddressInfo).port));
      }),
  );
  const free = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return free;
}
