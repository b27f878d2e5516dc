// Workers that fail: stopped, in an endless loop, killed, without memory, too large. Each is replaced within the time that is promised, while
// the others go on serving. At last the manager is killed, and the workers end gracefully.

import { connect } from "node:net";
import { peer } from "../../support/harness.ts";
import { type Service, withService } from "../../service/service.ts";
import type { Runtime } from "../../support/runtimes.ts";
import { type Clients, startClients } from "./kept-clients.ts";
import { until } from "./processes.ts";
import type { Report } from "./report.ts";

const WORKERS = 3;
const HEARTBEAT = { heartbeatInterval: 0.2, heartbeatTimeout: 1 };
const OPTIONS = { workers: WORKERS, ...HEARTBEAT, gracefulTimeout: 5, maxMemory: 300 * 2 ** 20 };
const PIECE = 50 * 2 ** 20; // bytes that a worker grows by at once
const BUSY = 3; // seconds beyond what is promised: the machine may be busy
const START = 15; // seconds that the start of a process may take on a busy machine
const IN_SHORT: ReadonlySet<string> = new Set(["kill -STOP", "kill -9"]);
const SLOW = 6; // requests that are under way when the manager is killed

type Runtimes = readonly (readonly [name: string, runtime: Runtime])[];

interface Case {
  readonly what: string;
  /** Makes a worker fail. Returns it. */
  readonly fail: (service: Service, victim: number) => Promise<number>;
  /** The event that shows that it was noticed. */
  readonly event: "gone" | "killed" | "replace";
  /** Seconds from the failure to that event, at most. */
  readonly promised: number;
}

/** Sends a command to a worker: to the one that gets the connection. */
async function command(service: Service, name: string): Promise<number> {
  const [, pid] = await service.ask(name);
  return Number(pid);
}

/** Makes the memory of one worker grow until it is to be replaced, by one connection. Returns it. */
async function grow(port: number): Promise<number> {
  const { socket, closed, text } = peer({ port });
  let pieces = 0;
  while (pieces * PIECE <= OPTIONS.maxMemory) {
    socket.write("grow");
    await until(() => text().split("\n").length > pieces + 1, "the worker grows");
    pieces++;
  }
  socket.destroy();
  await closed;
  return Number(text().split(" ")[1]);
}

async function kill(victim: number, signal: NodeJS.Signals): Promise<number> {
  process.kill(victim, signal);
  return Promise.resolve(victim);
}

const CASES: readonly Case[] = [
  {
    what: "kill -STOP",
    fail: (_, victim) => kill(victim, "SIGSTOP"),
    event: "killed",
    promised: HEARTBEAT.heartbeatTimeout,
  },
  {
    what: "an endless loop",
    fail: async (service) => {
      const count = service.all("blocked").length;
      void service.ask("block");
      return (await service.seen("blocked", count + 1))[count]!.worker;
    },
    event: "killed",
    promised: HEARTBEAT.heartbeatTimeout,
  },
  { what: "kill -9", fail: (_, victim) => kill(victim, "SIGKILL"), event: "gone", promised: 0 },
  {
    what: "more than maxMemory in a worker",
    fail: async (service) => grow(service.port()),
    event: "replace",
    promised: HEARTBEAT.heartbeatInterval,
  },
];

/** V8 ends a process whose heap is full. */
const OUT_OF_MEMORY: Case = {
  what: "a leak until --max-old-space-size=64 is full",
  fail: (service) => command(service, "heap"),
  event: "gone",
  promised: Infinity, // from the crash, which nobody but the manager sees
};

async function failed(
  { what, fail, event, promised }: Case,
  service: Service,
  clients: Clients,
): Promise<{ isWhole: boolean; line: string }> {
  const ups = service.all("up").length;
  const before = clients.answered;
  const [victim = 0] = clients.workers();
  clients.expect(victim);
  const count = service.all(event).length;
  const begin = performance.now();
  const worker = await fail(service, victim);
  const since = event === "replace" ? performance.now() : begin;
  clients.expect(worker);
  const noticed = (await service.seen(event, count + 1))[count]!;
  const took = (performance.now() - since) / 1000;
  await service.seen("up", ups + 1);
  const later = (performance.now() - since) / 1000 - took;
  await until(() => service.alive().length === WORKERS && !service.alive().includes(worker), "the worker has gone");
  const isRight = noticed.worker === worker;
  const inTime = took <= promised + BUSY && later <= START;
  const words = { killed: "killed", gone: "noticed", replace: "to be replaced" }[event];
  const promise = promised === Infinity ? "" : ` (promised ${promised === 0 ? "at once" : `${promised} s`})`;
  const served = clients.answered - before;
  return {
    isWhole: isRight && inTime && served > 0,
    line: `${what}: ${words} after ${took.toFixed(2)} s${promise}, its successor up ${later.toFixed(2)} s later; ${served} answers meanwhile`,
  };
}

/** The manager is killed while requests are under way. */
async function managerKilled(service: Service): Promise<{ isWhole: boolean; line: string }> {
  const port = service.port();
  const slow = Array.from({ length: SLOW }, () => service.ask("slow"));
  for (let i = 0; i < WORKERS; i++) await service.ask(); // those before have been accepted
  const pids = service.alive();
  const begin = performance.now();
  process.kill(service.manager.pid!, "SIGKILL");
  const answers = await Promise.all(slow);
  const answered = answers.filter(([said]) => said === "slow").length;
  await until(() => pids.every((pid) => !isRunning(pid)), "the workers have ended");
  const took = (performance.now() - begin) / 1000;
  const refused = await isRefused(port);
  const promised = OPTIONS.gracefulTimeout;
  return {
    isWhole: answered === SLOW && refused && took <= promised + BUSY,
    line: `kill -9 of the manager: ${answered} of ${SLOW} requests under way answered, ${WORKERS} workers ended after ${took.toFixed(2)} s (promised ${promised} s)${refused ? "" : ", but the port is in use"}`,
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}

/** Failures of workers and of the manager, one after the other in one service on each runtime; in the short form only two of workers. */
export async function failures(able: Runtimes, isShort: boolean, report: Report): Promise<void> {
  for (const [name, runtime] of able) {
    if (name === "deno") continue; // its cluster loses connections
    const isNode = name.startsWith("node");
    const long = isNode ? [...CASES, OUT_OF_MEMORY] : CASES;
    const cases = isShort ? long.filter(({ what }) => IN_SHORT.has(what)) : long;
    const env = isNode ? { NODE_OPTIONS: "--max-old-space-size=64" } : {};
    const run = async (service: Service): Promise<void> => {
      await service.seen("started");
      const clients = startClients(service.port());
      await until(() => clients.workers().size === WORKERS, "all workers have clients");
      try {
        for (const one of cases) {
          const { isWhole, line } = await failed(one, service, clients);
          report(isWhole, `${name}: ${line}`);
        }
      } finally {
        const { lost, failed } = await clients.end();
        const others =
          failed.length === 0
            ? ""
            : `, of new connections to the failing ones ${failed.length} (${[...new Set(failed)].join()})`;
        report(lost === 0, `${name}: failed requests on other workers: ${lost} of ${clients.answered}${others}`);
      }
      const { isWhole, line } = await managerKilled(service);
      report(isWhole, `${name}: ${line}`);
    };
    try {
      await withService({ options: OPTIONS, servers: [{ idleTimeout: 0 }] }, run, { runtime, env });
    } catch (error) {
      report(false, `${name}: failures: ${String(error)}`);
    }
  }
}
