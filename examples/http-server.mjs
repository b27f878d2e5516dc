// A server of node:http behind the loop: at most 100 connections, a queue for further clients, a health check, and a stop that
// cuts no request.
//
//   node examples/http-server.mjs [PORT] [ADDRESS] [DELAY]
//
// Port 3000, or a free one for 0; address 127.0.0.1; 1 second. Then: curl http://127.0.0.1:3000/
// Ctrl-C, or SIGTERM: GET /health answers 503, and answers say `Connection: close`. Clients are accepted for DELAY more seconds,
// until a load balancer has noticed. Connected ones then have 20 seconds to get their answers.

import { createServer } from "node:http";
import { IOLoop } from "wasm-ioloop";

const [port = "3000", address = "127.0.0.1", delay = "1"] = process.argv.slice(2);

// While others wait, a kept connection that has been silent for a second makes room.
const loop = new IOLoop({ maxConnections: 100, displaceIdle: 1 });
let isEnding = false;
let isFull = false; // clients wait for a slot
loop.on("full", () => (isFull = true));
loop.on("free", () => (isFull = false));

// With Express: createServer(app). With Koa: createServer(app.callback()). With Fastify: app.server, after await app.ready()
const server = createServer((request, response) => {
  // A client that keeps asking would hold its slot for as long as it asks. While others wait, each answer ends its connection.
  if (isFull) response.setHeader("Connection", "close");
  if (request.url === "/health") {
    response.statusCode = isEnding ? 503 : 200;
    response.end(isEnding ? "ending\n" : "ok\n");
  } else if (request.url === "/slow") {
    setTimeout(() => response.end("Done\n"), 1000);
  } else {
    response.end(`You asked for ${request.url}\n`);
  }
});

// A client that waits longer than this has probably given up
const id = loop.serve(server, { port: Number(port), address, backlog: 200, waitTimeout: 10 });
loop.on("drop", (_loop, { reason, remoteAddress }) => console.error(`${remoteAddress} dropped: ${reason}`));

// This is the place to close WebSockets: for (const client of sockets.clients) client.close(1001)
loop.on("finish", () => {
  isEnding = true;
  console.log("Stopping");
});
loop.on("closing", () => console.log("Accepting has ended"));

// The second signal ends the process at once, by default
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => loop.stopGracefully({ delay: Number(delay), timeout: 20 }));
}

const acceptor = loop.acceptor(id);
await acceptor.ready;
console.log(`Listening on ${address}:${acceptor.port}`);
await loop.start();
console.log("Bye");
