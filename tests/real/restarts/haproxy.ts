// HAProxy in front of two servers: its configuration, and its statistics.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Counts, countsOf } from "../haproxy/statistics.ts";
import { type Running, run, until } from "./processes.ts";

/** What it balances: requests, over its own persistent connections (http), or connections (tcp). */
export type Mode = "http" | "tcp";

export interface Balancer {
  readonly running: Running;
  /** Resolves when its health checks have found a server up, or down. */
  isServer(name: string, status: "UP" | "DOWN"): Promise<void>;
  /** Its counters, by the names of the servers. */
  counts(): Promise<ReadonlyMap<string, Counts>>;
}

// The health check is as in docs/guides/deploying.md. A refused connection is retried on the other server at once.
function configuration(mode: Mode, port: number, servers: ReadonlyMap<string, number>, socket: string): string {
  const lines = [...servers].map(([name, port]) => `  server ${name} 127.0.0.1:${port}`);
  return `global
  stats socket ${socket} level admin
  maxconn 1000
defaults
  mode ${mode}
  timeout connect 2s
  timeout client 30s
  timeout server 30s
listen web
  bind 127.0.0.1:${port}
  balance roundrobin
  option redispatch 1
  option httpchk GET /health
  default-server check inter 200ms fall 2 rise 1
${lines.join("\n")}
`;
}

/** Starts it. `port` is the port to listen on; `servers` are the ports of the servers, by name. */
export async function balance(
  mode: Mode,
  port: number,
  servers: ReadonlyMap<string, number>,
  folder: string,
): Promise<Balancer> {
  const socket = join(folder, "stats");
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configuration(mode, port, servers, socket));
  const running = run("haproxy", ["-db", "-f", file]);
  const counts = (): Promise<ReadonlyMap<string, Counts>> => countsOf(socket);
  // Before its first check it considers a server to be up.
  const isServer = (name: string, status: string): Promise<void> =>
    until(async () => {
      const row = (await counts()).get(name);
      return row?.["status"] === status && (status === "DOWN" || row["check_status"] === "L7OK");
    }, `haproxy considers ${name} to be ${status}: ${running.text()}`);
  return { running, isServer, counts };
}
