// A listening socket that several processes have: each serves the clients that it has accepted, and leaves the rest to the others.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { IOLoop } from "wasm-ioloop";
import { harness, peer, script, until } from "../support/harness.ts";

const CLIENTS = 10;

// The processes run this file, too.
if (process.argv[2] === "serve") {
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.destroy();
  const loop = new IOLoop({ maxAccepts: Number(process.argv[3]) }); // 0: unlimited
  loop.server({ fd: 3 }, (_loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(`echo ${String(chunk)}`).closeGracefully());
  });
  await loop.start();
  process.exit(0);
}

// Only Node exposes the descriptor of a listening socket. This process closes its own without having accepted a client.
const OPEN = `
const { spawn } = require("node:child_process");
const [program, ...args] = process.argv.slice(1);
const server = require("node:net").createServer().listen(0, "127.0.0.1", () => {
  const stdio = ["pipe", "inherit", "inherit", server._handle.fd];
  const workers = [1, 0].map((clients) => spawn(program, [...args, "serve", clients], { stdio }));
  process.stdin.on("data", (text) => workers[Number(text)].stdin.end("begin"));
  workers.forEach((worker, index) => worker.on("exit", (code) => console.log("worker " + index + " ended with " + code)));
  process.stdin.on("end", () => workers.forEach((worker) => worker.kill("SIGKILL")));
  const { port } = server.address();
  server.close(() => console.log("port " + port + "."));
});`;

const test = harness("shared-socket");

function open(): { child: ChildProcess; text(): string; ended: Promise<unknown> } {
  const file = fileURLToPath(import.meta.url);
  const child = spawn(process.env["TEST_NODE"] ?? "node", ["-e", OPEN, process.execPath, ...script(file)]);
  let output = "";
  for (const from of [child.stdout, child.stderr]) from.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, text: () => output, ended: new Promise((resolve) => child.on("close", resolve)) };
}

test("all clients are served if one process ends accepting at the first one, and another process begins after that", async () => {
  const { child, text, ended } = open();
  try {
    await until(() => /port \d+\./.test(text()));
    const port = Number(/port (\d+)\./.exec(text())![1]);
    // All clients are in the system's queue when the first process begins.
    const clients = Array.from({ length: CLIENTS }, () => peer({ port }));
    await Promise.all(clients.map(({ connected }) => connected));
    for (const { socket } of clients) socket.write("hello");
    child.stdin!.write("0");
    await until(() => text().includes("worker 0 ended with 0"));
    child.stdin!.write("1");
    const answers = await Promise.all(clients.map(({ ended }) => ended));
    assert.equal(answers, Array(CLIENTS).fill("echo hello"));
    for (const { socket } of clients) socket.destroy();
    await Promise.all(clients.map(({ closed }) => closed));
  } finally {
    child.stdin!.end();
    await ended;
  }
});
