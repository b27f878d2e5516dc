// Several processes: all workers are replaced while clients ask, and no request and no health check fails.

import { cleanUp, run, sleep, until } from "../restarts/processes.ts";
import type { Report } from "../restarts/report.ts";
import { FOLDER, ask, codeOf, freeTriple, shown } from "./site.ts";

async function replaced(times: number, report: Report): Promise<void> {
  const port = await freeTriple();
  const unit = shown("systemd/workers.service");
  const [program = "", ...args] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "")
    .replace("/usr/bin/node", process.execPath)
    .split(" ");
  const signal = /^ExecReload=\/bin\/kill -(\w+) \$MAINPID$/m.exec(unit)?.[1];
  const own = args.map((arg) => arg.replace("/srv/app", FOLDER));
  const manager = run(program, own, { env: { PORT: String(port), WORKERS: "4" } });
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
  report(
    isWhole,
    `workers.service: all workers replaced ${times} times: ${said}${isWhole ? "" : `\n${manager.text()}`}`,
  );
}

/** The program and the unit with several processes. */
export async function workers(isShort: boolean, report: Report): Promise<void> {
  try {
    await replaced(isShort ? 1 : 3, report);
  } catch (error) {
    report(false, `workers.service: ${String(error)}`);
  } finally {
    cleanUp();
  }
}
