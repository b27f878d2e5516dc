// HAProxy in front of a server of node:http, which it limits: overload-haproxy.mjs TIMEOUT [OPTION], how long a request may wait, and an option of
// HAProxy.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { start, which } from "../processes.mjs";
import { SLOTS } from "./overloaded.mjs";

const TRIES = 500;
const TRY_MILLISECONDS = 10;

const [timeout, option] = process.argv.slice(2);
const program = fileURLToPath(new URL("overload-node.mjs", import.meta.url));
const behind = start("server", [process.execPath, program, "node-http"]);
const port = await freePort();
const temporary = mkdtempSync(join(tmpdir(), "haproxy-"));
const file = join(temporary, "haproxy.cfg");
writeFileSync(file, configuration(port, Number(await behind.says())));
const haproxy = start("server", [which("haproxy") ?? "/usr/sbin/haproxy", "-db", "-q", "-f", file]);
void haproxy.ended.then((why) => fail(why));
await untilItListens(port);
rmSync(temporary, { recursive: true });
console.log(port);

function configuration(port, to) {
  return `global
  maxconn 4000
  nbthread 1

defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout queue ${timeout}
  ${option ? `option ${option}` : ""}

listen overload
  bind 127.0.0.1:${port}
  server node 127.0.0.1:${to} maxconn ${SLOTS}
`;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilItListens(port) {
  for (let left = TRIES; left > 0; left--) {
    if (await connects(port)) return;
    await new Promise((resolve) => setTimeout(resolve, TRY_MILLISECONDS));
  }
  fail("HAProxy does not listen");
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function fail(why) {
  console.error(`HAProxy: ${why}`);
  process.exit(1);
}
