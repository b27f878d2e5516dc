// The same by hand with `node:cluster`, for comparison: USR2 starts a new worker for each old one, and disconnects that when it listens.

import cluster, { type Worker } from "node:cluster";
import { createServer } from "node:http";

const WORKERS = 3;

if (cluster.isPrimary) {
  const next = (left: Worker[]): void => {
    const [old, ...others] = left;
    if (!old) return;
    cluster.fork().once("listening", () => {
      old.disconnect();
      next(others);
    });
  };
  process.on("SIGUSR2", () => next(Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)));
  let listening = 0;
  cluster.on("listening", () => {
    if (++listening === WORKERS) console.log(`${WORKERS} workers are up`);
  });
  for (let i = 0; i < WORKERS; i++) cluster.fork();
} else {
  createServer((_request, response) => response.end(`from ${process.pid}\n`)).listen({
    host: "127.0.0.1",
    port: Number(process.env["PORT"]),
  });
}
