// The configurations of HAProxy and nginx, with two servers that are restarted in turn while clients ask: no request may fail.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../haproxy/statistics.ts";
import { type Running, cleanUp, makeFolder, run, until } from "../restarts/processes.ts";
import { type Report, leftOut } from "../restarts/report.ts";
import { ask, codeOf, freeTriple, shown, startServer } from "./site.ts";

interface Balancer {
  readonly program: string;
  readonly file: string;
  readonly stopDelay: string;
  /** The arguments that check a configuration, and that run it. */
  check(file: string, folder: string): string[];
  run(file: string, folder: string): string[];
  /** What must come true while the first server is stopping. */
  whileStopping?(folder: string): Promise<void>;
}

const HAPROXY: Balancer = {
  program: "haproxy",
  file: "haproxy.cfg",
  stopDelay: "2",
  check: (file) => ["-c", "-f", file],
  run: (file, folder) => {
    const more = join(folder, "more.cfg");
    writeFileSync(more, `global\n    stats socket ${join(folder, "stats")} level admin\n`);
    return ["-db", "-f", file, "-f", more];
  },
  whileStopping: async (folder) => {
    const states = async (): Promise<string> => command(join(folder, "stats"), "show stat");
    await until(async () => /^app,a,.*,DRAIN\b/m.test(await states()), "the agent check drains the server");
  },
};

const nginx = (file: string, folder: string): string[] => ["-c", file, "-p", folder, "-e", "stderr"];
const settings = (folder: string): string => `daemon off; pid ${join(folder, "nginx.pid")};`;
const NGINX: Balancer = {
  program: "nginx",
  file: "nginx.conf",
  stopDelay: "1",
  check: (file, folder) => [...nginx(file, folder), "-t", "-g", settings(folder)],
  run: (file, folder) => [...nginx(file, folder), "-g", settings(folder)],
};

async function restarts(balancer: Balancer, times: number, report: Report): Promise<void> {
  const { program, file, stopDelay } = balancer;
  const folder = makeFolder();
  const web = await freeTriple();
  const places = [await freeTriple(), await freeTriple()] as const;
  const ports = new Map([[8080, web]]);
  for (const [index, shown] of [3000, 4000].entries())
    for (const more of [0, 1, 2]) ports.set(shown + more, places[index]! + more);
  const own = join(folder, file);
  writeFileSync(own, shown(file, ports));
  const checked = spawnSync(program, balancer.check(own, folder), { encoding: "utf8" });
  report(checked.status === 0, `${program} accepts ${file}${checked.status === 0 ? "" : `: ${checked.stderr}`}`);
  const start = (port: number): Promise<Running> => startServer(port, { STOP_DELAY: stopDelay, STOP_TIMEOUT: "5" });
  const servers = await Promise.all(places.map(start));
  const balancing = run(program, balancer.run(own, folder));
  const url = `http://127.0.0.1:${web}/`;
  await until(async () => (await codeOf(url)) === 200, `${program} answers: ${balancing.text()}`);
  const load = ask(url);
  const answers = (server: Running): Promise<void> => {
    load.answering();
    const pid = String(server.child.pid);
    return until(() => load.answering().has(pid), `${program} sends requests to process ${pid}`);
  };
  for (const server of servers) await answers(server);
  for (let round = 0; round < times; round++) {
    const index = round % places.length;
    const server = servers[index]!;
    server.child.kill("SIGTERM");
    if (index === 0) await balancer.whileStopping?.(folder);
    const how = await server.ended;
    if (how !== "code 0") report(false, `${program}: a server ended with ${how}: ${server.text()}`);
    servers[index] = await start(places[index]!);
    await answers(servers[index]);
  }
  await load.end();
  const failed =
    load.failed.length === 0 ? "0 failed" : `${load.failed.length} failed (${load.failed.slice(0, 3).join()})`;
  const line = `${program}: ${failed} of ${load.asked} requests during ${times} restarts`;
  report(load.failed.length === 0 && load.asked > 0, line);
}

/** Each balancer that is installed. */
export async function balancers(isShort: boolean, report: Report): Promise<void> {
  for (const balancer of [HAPROXY, NGINX]) {
    const { program } = balancer;
    if (spawnSync(program, ["-v"]).error) {
      leftOut(`${program}, which is not installed: apt-get install ${program === "nginx" ? "nginx-light" : program}`);
      continue;
    }
    try {
      await restarts(balancer, isShort ? 1 : 4, report);
    } catch (error) {
      report(false, `${program}: ${String(error)}`);
    } finally {
      cleanUp();
    }
  }
}
