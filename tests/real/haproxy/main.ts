// The command: `npm run haproxy` checks the PROXY protocol against a real HAProxy: its headers and health checks with our servers, and our
// headers with its listeners. `-- --runtime NAME` uses that runtime only.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { parseArgs } from "node:util";
import * as assert from "uvu/assert";
import { Authority } from "../../support/certificates.ts";
import { root } from "../../support/paths.ts";
import type { Runtime } from "../../support/runtimes.ts";
import { cleanUpAtEnd, wantedRuntimes } from "../restarts/commands.ts";
import { cleanUp, freePorts, makeFolder, runOn } from "../restarts/processes.ts";
import { report, sum } from "../restarts/report.ts";
import { type HAProxy, start } from "./haproxy.ts";

const CLIENT = "127.0.0.5"; // HAProxy itself connects from 127.0.0.1
const BACKEND = join(root, "build/tests/real/haproxy/backend.js");
const NAMES = ["v1", "v2", "ssl", "http", "tls", "checked", "accept"] as const;
type Ports = Readonly<Record<(typeof NAMES)[number], number>>;
type Backend = Readonly<Record<"raw" | "tls" | "http" | "control", number>>;

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const client = authority.sign("client.example");

function configuration(ports: Ports, backend: Backend, pem: string): string {
  const fields = "proxy-v2-options ssl,cert-cn,cert-key,cert-sig,ssl-cipher,authority,unique-id,crc32c";
  const id = "unique-id-format id-%ci-%cp";
  const listen = (name: keyof Ports, server: string, bind = "", mode = "tcp", more = ""): string =>
    `listen ${name}\n  mode ${mode}\n  bind 127.0.0.1:${ports[name]} ${bind}\n  ${id}\n  ${more}\n  server of-${name} 127.0.0.1:${server}\n`;
  return [
    listen("v1", `${backend.raw} send-proxy`),
    listen("v2", `${backend.raw} send-proxy-v2 proxy-v2-options unique-id,crc32c`),
    listen(
      "ssl",
      `${backend.raw} send-proxy-v2-ssl-cn ${fields}`,
      `ssl crt ${pem} ca-file ${authority.ca.certPath} verify optional alpn h2,http/1.1`,
    ),
    listen("http", `${backend.http} send-proxy-v2`, "", "http"),
    listen("tls", `${backend.tls} send-proxy-v2 ssl verify none`),
    // A check that only connects resets the connection before its header is read.
    listen(
      "checked",
      `${backend.raw} check inter 100ms send-proxy-v2 check-send-proxy`,
      "",
      "tcp",
      "option tcp-check\n  tcp-check send hello\n  tcp-check expect string LOCAL",
    ),
    `frontend accept\n  mode http\n  bind 127.0.0.1:${ports.accept} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port] %[fc_pp_authority]"\n`,
  ].join("");
}

/** Everything that a server answers to a client from {@link CLIENT}, and the client's port. */
async function ask(
  port: number,
  text = "hello",
  secure?: tls.ConnectionOptions,
): Promise<{ all: string; port: number }> {
  const plain = connect({ port, host: "127.0.0.1", localAddress: CLIENT });
  await new Promise<void>((resolve, reject) => void plain.once("connect", resolve).once("error", reject));
  const { localPort } = plain;
  const socket = secure
    ? tls.connect({ socket: plain, servername: "localhost", ca: authority.ca.cert, ...secure })
    : plain;
  let all = "";
  socket.on("data", (chunk: Buffer) => (all += chunk.toString()));
  socket.write(text);
  await new Promise<void>((resolve, reject) => void socket.once("close", resolve).once("error", reject));
  return { all, port: localPort! };
}

async function seen(...asked: Parameters<typeof ask>): Promise<Record<string, unknown>> {
  const { all, port } = await ask(...asked);
  const found = JSON.parse(all.slice(all.indexOf("{"))) as Record<string, unknown>;
  assert.equal([found["remoteAddress"], found["remotePort"]], [CLIENT, port]);
  return found;
}

type Check = (ports: Ports, backend: Backend, haproxy: HAProxy) => Promise<void>;

const control = async ({ control: port }: Backend, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text();

const CHECKS: Readonly<Record<string, Check>> = {
  "send-proxy": async ({ v1 }) => {
    const found = await seen(v1);
    assert.equal([found["version"], found["transport"], found["destinationPort"]], [1, "TCP4", v1]);
  },
  "send-proxy-v2 with unique-id and crc32c": async ({ v2 }) => {
    const { port } = await ask(v2);
    const found = await seen(v2);
    assert.equal([found["version"], found["command"], found["destinationPort"]], [2, "PROXY", v2]);
    assert.match(String(found["uniqueId"]), /^id-127\.0\.0\.5-\d+$/);
    assert.type(port, "number");
  },
  "send-proxy-v2-ssl-cn with the certificate of a client": async ({ ssl }) => {
    const secure = { key: client.key, cert: client.cert, ALPNProtocols: ["h2"] };
    const found = await seen(ssl, "hello", secure);
    const { isUsed, isVerified, protocol, commonName } = found["ssl"] as Record<string, unknown>;
    assert.equal([isUsed, isVerified, protocol, commonName], [true, true, "TLSv1.3", "client.example"]);
    assert.is(found["authority"], "localhost");
  },
  "send-proxy-v2-ssl-cn without one": async ({ ssl }) => {
    const { isUsed, isVerified, cipher } = (await seen(ssl, "hello", {}))["ssl"] as Record<string, unknown>;
    assert.equal([isUsed, isVerified], [true, false]);
    assert.match(String(cipher), /^TLS_/);
  },
  "send-proxy-v2 to an http server": async ({ http }) => {
    const found = await seen(http, "GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
    assert.is(found["url"], "/x");
  },
  "send-proxy-v2 and TLS to the server": async ({ tls: port }) => void (await seen(port)),
  "check-send-proxy: its checks are LOCAL, and none is dropped": async (_ports, backend, haproxy) => {
    await haproxy.hasStatus("of-checked", /^UP .*L7OK/);
    assert.is(await control(backend, "/drops"), "[]");
  },
  "accept-proxy takes versions 1 and 2 of a client": async ({ accept }, backend) => {
    const first = await control(backend, `/send?port=${accept}&version=1`);
    assert.ok(first.endsWith("192.0.2.7 56324 198.51.100.1 443 "), first);
    const second = await control(backend, `/send?port=${accept}&version=2`);
    assert.ok(second.endsWith("192.0.2.7 56324 198.51.100.1 443 a.example"), second);
  },
};

async function checkOn(name: string, runtime: Runtime): Promise<void> {
  const folder = makeFolder();
  const pem = join(folder, "server.pem");
  writeFileSync(pem, local.cert + local.key);
  const backend = runOn(runtime, BACKEND, [local.certPath, local.keyPath], {});
  await backend.printed("ready ");
  const known = JSON.parse(/ready (.*)/.exec(backend.text())![1]!) as Backend;
  const free = await freePorts(NAMES.length);
  const ports = Object.fromEntries(NAMES.map((one, i) => [one, free[i]])) as unknown as Ports;
  const haproxy = await start(folder, configuration(ports, known, pem));
  await Promise.all(
    Object.entries(CHECKS).map(async ([title, check]) => {
      try {
        await check(ports, known, haproxy);
        report(true, `${name}: ${title}`);
      } catch (error) {
        report(false, `${name}: ${title}: ${String(error)}`);
      }
    }),
  );
  backend.child.kill("SIGTERM");
  const how = await backend.ended;
  report(how === "code 0", `${name}: the server has stopped: ${how}`);
}

const { values } = parseArgs({ options: { runtime: { type: "string", multiple: true } } });
cleanUpAtEnd();
if (spawnSync("haproxy", ["-v"]).error) throw new Error("haproxy is not installed: apt-get install haproxy");
for (const [name, runtime] of wantedRuntimes(values.runtime)) {
  await checkOn(name, runtime).catch((error: unknown) => report(false, `${name}: ${String(error)}`));
  cleanUp();
}
process.exitCode = sum() ? 0 : 1;
