// HAProxy in front of two servers: its configuration, and its statistics.

import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Running, run, until } from "./processes.ts";

/** What it balances: requests, over its own persistent connections (http), or connections (tcp). */
export type Mode = "http" | "tcp";

/** Its counters for a server: the columns of `show stat`. */
export type Counts = Readonly<Record<string, string>>;

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
  const counts = async (): Promise<ReadonlyMap<string, Counts>> => {
    const [head = "", ...rows] = (await command(socket, "show stat")).split("\n");
    const names = head.replace(/^# /, "").split(",");
    const tables = rows
      .map((row) => row.split(","))
      .map((row) => Object.fromEntries(names.map((n, i) => [n, row[i]!])));
    return new Map(tables.map((table) => [table["svname"] ?? "", table]));
  };
  // Before its first check it considers a server to be up.
  const isServer = (name: string, status: string): Promise<void> =>
    until(async () => {
      const row = (await counts()).get(name);
      return row?.["status"] === status && (status === "DOWN" || row["check_status"] === "L7OK");
    }, `haproxy considers ${name} to be ${status}: ${running.text()}`);
  return { running, isServer, counts };
}

function command(socket: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const client = connect(socket, () => client.write(`${text}\n`));
    client.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    client.on("error", () => {}); // it is still starting
    client.on("close", () => resolve(answer));
  });
}
