// An HTTP server as it is deployed: with health checks, and a stop that fails no request. The files beside it deploy it.

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { IOLoop } from "wasm-ioloop";
import { admin, agentCheck } from "wasm-ioloop/admin";

const { env } = process;
const address = env.ADDRESS ?? "127.0.0.1"; // 0.0.0.0 to be reached from other machines
const port = Number(env.PORT ?? 3000);
const delay = Number(env.STOP_DELAY ?? 0); // seconds until a balancer has noticed
const timeout = Number(env.STOP_TIMEOUT ?? 20); // seconds for what is under way then

const loop = new IOLoop({ maxConnections: 1000 });
const server = createServer((request, response) => {
  setTimeout(() => response.end(`Hello from ${process.pid}\n`), 20); // some work
});
server.keepAliveTimeout = 75_000; // longer than the balancer's: it closes idle connections first

const id = loop.serve(server, env.LISTEN_FDS ? { activation: true } : { address, port });
const health = admin(loop, { address, port: port && port + 1 }); // GET /healthz and /readyz
agentCheck(loop, { address, port: port && port + 2 }); // for HAProxy

/** Reports the state to systemd, if the unit has Type=notify. */
function notify(state = "") {
  if (env.NOTIFY_SOCKET) execFile("systemd-notify", [state]);
}
loop.on("finish", () => notify("STOPPING=1"));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => loop.stopGracefully({ delay, timeout })); // a second signal ends the process at once
}

await Promise.all([loop.acceptor(id)?.ready, health.ready]); // rejects if a port is in use
console.log(`Listening on port ${loop.acceptor(id)?.port}`);
notify("READY=1");
await loop.start();
console.log("Stopped");
