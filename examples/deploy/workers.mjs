// An HTTP server in several processes. SIGUSR2 replaces all of them, and fails no request.

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { admin } from "wasm-ioloop/admin";
import { prefork } from "wasm-ioloop/prefork";

const { env } = process;
const address = env.ADDRESS ?? "127.0.0.1"; // 0.0.0.0 to be reached from other machines
const port = Number(env.PORT ?? 3000);

/** Reports the state to systemd, if the unit has Type=notify. */
function notify(state = "") {
  if (env.NOTIFY_SOCKET) execFile("systemd-notify", [state]);
}

/** Receives each line of the manager's log. */
function log(line = "", event = "") {
  console.error(line);
  if (event === "stop") notify("STOPPING=1");
  if (event !== "started") return;
  notify("READY=1");
  setInterval(() => notify("WATCHDOG=1"), 10_000).unref();
}

await prefork({ workers: Number(env.WORKERS ?? 4), delay: 1, gracefulTimeout: 20, log }, async (loop, worker) => {
  loop.maxConnections = 250; // of each worker
  const server = createServer((request, response) => {
    setTimeout(() => response.end(`Hello from ${worker.pid}\n`), 20); // some work
  });
  server.keepAliveTimeout = 75_000; // longer than the balancer's

  const id = loop.serve(server, env.LISTEN_FDS ? { activation: true } : { address, port });
  const health = admin(loop, { address, port: port && port + 1 }); // GET /healthz and /readyz: one of the workers answers
  await health.ready;
  await loop.acceptor(id)?.ready;
  if (worker.id === 1) console.log(`Listening on port ${loop.acceptor(id)?.port}`);
});
console.log("Stopped");
