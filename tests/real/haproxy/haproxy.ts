// A HAProxy of a test: its process, and its statistics.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Running, run, until } from "../restarts/processes.ts";
import { command, countsOf } from "./statistics.ts";

export interface HAProxy {
  readonly running: Running;
  /** The status of a server, such as `UP`, and that of its last check, such as `L4OK`. */
  status(server: string): Promise<string>;
  /** Resolves when a server has a status. */
  hasStatus(server: string, status: RegExp): Promise<void>;
}

/** Starts it with sections of a configuration, and waits until it runs. */
export async function start(folder: string, sections: string): Promise<HAProxy> {
  const socket = join(folder, "haproxy.socket");
  const file = join(folder, "haproxy.cfg");
  const defaults = "timeout connect 2s\n  timeout client 30s\n  timeout server 30s";
  writeFileSync(file, `global\n  stats socket ${socket} level admin\ndefaults\n  ${defaults}\n${sections}`);
  const running = run("haproxy", ["-db", "-f", file]);
  const status = async (server: string): Promise<string> => {
    const row = (await countsOf(socket)).get(server);
    return row ? `${row["status"]} ${row["check_status"]}` : "";
  };
  const hasStatus = (server: string, wanted: RegExp): Promise<void> =>
    until(async () => wanted.test(await status(server)), `${server} is ${wanted.source}: ${running.text()}`);
  let how: string | undefined;
  void running.ended.then((text) => (how = text));
  await until(async () => {
    if (how !== undefined) throw new Error(`HAProxy ended with ${how}: ${running.text()}`);
    return (await command(socket, "show info")) !== "";
  }, "HAProxy runs");
  return { running, status, hasStatus };
}
