// Lists the TCP ports of a host that accept connections: up to 500 attempts at a time, each with a time limit.
//
//   node examples/port-scanner.mjs [HOST] [PORTS] [SECONDS]      127.0.0.1, 1-1024, 1 second per attempt
//
// Ports are numbers and ranges: 22,80,8000-8999. Scan only your own hosts. Ctrl-C, or SIGTERM, ends the scan.

import { IOLoop } from "wasm-ioloop";

const [address = "127.0.0.1", ports = "1-1024", seconds = "1"] = process.argv.slice(2);
const AT_A_TIME = 500;

/** Parses a text like 22,80-82. */
function* portsOf(text) {
  for (const part of text.split(",")) {
    const [first, last = first] = part.split("-").map(Number);
    if (!(first <= last)) throw new Error(`No ports: ${part}`);
    for (let port = first; port <= last; port++) yield port;
  }
}

/** On loopback the system may choose the target port as the local port, and then the socket has connected to itself. */
function isItself({ localPort, remotePort, localAddress, remoteAddress }) {
  return localPort === remotePort && localAddress === remoteAddress;
}

const left = portsOf(ports);
const stop = new AbortController();
const count = { open: 0, closed: 0, unanswered: 0 };

async function scan() {
  for (const port of left) {
    try {
      const stream = await IOLoop.connect({ address, port, timeout: Number(seconds), signal: stop.signal });
      if (isItself(stream)) count.closed++;
      else {
        count.open++;
        console.log(`${port} open`);
      }
      stream.close();
    } catch (err) {
      if (stop.signal.aborted) return;
      if (err.code === "ERR_IOLOOP_CONNECT_TIMEOUT") count.unanswered++;
      else count.closed++;
    }
  }
}

for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => stop.abort());

await Promise.all(Array.from({ length: AT_A_TIME }, scan)); // all take their ports from the same list
console.log(`${count.open} open, ${count.closed} closed, ${count.unanswered} without an answer`);
