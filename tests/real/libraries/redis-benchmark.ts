// redis-benchmark with more connections than the loop has slots.
//
// It opens all connections at first, and keeps them. Each sends a request and waits for the reply before it sends the next one, until the
// wanted number of requests has been sent in all. Then the connections with a slot are silent, and the others still wait for one: with their
// first request, without which the run does not end. So it hangs, unless silent connections make room.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { leftOut } from "../restarts/report.ts";
import { RedisSession } from "./redis-session.ts";
import { type Check, loopOf, portOf, sleep, until, within, wrong } from "./scenario.ts";

const SLOTS = 20;
const REQUESTS = 20_000;
const HUNG_SECONDS = 2; // without a request
const MOST_SECONDS = 60;

/** The outcome of one run. */
interface Outcome {
  /** How it ended; undefined if it hung, and was killed. */
  ended: string | undefined;
  /** What it printed. */
  text: string;
  seconds: number;
  commands: number;
  /** The connections, by the reason of their close. */
  closed: Record<string, number>;
  most: number;
  errors: string[];
}

function installed(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const program = join(folder, "redis-benchmark");
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

async function benchmark(program: string, clients: number, displaceIdle: number): Promise<Outcome> {
  const { loop, errors } = loopOf({ maxConnections: SLOTS, displaceIdle });
  const outcome: Outcome = { ended: undefined, text: "", seconds: 0, commands: 0, closed: {}, most: 0, errors };
  let open = 0;
  let latest = performance.now(); // when the latest command came
  const id = loop.server({ idleTimeout: 0 }, (_loop, stream) => {
    outcome.most = Math.max(outcome.most, ++open);
    const session = new RedisSession(stream, new Map());
    stream.on("read", () => {
      outcome.commands++; // it sends one at a time
      latest = performance.now();
    });
    stream.on("close", () => {
      open--;
      const reason = stream.closeReason ?? "";
      outcome.closed[reason] = (outcome.closed[reason] ?? 0) + 1;
    });
    session.begin();
  });
  const running = loop.start();
  const begin = performance.now();
  const args = [
    "-p",
    String(portOf(loop, id)),
    "-c",
    String(clients),
    "-n",
    String(REQUESTS),
    "-t",
    "ping_mbulk",
    "-q",
  ];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const output of [child.stdout, child.stderr])
    output.on("data", (chunk: Buffer) => (outcome.text += chunk.toString().replaceAll("\r", "\n")));
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  void ended.then((how) => (outcome.ended = how));
  const isHung = (): boolean => performance.now() - latest > (displaceIdle + HUNG_SECONDS) * 1000;
  try {
    await until(() => outcome.ended !== undefined || isHung(), "redis-benchmark ends, or hangs", MOST_SECONDS);
  } finally {
    outcome.seconds = (performance.now() - begin) / 1000;
    const how = outcome.ended;
    child.kill("SIGKILL");
    await ended;
    outcome.ended = how;
    await sleep(0.1);
    await within(10, "the loop stops", loop.stopGracefully({ timeout: 5 }));
    await running;
    loop.reset();
  }
  return outcome;
}

async function compare(check: Check, clients: number, displaceIdle: number): Promise<void> {
  const program = installed();
  if (program === undefined) return leftOut("redis-benchmark, which is not installed (Debian: redis-tools)");
  for (const idle of [displaceIdle, 0]) {
    const outcome = await benchmark(program, clients, idle);
    const { ended, text, seconds, commands, closed, most, errors } = outcome;
    const isWhole = ended === "code 0" && commands >= REQUESTS && !/error|closed/i.test(text);
    const isAsWanted = idle > 0 ? isWhole : ended === undefined;
    const reasons = Object.entries(closed).map(([reason, count]) => `${count} ${reason}`);
    check(
      isAsWanted && most === SLOTS && errors.length === 0,
      `redis-benchmark, ${clients} connections for ${SLOTS} slots, displaceIdle ${idle}: ` +
        `${ended === undefined ? "hangs, as it should" : `ended with ${ended}`} after ${seconds.toFixed(1)} s, ` +
        `${commands} commands for ${REQUESTS} requests, closed: ${reasons.join(", ")}; it printed ` +
        `${JSON.stringify(text.trim().split("\n").at(-1))}${wrong([], errors)}`,
    );
  }
}

/** Twice as many connections as slots. */
export async function redisBenchmark(check: Check): Promise<void> {
  await compare(check, SLOTS * 2, 0.2);
}

/** Ten times as many. */
export async function redisBenchmarkMany(check: Check): Promise<void> {
  await compare(check, SLOTS * 10, 1);
}
