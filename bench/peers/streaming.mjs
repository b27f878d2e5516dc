// Streams over loopback within one process: streaming.mjs TABLE SIDE COUNT. Prints the CPU time in microseconds for each of COUNT.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { IOLoop } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { load } from "../packages.mjs";

const [table, side] = process.argv.slice(2);
const count = Number(process.argv[4]);
const loop = new IOLoop();
const isOurs = side.startsWith("ours");

/** Listens, with a server of ours or of the runtime. Returns the port. */
async function listen(ours, plain) {
  if (isOurs) {
    const id = loop.server({ idleTimeout: 0, halfOpen: true }, ours);
    void loop.start();
    return loop.acceptor(id).port;
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => plain(socket.on("error", () => {})));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

function open(port) {
  return connect({ port, host: "127.0.0.1", noDelay: true });
}

const echoes = {
  ours: (_loop, stream) => stream.on("read", (stream, chunk) => stream.write(chunk)),
  "ours-await": async (_loop, stream) => {
    for await (const chunk of stream) await stream.send(chunk);
  },
  "node-echo": (socket) => socket.on("data", (chunk) => socket.write(chunk)),
  "node-await": async (socket) => {
    for await (const chunk of socket) if (!socket.write(chunk)) await once(socket, "drain");
  },
};

async function echo() {
  const port = await listen(echoes[side], echoes[side]);
  const message = Buffer.alloc(64, "x");
  let left = count;
  const talk = async () => {
    const socket = open(port);
    await once(socket, "connect");
    let missing = message.length;
    socket.write(message);
    await new Promise((resolve) => {
      socket.on("data", (chunk) => {
        missing -= chunk.length;
        if (missing > 0) return;
        if (--left <= 0) return resolve();
        missing = message.length;
        socket.write(message);
      });
    });
    socket.destroy();
  };
  await measured(() => Promise.race(Array.from({ length: 16 }, talk)));
}

function splitter(cb) {
  let rest = "";
  return (chunk) => {
    const parts = (rest + chunk.toString("latin1")).split("\n");
    rest = parts.pop();
    for (const line of parts) cb(line);
  };
}

async function countLines() {
  let seen = 0;
  let all;
  const done = new Promise((resolve) => (all = resolve));
  const take = () => ++seen === count && all();
  const split2 = side === "split2" ? load("split2") : undefined;
  const sides = {
    ours: (_loop, stream) => stream.frames(lines, take),
    "ours-iterated": async (_loop, stream) => {
      for await (const _ of stream.frames(lines)) take();
    },
    "ours-by-hand": (_loop, stream) => {
      const push = splitter(take);
      stream.on("read", (_stream, chunk) => push(chunk));
    },
    readline: (socket) => createInterface({ input: socket }).on("line", take),
    split2: (socket) => socket.pipe(split2()).on("data", take),
  };
  const port = await listen(sides[side], sides[side]);
  const socket = open(port);
  await once(socket, "connect");
  const block = Buffer.from(`${"x".repeat(39)}\n`.repeat(1600));
  await measured(async () => {
    for (let left = count; left > 0; left -= 1600) {
      const some = block.subarray(0, Math.min(left, 1600) * 40);
      if (!socket.write(some)) await once(socket, "drain");
    }
    await done;
  });
}

async function proxy() {
  const sink = createServer((socket) => socket.resume());
  await once(sink.listen(0, "127.0.0.1"), "listening");
  const target = { port: sink.address().port, address: "127.0.0.1" };
  const splice = async (loop, near) => {
    const far = await loop.connect({ ...target, idleTimeout: 0, halfOpen: true });
    await near.splice(far);
  };
  const pipe = (near) => {
    const far = open(target.port);
    pipeline(near, far).catch(() => {});
    pipeline(far, near).catch(() => {});
  };
  const port = await listen(splice, pipe);
  const socket = open(port);
  await once(socket, "connect");
  const megabyte = Buffer.alloc(1 << 20);
  await measured(async () => {
    for (let left = count; left > 0; left--) if (!socket.write(megabyte)) await once(socket, "drain");
    socket.end();
    await once(socket.resume(), "close");
  });
}

/** Runs a task, and prints the CPU time of each of the `count`. */
async function measured(task) {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu: (user + system) / count }));
}

await { echo, lines: countLines, splice: proxy }[table]();
process.exit(0);
