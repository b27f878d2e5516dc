// Streams over loopback within one process: streaming.mjs TABLE SIDE COUNT [NODE]. Prints the CPU time in microseconds for each of COUNT.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import * as tls from "node:tls";
import { fileURLToPath } from "node:url";
import { IOLoop } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { load } from "../packages.mjs";

const [table, side, times, node = process.execPath] = process.argv.slice(2);
const count = Number(times);
const here = fileURLToPath(new URL(".", import.meta.url));
const loop = new IOLoop();
const isOurs = side.startsWith("ours");

/** Listens, with a server of ours or of the runtime. Returns the port. */
async function listen(ours, plain, pems) {
  if (isOurs) {
    const id = loop.server(
      { idleTimeout: 0, halfOpen: true, ...(pems && { tlsCert: pems.cert, tlsKey: pems.key }) },
      ours,
    );
    void loop.start();
    return loop.acceptor(id).port;
  }
  const { createServer } = pems ? tls : net;
  const options = { noDelay: true, allowHalfOpen: true, ...pems };
  const server = createServer(options, (socket) => plain(socket.on("error", () => {})));
  // As a server must do it that admits clients before their handshakes.
  const beneath =
    side === "upgraded" ? net.createServer(options, (socket) => server.emit("connection", socket)) : server;
  await once(beneath.listen(0, "127.0.0.1"), "listening");
  return beneath.address().port;
}

function open(port, { connect } = net) {
  return connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true, rejectUnauthorized: false });
}

const echoes = {
  ours: (_loop, stream) => stream.on("read", (stream, chunk) => stream.write(chunk)),
  "ours-await": async (_loop, stream) => {
    for await (const chunk of stream) await stream.send(chunk);
  },
  "ours-duplex": (_loop, stream) => {
    const duplex = stream.duplex();
    duplex.on("data", (chunk) => duplex.write(chunk));
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
    "lines-unread": (socket) => {
      let size = 0;
      socket.on("data", (chunk) => (size += chunk.length) === count * 40 && all());
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

/** The least code that passes data on with back-pressure. */
function passByHand(from, to) {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
}

/** A proxy between the ends of `load/two-way.mjs`, a separate process. */
async function proxy(isSecured) {
  const [cert, key] = isSecured ? certificate() : [];
  const args = [join(here, "../load/two-way.mjs"), String(count), ...(isSecured ? [cert, key] : [])];
  const load = spawn(node, args, { stdio: ["pipe", "pipe", "inherit"] });
  const said = load.stdout.setEncoding("latin1")[Symbol.asyncIterator]();
  const target = Number((await said.next()).value);
  const pems = isSecured ? { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") } : undefined;
  const splice = async (loop, near) => {
    const secured = pems && { tls: true, tlsOptions: { rejectUnauthorized: false } };
    await near.splice(await loop.connect({ port: target, idleTimeout: 0, halfOpen: true, ...secured }));
  };
  const pass = side === "by-hand" ? passByHand : (from, to) => pipeline(from, to).catch(() => {});
  const pipe = (near) => {
    const far = open(target, pems && tls);
    pass(near, far);
    pass(far, near);
  };
  const port = await listen(splice, pipe, pems);
  await measured(async () => {
    load.stdin.write(String(port));
    const received = (await said.next()).value.trim();
    if (received !== `${count * 2 ** 20} ${count * 2 ** 20}`) throw new Error(`not everything has come: ${received}`);
  });
}

/** A new certificate, in a temporary folder. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", "-subj", "/CN=bench", "-days", "2", ...made], { stdio: "ignore" });
  return [cert, key];
}

/** Runs a task, and prints the CPU time of each of the `count`. */
async function measured(task) {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu: (user + system) / count }));
}

await { echo, lines: countLines, splice: () => proxy(false), "splice-tls": () => proxy(true) }[table]();
process.exit(0);
