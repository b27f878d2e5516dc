// Several processes: all workers are replaced while clients ask, and no request and no health check fails.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import { cleanUp, run, sleep, until } from "../restarts/processes.ts";
import type { Report } from "../restarts/report.ts";
import { FOLDER, ask, codeOf, freeTriple, shown } from "./site.ts";

const UNIT = "systemd/workers.service";
const COMMAND = /`ExecStart=(.*wasm-ioloop .*)`/;

/** The command lines of the unit, and of the guide with `wasm-ioloop`. */
function lines(): Map<string, string> {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { bin: Record<string, string> };
  const guide = readFileSync(join(root, "docs/guides/deploying.md"), "utf8");
  const ours = (line = ""): string =>
    line
      .replace("/usr/bin/node", process.execPath)
      .replace("/srv/app/node_modules/.bin/wasm-ioloop", join(root, bin["wasm-ioloop"]!))
      .replace("/srv/app", FOLDER);
  return new Map([
    ["workers.service", ours(/^ExecStart=(.*)$/m.exec(shown(UNIT))?.[1])],
    ["wasm-ioloop app.mjs", ours(COMMAND.exec(guide)?.[1])],
  ]);
}

async function replaced(name: string, line: string, times: number, report: Report): Promise<void> {
  const port = await freeTriple();
  const [program = "", ...args] = line.split(" ");
  const signal = /^ExecReload=\/bin\/kill -(\w+) \$MAINPID$/m.exec(shown(UNIT))?.[1];
  const env = { PORT: String(port), ADMIN_PORT: String(port + 1), WORKERS: "4" };
  const manager = run(program, args, { env });
  await manager.printed("Listening on");
  const load = ask(`http://127.0.0.1:${port}/`);
  const probes: number[] = [];
  let isOver = false;
  const probing = (async () => {
    for (; !isOver; await sleep(0.02)) probes.push(await codeOf(`http://127.0.0.1:${port + 1}/readyz`));
  })();
  for (let round = 1; round <= times; round++) {
    const more = load.asked + 100;
    await until(() => load.asked > more, `the workers answer: ${manager.text()}`);
    manager.child.kill(`SIG${signal}` as NodeJS.Signals);
    await manager.printed(`generation ${round + 1} is up`);
    load.answering();
    await until(() => manager.text().match(/has ended with/g)?.length === 4 * round, "the old workers have ended");
  }
  isOver = true;
  await Promise.all([load.end(), probing]);
  manager.child.kill("SIGTERM");
  const how = await manager.ended;
  const wrong = probes.filter((code) => code !== 200);
  const failed =
    load.failed.length === 0 ? "0 failed" : `${load.failed.length} failed (${load.failed.slice(0, 3).join()})`;
  const said = `${failed} of ${load.asked} requests, ${wrong.length} (${[...new Set(wrong)].join()}) of ${probes.length} health checks, then ${how}`;
  const isWhole = load.failed.length === 0 && wrong.length === 0 && how === "code 0";
  report(isWhole, `${name}: all workers replaced ${times} times: ${said}${isWhole ? "" : `\n${manager.text()}`}`);
}

/** The program of the unit, and in the long form the command. */
export async function workers(isShort: boolean, report: Report): Promise<void> {
  for (const [name, line] of [...lines()].slice(0, isShort ? 1 : undefined)) {
    try {
      await replaced(name, line, isShort ? 1 : 3, report);
    } catch (error) {
      report(false, `${name}: ${String(error)}`);
    } finally {
      cleanUp();
    }
  }
}
