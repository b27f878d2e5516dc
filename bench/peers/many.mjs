// A server with many connections: many.mjs BODY SIDE IDLE. At SIGUSR2 it stops its loop and starts it again, a few times, and then resets it, or
// destroys every socket. Prints the CPU time in microseconds for each connection.

import { createServer } from "node:net";
import { IOLoop } from "wasm-ioloop";
import { BACKLOG, IDLE_SECONDS, MODE, RESPONSE } from "./serving.mjs";

const TIMES = 8;
const TURNS = 3; // until the runtime has told the system, and closed its handles

function spent(since) {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

/** Runs a task. Returns what the call has cost, and what it has cost when all that it has begun is done. */
async function cost(task) {
  const before = process.cpuUsage();
  task();
  const call = spent(before);
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  return { call, all: spent(before) };
}

/** Each listens, and returns what measures at the signal. */
const sides = {
  async ours() {
    const loop = new IOLoop({ maxConnections: 20_000 });
    let open = 0;
    const id = loop.server({ backlog: BACKLOG, idleTimeout: IDLE_SECONDS }, (_loop, stream) => {
      open++;
      stream.on("read", (stream) => stream.write(RESPONSE));
      stream.on("close", () => open--);
    });
    void loop.start();
    console.log(loop.acceptor(id).port);
    return async () => {
      const count = open;
      let [stop, start, polled] = [0, 0, 0];
      for (let time = 0; time < TIMES; time++) {
        const stopped = await cost(() => loop.stop());
        const started = await cost(() => void loop.start());
        stop += stopped.call / TIMES;
        start += started.call / TIMES;
        polled += started.all / TIMES;
      }
      const { all: reset } = await cost(() => loop.reset());
      if (open > 0) throw new Error(`${open} connections are left`);
      return { stop: stop / count, start: start / count, polled: polled / count, reset: reset / count };
    };
  },
  async "node-net"() {
    const sockets = new Set();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.setTimeout(IDLE_SECONDS * 1000);
      socket.on("timeout", () => socket.destroy());
      socket.on("error", () => socket.destroy());
      socket.on("data", () => socket.write(RESPONSE));
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise((resolve) => server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, resolve));
    console.log(server.address().port);
    return async () => {
      const count = sockets.size;
      const { all: reset } = await cost(() => {
        for (const socket of sockets) socket.destroy();
      });
      if (sockets.size > 0) throw new Error(`${sockets.size} connections are left`);
      return { reset: reset / count };
    };
  },
};

const measure = await sides[MODE]();
setInterval(() => {}, 1000); // it is ended from outside
process.on("SIGUSR2", async () => {
  const figures = await measure();
  console.log(JSON.stringify(figures));
});
