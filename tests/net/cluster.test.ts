// Servers that share a port as workers of a cluster: the primary accepts and distributes connections, or the system does.

import { spawnSync } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { harness, inFolder, isBun, isDeno, peer, until } from "../support/harness.ts";

const WORKERS = 2;
const CLIENTS = 20;

// The workers run this file, too.
if (cluster.isWorker) {
  const loop = new IOLoop();
  const path = process.env["TEST_PATH"];
  loop.server(path === undefined ? {} : { path }, (_loop, stream) => {
    stream.on("read", (stream, chunk) => {
      stream.write(`${process.pid} ${String(chunk)}`);
      stream.closeGracefully();
    });
  });
  process.once("disconnect", () => loop.stop());
  await loop.start();
  process.exit(0);
}

const test = harness("cluster");

for (const [name, policy] of [
  ["distributed by the primary", cluster.SCHED_RR],
  ["distributed by the system", cluster.SCHED_NONE],
] as const) {
  test(`connections ${name} are served`, async () => {
    if (isBun || isDeno) return; // their clusters cannot share a free port
    cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), execArgv: [] });
    cluster.schedulingPolicy = policy;
    const ports = new Set<number>();
    let listening = 0;
    cluster.on("listening", (_worker, { port }) => {
      ports.add(port);
      listening++;
    });
    const workers: Worker[] = Array.from({ length: WORKERS }, () => cluster.fork());
    const exits = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    try {
      await until(() => listening === WORKERS);
      assert.is(ports.size, 1);
      const [port] = [...ports];
      const clients = Array.from({ length: CLIENTS }, () => peer({ port: port! }));
      for (const { socket } of clients) socket.write("hello");
      const pids = new Set(workers.map((worker) => String(worker.process.pid)));
      for (const { ended } of clients) {
        const [pid, said] = (await ended).split(" ");
        assert.ok(pids.has(pid!));
        assert.is(said, "hello");
      }
      for (const { socket } of clients) socket.destroy();
    } finally {
      cluster.removeAllListeners("listening");
      for (const worker of workers) worker.disconnect();
      assert.equal(await Promise.all(exits), Array(WORKERS).fill(0));
    }
  });
}

test("workers that start at once on a stale socket file share it", () =>
  inFolder(async (folder) => {
    if (isBun || isDeno) return;
    const path = join(folder, "stale");
    const source = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", source]);
    cluster.setupPrimary({ exec: fileURLToPath(import.meta.url), execArgv: [] });
    cluster.schedulingPolicy = cluster.SCHED_RR;
    let listening = 0;
    cluster.on("listening", () => listening++);
    const workers: Worker[] = Array.from({ length: WORKERS }, () => cluster.fork({ TEST_PATH: path }));
    const exits = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    try {
      await until(() => listening === WORKERS);
      const clients = Array.from({ length: CLIENTS }, () => peer({ path }));
      for (const { socket } of clients) socket.write("hello");
      for (const { ended } of clients) assert.match(await ended, /^\d+ hello$/);
      for (const { socket } of clients) socket.destroy();
    } finally {
      cluster.removeAllListeners("listening");
      for (const worker of workers) worker.disconnect();
      assert.equal(await Promise.all(exits), Array(WORKERS).fill(0));
    }
  }));
