// Runs the program of the tests, and reads its log.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { peer, script, until } from "../support/harness.ts";
import type { Plan } from "./prefork-program.ts";

const SECONDS = 60;
const program = fileURLToPath(new URL("prefork-program.js", import.meta.url));

/** A line of the log. */
export interface Line {
  readonly event: string;
  readonly worker: number;
  readonly generation: number;
  readonly port: number;
  readonly [name: string]: unknown;
}

export interface Service {
  readonly manager: ChildProcess;
  readonly lines: readonly Line[];
  /** What it has printed to stderr. */
  errors(): string;
  /** The lines of an event. */
  all(event: string): Line[];
  /** Resolves when so many lines of an event have come. */
  seen(event: string, count?: number): Promise<Line[]>;
  /** The ids of the processes that have sent a heartbeat and not ended. */
  alive(): number[];
  /** The port of the first server. */
  port(): number;
  /** The answer to a command: what was asked, the process, its generation, its number. */
  ask(command?: string, where?: Parameters<typeof peer>[0]): Promise<string[]>;
  signal(signal: NodeJS.Signals): void;
  /** How the manager has ended. */
  readonly ended: Promise<string>;
}

/** Runs a task with the program, and ends the program afterwards. */
export async function withService(plan: Plan, task: (service: Service) => Promise<void>): Promise<void> {
  const service = start(plan);
  try {
    await task(service);
  } finally {
    const { manager } = service;
    try {
      process.kill(-manager.pid!, "SIGKILL"); // and its workers: it has a process group of its own
    } catch {
      // They have ended.
    }
    await service.ended;
  }
}

function start(plan: Plan): Service {
  const manager = spawn(process.execPath, [...script(program), JSON.stringify(plan)], {
    detached: true, // so it has no terminal, either
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: Line[] = [];
  let [rest, errors] = ["", ""];
  manager.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop()!;
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  manager.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(manager, "close").then(([code, signal]) => String(signal ?? `code ${code}`));
  const all = (event: string): Line[] => lines.filter((line) => line.event === event);
  const port = (): number => all("listening")[0]!.port;
  return {
    manager,
    lines,
    errors: () => errors,
    all,
    async seen(event, count = 1) {
      try {
        await until(() => all(event).length >= count, SECONDS);
      } catch {
        throw new Error(`no ${count} lines "${event}" in: ${JSON.stringify(lines, undefined, 1)}\n${errors}`);
      }
      return all(event);
    },
    alive: () =>
      all("up")
        .map(({ worker }) => worker)
        .filter((pid) => !all("gone").some(({ worker }) => worker === pid)),
    port,
    async ask(command = "who", where = { port: port() }) {
      const { socket, ended } = peer(where);
      socket.write(command);
      const answer = await ended;
      socket.destroy();
      return answer.split(" ");
    },
    signal: (signal) => void manager.kill(signal),
    ended,
  };
}
