// Lists the TCP ports of a host that accept connections: up to 500 attempts at a time, each with a time limit.
//
//   node examples/port-scanner.mjs [HOST] [PORTS] [SECONDS]      127.0.0.1, 1-1024, 1 second per attempt
//
// Ports are numbers and ranges: 22,80,8000-8999. Scan only your own hosts. Ctrl-C, or SIGTERM, ends the scan.

import { IOLoop } from "wasm-ioloop";

const [address = "127.0.0.1", ports = "1-1024", seconds = "1"] = process.argv.slice(2);
const AT_A_TIME = 500;
const UNANSWERED = new Set(["ERR_IOLOOP_CONNECT_TIMEOUT", "ERR_IOLOOP_ABORTED"]);

/** Parses a text like 22,80-82. */
function* portsOf(text) {
  for (const part of text.split(",")) {
    const [first, last = first] = part.split("-").map(Number);
    if (!(first <= last)) throw new Error(`No ports: ${part}`);
    for (let port = first; port <= last; port++) yield port;
  }
}

/** On loopback the system may choose the target port as the local port, and then the socket has connected to itself. */
function isItself({ handle }) {
  return handle.localPort === handle.remotePort && handle.localAddress === handle.remoteAddress;
}

const left = portsOf(ports);
let [open, closed, unanswered] = [0, 0, 0];

function next(loop) {
  const { value: port, done } = left.next();
  if (done) return;

  loop.client({ address, port, timeout: Number(seconds) }, (loop, err, stream) => {
    if (UNANSWERED.has(err?.code)) unanswered++;
    else if (err || isItself(stream)) closed++;
    else {
      open++;
      console.log(`${port} open`);
    }
    stream?.close();
    next(loop);
  });
}

for (let i = 0; i < AT_A_TIME; i++) next(IOLoop.singleton);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    left.return(); // begin no more attempts
    void IOLoop.stopGracefully({ timeout: Number(seconds) });
  });
}

await IOLoop.start(); // ends by itself after the last attempt
console.log(`${open} open, ${closed} closed, ${unanswered} without an answer`);
