// Runs the program of the tests, and reads its log.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { peer, script, until } from "../support/harness.ts";
import type { Runtime } from "../support/runtimes.ts";
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

/** How the program is started. */
export interface Start {
  /** Default the runtime of the test. */
  readonly runtime?: Runtime;
  readonly env?: Readonly<Record<string, string>>;
  /** Passes a socket to it, as a service manager does; the event `passed` has its port. */
  readonly passesSocket?: boolean;
}

/** A script of Perl that becomes a program, with a listening socket as descriptor 3. Nobody else has it. */
export const ACTIVATE = `use Socket; $^F = 9; $| = 1;
  socket(my $s, AF_INET, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_in(0, INADDR_LOOPBACK)) or die; listen($s, 128) or die;
  die unless fileno($s) == 3;
  print '{"event":"passed","port":', (unpack_sockaddr_in(getsockname $s))[0], "}\\n";
  @ENV{qw(LISTEN_FDS LISTEN_PID)} = (1, $$); exec @ARGV`;

/** Runs a task with the program, and ends the program afterwards. */
export async function withService(
  plan: Plan,
  task: (service: Service) => Promise<void>,
  how: Start = {},
): Promise<void> {
  const service = start(plan, how);
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

function start(plan: Plan, { runtime, env = {}, passesSocket = false }: Start): Service {
  const own = { program: process.execPath, args: script(program).slice(0, -1) };
  const { program: path, args, env: more } = { env: {}, ...(runtime ?? own) };
  const command = [path, ...args, program, JSON.stringify(plan)];
  const [first = "", ...rests] = passesSocket ? ["perl", "-e", ACTIVATE, ...command] : command;
  const manager = spawn(first, rests, {
    detached: true, // so it has no terminal, either
    env: { ...process.env, NO_COLOR: "1", ...more, ...env },
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
  const port = (): number => (all("passed")[0] ?? all("listening")[0])!.port;
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
