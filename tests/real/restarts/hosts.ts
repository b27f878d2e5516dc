// Two hosts behind HAProxy, which sends PROXY headers: one of them is restarted every three seconds, under the load of raw TCP clients and of
// wrk. No request may fail. The same without a delay, during which the balancer learns of the stop, is expected to lose some.

import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import type { Runtime } from "../../support/runtimes.ts";
import { type HAProxy, start } from "../haproxy/haproxy.ts";
import { type Host, makeHosts, removeHosts } from "./namespaces.ts";
import { type Running, cleanUp, freePorts, makeFolder, run, sleep } from "./processes.ts";
import { type Report, leftOut } from "./report.ts";

const SERVER = join(root, "build/tests/real/restarts/host-server.js");
const RAW_CLIENTS = 20;
const HTTP_CLIENTS = 20;
/** How often one is restarted, how long it goes on accepting then, and for how long in all. */
const LONG = { every: 3, delay: 1, seconds: 61 };
const SHORT = { every: 1.8, delay: 0.5, seconds: 4 };
const CLIENT = "127.0.0.5"; // HAProxy has other addresses

// No connection is tried again: what does not reach a server fails. A slow answer to a check is one, too: the machine may be busy.
function configuration(hosts: readonly Host[], raw: number, http: number): string {
  const servers = (port: number, kind: string): string =>
    hosts.map(({ address }, i) => `  server ${kind}${i} ${address}:${port} send-proxy-v2 check port 7003`).join("\n");
  const both =
    "balance roundrobin\n  retries 0\n  timeout check 5s\n  option httpchk GET /health\n  default-server inter 100ms fall 1 rise 1";
  return `listen raw
  mode tcp
  bind 127.0.0.1:${raw}
  ${both}
${servers(7001, "raw")}
listen http
  mode http
  bind 127.0.0.1:${http}
  ${both}
${servers(7002, "http")}
`;
}

function serve(host: Host, { program, args, env }: Runtime, delay: number): Running {
  const more = { ADDRESS: host.address, PROXY: host.ours, DELAY: String(delay) };
  return run("ip", ["netns", "exec", host.name, program, ...args, SERVER], { env: { ...env, ...more } });
}

interface Counts {
  asked: number;
  readonly failed: Map<string, number>;
}

/** Asks without a pause, each time with a new connection, until it is to end. */
async function askRaw(port: number, counts: Counts, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    counts.asked++;
    const how = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect({ port, host: "127.0.0.1", localAddress: CLIENT }, () => socket.write("who\n"));
      socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on("close", () => resolve(text === `${CLIENT}\n` ? "" : `answer "${text}"`));
    });
    if (how !== "") counts.failed.set(how, (counts.failed.get(how) ?? 0) + 1);
  }
}

/** Restarts one host after the other under load, for some seconds. Returns how many requests were made, and how they failed. */
async function restartHosts(
  hosts: readonly Host[],
  runtime: Runtime,
  { every, delay, seconds }: typeof LONG,
): Promise<{ restarts: number; asked: number; failed: string[] }> {
  const [raw = 0, http = 0] = await freePorts(2);
  const servers = hosts.map((host) => serve(host, runtime, delay));
  await Promise.all(servers.map(({ printed }) => printed("ready")));
  const haproxy = await start(makeFolder(), configuration(hosts, raw, http));
  const isUp = (i: number): Promise<unknown> => bothAre(haproxy, i, /^UP .*L7OK/);
  await Promise.all(hosts.map((_, i) => isUp(i)));
  const counts: Counts = { asked: 0, failed: new Map() };
  const end = performance.now() + seconds * 1000;
  let isOver = false;
  const asking = Array.from({ length: RAW_CLIENTS }, () => askRaw(raw, counts, () => isOver));
  const wrk = run("wrk", ["-t1", `-c${HTTP_CLIENTS}`, "-d1h", `http://127.0.0.1:${http}/`]);
  let restarts = 0;
  for (let at = performance.now() + 300; at < end; at += every * 1000) {
    await sleep(Math.max(0, at - performance.now()) / 1000);
    const i = restarts++ % hosts.length;
    servers[i]!.child.kill("SIGTERM");
    const how = await servers[i]!.ended;
    if (how !== "code 0") counts.failed.set(`a server ended with ${how}: ${servers[i]!.text()}`, 1);
    const next = serve(hosts[i]!, runtime, delay);
    servers[i] = next;
    await next.printed("ready");
    await isUp(i);
  }
  await sleep(0.5);
  isOver = true;
  await Promise.all(asking);
  wrk.child.kill("SIGINT"); // then it prints its results
  await wrk.ended;
  const said = wrk.text();
  const requests = Number(/(\d+) requests in/.exec(said)?.[1] ?? 0);
  const failed = [...counts.failed].map(([how, count]) => `${count} of raw TCP: ${how}`);
  failed.push(...(said.match(/Socket errors.*|Non-2xx.*/g) ?? []).map((line) => `HTTP: ${line}`));
  return { restarts, asked: counts.asked + requests, failed };
}

async function bothAre(haproxy: HAProxy, i: number, status: RegExp): Promise<void> {
  await Promise.all([haproxy.hasStatus(`raw${i}`, status), haproxy.hasStatus(`http${i}`, status)]);
}

/** Restarts of hosts behind HAProxy with PROXY headers. */
export async function restartedHosts(name: string, runtime: Runtime, isShort: boolean, report: Report): Promise<void> {
  const what = `${name}: two hosts behind HAProxy with PROXY headers, one restarted every ${(isShort ? SHORT : LONG).every} s`;
  const missing = ["haproxy", "wrk", "ip"].filter((program) => spawnSync(program, ["-V"]).error);
  if (missing.length > 0) return leftOut(`${what}, for lack of ${missing.join(" and ")}`);
  let hosts: readonly Host[];
  try {
    hosts = makeHosts(2);
  } catch (error) {
    removeHosts();
    return leftOut(`${what}: ${String(error)}`);
  }
  try {
    const times = isShort ? SHORT : LONG;
    for (const delay of isShort ? [times.delay] : [times.delay, 0]) {
      const { restarts, asked, failed } = await restartHosts(hosts, runtime, { ...times, delay });
      const isWhole = asked > 0 && (delay === 0) === failed.length > 0;
      const result = failed.length === 0 ? "0 failed" : failed.join(", ");
      const line = `delay ${delay} s: ${restarts} restarts, ${asked} requests: ${result}`;
      report(isWhole, `${what}, ${line}${isWhole && delay === 0 ? ", as expected" : ""}`);
      cleanUp();
    }
    if (isShort) leftOut(`${what}, without a delay, in the short form`);
  } catch (error) {
    report(false, `${what}: ${String(error)}`);
  } finally {
    cleanUp();
    removeHosts();
  }
}
