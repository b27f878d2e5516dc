// Preforked workers that are replaced again and again while wrk sends requests without a pause: no request may fail. Beside them, on Node,
// the same load on `node:cluster` by hand, and on pm2: those results are only shown.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../support/paths.ts";
import { type Runtime, runtimes } from "../../support/runtimes.ts";
import { type Running, cleanUp, freePorts, makeFolder, run, runOn, sleep } from "./processes.ts";
import { type Report, leftOut, shown } from "./report.ts";

const CONNECTIONS = 50;
const SECONDS = 60;
const SHORT_SECONDS = 4;
const EVERY_SECONDS = 2;
const PATIENCE = 5; // seconds for an answer
const PM2 = join(root, "build/pm2");
const UP = "3 workers are up";

const fileOf = (name: string): string => fileURLToPath(new URL(`${name}.js`, import.meta.url));

/** Whether clients keep their connections, or open one for each request. */
type Kind = "kept" | "short";

interface Result {
  readonly isWhole: boolean;
  readonly line: string;
}

/** Sends requests for some seconds, and calls `replace` now and then. */
async function underLoad(port: number, kind: Kind, seconds: number, replace: () => unknown): Promise<Result> {
  const header = kind === "short" ? ["-H", "Connection: close"] : [];
  const wrk = run("wrk", [
    "-t1",
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    "--timeout",
    `${PATIENCE}s`,
    ...header,
    `http://127.0.0.1:${port}/`,
  ]);
  let isOver = false;
  void wrk.ended.then(() => (isOver = true));
  let times = 0;
  for (let at = 1; ; at++) {
    await sleep(EVERY_SECONDS / 2);
    if (isOver) break;
    if (at % 2 === 0) continue;
    times++;
    await replace();
  }
  const said = wrk.text();
  const asked = Number(/(\d+) requests in/.exec(said)?.[1] ?? 0);
  const wrong = said.match(/Socket errors.*|Non-2xx.*/g) ?? [];
  const connections = kind === "kept" ? "kept connections" : "a connection for each request";
  const failed = wrong.length === 0 ? "0 failed" : wrong.join(", ");
  return {
    isWhole: asked > 0 && wrong.length === 0,
    line: `${CONNECTIONS} clients, ${connections}, replaced ${times} times: ${failed} of ${asked} requests`,
  };
}

/** Whether the system gives handshakes that are under way to another socket when a shared one closes. If not, a few are lost. */
function migrates(): boolean {
  try {
    return readFileSync("/proc/sys/net/ipv4/tcp_migrate_req", "utf8").trim() === "1";
  } catch {
    return false;
  }
}

async function ours(name: string, runtime: Runtime, sharing: string, seconds: number, report: Report): Promise<void> {
  const what = `${name}: prefork, sharing ${sharing}`;
  try {
    const [port = 0] = await freePorts(1);
    const env = { PORT: String(port), SHARING: sharing };
    const server = runOn(runtime, fileOf("prefork-server"), [], { env });
    await server.printed(UP);
    for (const kind of ["kept", "short"] as const) {
      const { isWhole, line } = await underLoad(port, kind, seconds, () => server.child.kill("SIGUSR2"));
      const wrong = server.text().match(/^.*(?:killed|before its first).*$/gm) ?? [];
      const said = [`${what}: ${line}`, ...wrong].join("\n     ");
      if (sharing === "reusePort" && !migrates()) shown(said);
      else report(isWhole && wrong.length === 0, said);
    }
    const begin = performance.now();
    server.child.kill("SIGTERM");
    const how = await server.ended;
    const took = ((performance.now() - begin) / 1000).toFixed(1);
    report(how === "code 0", `${what}: ended with ${how} in ${took} s`);
  } catch (error) {
    report(false, `${what}: ${String(error)}`);
  } finally {
    cleanUp();
  }
}

/** The manager is replaced, too: a new one starts beside the old one, which then ends. */
async function managers(name: string, runtime: Runtime, seconds: number, report: Report): Promise<void> {
  const what = `${name}: a new manager beside the old one, sharing reusePort`;
  try {
    const [port = 0] = await freePorts(1);
    const begin = async (): Promise<Running> => {
      const server = runOn(runtime, fileOf("prefork-server"), [], {
        env: { PORT: String(port), SHARING: "reusePort" },
      });
      await server.printed(UP);
      return server;
    };
    let now = await begin();
    const ends: string[] = [];
    for (const kind of ["kept", "short"] as const) {
      const { isWhole, line } = await underLoad(port, kind, seconds, async () => {
        const old = now;
        now = await begin();
        old.child.kill("SIGTERM");
        ends.push(await old.ended);
      });
      if (!migrates()) shown(`${what}: ${line}`);
      else report(isWhole && ends.every((how) => how === "code 0"), `${what}: ${line}`);
    }
  } catch (error) {
    report(false, `${what}: ${String(error)}`);
  } finally {
    cleanUp();
  }
}

async function byHand(runtime: Runtime, seconds: number): Promise<void> {
  const [port = 0] = await freePorts(1);
  const server = runOn(runtime, fileOf("cluster-server"), [], { env: { PORT: String(port) } });
  try {
    await server.printed(UP);
    for (const kind of ["kept", "short"] as const) {
      shown(`node:cluster: ${(await underLoad(port, kind, seconds, () => server.child.kill("SIGUSR2"))).line}`);
    }
  } catch (error) {
    leftOut(`node:cluster by hand: ${String(error)}`);
  } finally {
    cleanUp();
  }
}

async function withPm2(runtime: Runtime, seconds: number): Promise<void> {
  const program = join(PM2, "node_modules/pm2/bin/pm2");
  if (!existsSync(program)) {
    mkdirSync(PM2, { recursive: true });
    const args = [
      "install",
      "--prefix",
      PM2,
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      "--no-audit",
      "pm2@6",
    ];
    spawnSync("npm", args, { stdio: "ignore" });
    if (!existsSync(program)) return leftOut("pm2, which cannot be installed");
  }
  const [port = 0] = await freePorts(1);
  const env = { PORT: String(port), PM2_HOME: makeFolder() };
  const pm2 = (...args: string[]): Running => runOn(runtime, program, args, { env });
  try {
    const started = pm2("start", fileOf("pm2-server"), "-i", "3");
    const how = await started.ended;
    if (how !== "code 0") throw new Error(started.text());
    await sleep(1);
    for (const kind of ["kept", "short"] as const) {
      shown(`pm2 reload: ${(await underLoad(port, kind, seconds, () => pm2("reload", "all").ended)).line}`);
    }
  } catch (error) {
    leftOut(`pm2: ${String(error)}`);
  } finally {
    await pm2("kill").ended; // its daemon has a process group of its own
    cleanUp();
  }
}

/** Preforked workers on each runtime. */
export async function preforked(
  able: readonly (readonly [name: string, runtime: Runtime])[],
  isShort: boolean,
  report: Report,
): Promise<void> {
  if (spawnSync("wrk", ["-v"]).error) return leftOut("prefork, for lack of wrk: apt-get install wrk");
  const seconds = isShort ? SHORT_SECONDS : SECONDS;
  for (const [name, runtime] of able) {
    if (name === "deno") continue; // its HTTP server answers one request of each connection
    await ours(name, runtime, "cluster", seconds, report);
    if (name !== "node-26") continue;
    await ours(name, runtime, "reusePort", seconds, report);
    await managers(name, runtime, isShort ? SHORT_SECONDS : SECONDS / 3, report);
  }
  const node = runtimes["node"]!;
  if (!able.some(([name]) => name === "node")) return;
  if (isShort) return leftOut("node:cluster by hand and pm2, in the short form");
  await byHand(node, seconds);
  await withPm2(node, seconds);
}
