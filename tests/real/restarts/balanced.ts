// Two servers behind HAProxy, which are restarted in turn while wrk sends requests without a pause: no request may fail. The server is the
// one in docs/guides/deploying.md.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf, sectionsOf } from "../../docs/markdown.ts";
import { root } from "../../support/paths.ts";
import type { Runtime } from "../../support/runtimes.ts";
import { type Balancer, type Mode, balance } from "./haproxy.ts";
import { type Running, cleanUp, freePorts, makeFolder, run, runOn, sleep } from "./processes.ts";
import { type Report, leftOut } from "./report.ts";

const CONNECTIONS = 50;
const ROUNDS = 10;
const SETTLED_SECONDS = 0.3;
const NAMES = ["first", "second"] as const;
type Name = (typeof NAMES)[number];

const PAGE = "docs/guides/deploying.md";
const SECTION = "Restart without a failed request";

/** The server that the guide shows for a balancer, without the line that is only needed in the guide. */
function shownServer(): string {
  const section = sectionsOf(readFileSync(join(root, PAGE), "utf8")).find(({ title }) => title === SECTION);
  const shown = blocksOf(section?.text ?? "").find(({ text }) => text.includes("/health"));
  if (!shown) throw new Error(`${PAGE} shows no server with a health check in "${SECTION}"`);
  return shown.text.replace(/^.*\/\/ for this example:.*\n/m, "");
}

interface Site {
  readonly balancer: Balancer;
  readonly port: number;
  readonly servers: Map<Name, Running>;
  start(name: Name): Promise<void>;
}

async function setUp(runtime: Runtime, mode: Mode): Promise<Site> {
  const folder = makeFolder();
  const file = join(folder, "server.mjs");
  writeFileSync(file, shownServer());
  const [port = 0, ...ports] = await freePorts(1 + NAMES.length);
  const where = new Map(NAMES.map((name, index) => [name, ports[index]!]));
  const balancer = await balance(mode, port, where, folder);
  const servers = new Map<Name, Running>();
  const start = (name: Name): Promise<void> => {
    servers.set(name, runOn(runtime, file, [], { env: { PORT: String(where.get(name)) } }));
    return balancer.isServer(name, "UP");
  };
  await Promise.all(NAMES.map(start));
  return { balancer, port, servers, start };
}

/** Restarts one server after the other while wrk sends requests. Returns the results of wrk, and how the servers ended. */
async function restartEach(site: Site): Promise<{ isWhole: boolean; line: string }> {
  const { balancer, port, servers, start } = site;
  const before = await balancer.counts();
  const wrk = run("wrk", ["-t1", `-c${CONNECTIONS}`, "-d1h", `http://127.0.0.1:${port}/`]);
  await sleep(SETTLED_SECONDS);
  const ends: string[] = [];
  let areWell = true;
  for (const name of NAMES) {
    const server = servers.get(name)!;
    const begin = performance.now();
    server.child.kill("SIGTERM");
    const how = await server.ended;
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    if (how !== "code 0") areWell = false;
    ends.push(how === "code 0" ? `${seconds} s` : `${seconds} s (${how}: ${server.text()})`);
    await balancer.isServer(name, "DOWN");
    await start(name);
    await sleep(SETTLED_SECONDS);
  }
  wrk.child.kill("SIGINT"); // then it prints its results
  await wrk.ended;
  const said = wrk.text();
  const asked = Number(/(\d+) requests in/.exec(said)?.[1] ?? 0);
  const wrong = said.match(/Socket errors.*|Non-2xx.*/g) ?? [];
  const after = await balancer.counts();
  const count = (column: string): number => {
    const sum = (counts: typeof after): number =>
      NAMES.reduce((n, name) => n + Number(counts.get(name)?.[column] ?? 0), 0);
    return sum(after) - sum(before);
  };
  const isWhole = asked > 0 && wrong.length === 0 && areWell;
  const lost = wrong.length === 0 ? "0 failed" : wrong.join(", ");
  const tries = `${count("wretr")} tried again, ${count("wredis")} on the other`;
  return { isWhole, line: `${lost} of ${asked} requests, ${tries}; the servers took ${ends.join(" and ")}` };
}

async function restarts(name: string, runtime: Runtime, mode: Mode, rounds: number, report: Report): Promise<void> {
  const what = `${name}: two servers behind HAProxy, mode ${mode}, restarted in turn`;
  try {
    const site = await setUp(runtime, mode);
    for (let round = 1; round <= rounds; round++) {
      const { isWhole, line } = await restartEach(site);
      report(isWhole, `${what}${rounds > 1 ? ` (${round} of ${rounds})` : ""}: ${line}`);
    }
  } catch (error) {
    report(false, `${what}: ${String(error)}`);
  } finally {
    cleanUp();
  }
}

/** Restarts behind HAProxy, on each runtime. */
export async function balanced(
  able: readonly (readonly [name: string, runtime: Runtime])[],
  isShort: boolean,
  report: Report,
): Promise<void> {
  const missing = ["haproxy", "wrk"].filter((program) => spawnSync(program, ["-v"]).error);
  if (missing.length > 0) {
    leftOut(`restarts behind HAProxy, for lack of ${missing.join(" and ")}: apt-get install ${missing.join(" ")}`);
    return;
  }
  for (const [index, [name, runtime]] of able.entries()) {
    await restarts(name, runtime, "http", isShort ? 1 : ROUNDS, report);
    if (isShort && index > 0) leftOut(`${name}: HAProxy in mode tcp, in the short form`);
    else await restarts(name, runtime, "tcp", isShort ? 1 : ROUNDS, report);
  }
}
