// A server of node:http behind wasm-ioloop, with more clients than it can serve: overload-ours-http.mjs QUEUE.

import { createServer } from "node:http";
import { IOLoop } from "wasm-ioloop";
import { BODY, SLOTS, work } from "./overloaded.mjs";

const [queue] = process.argv.slice(2);
const loop = new IOLoop({ maxConnections: SLOTS, multiAccept: SLOTS, queue });
const server = createServer(async (_request, response) => {
  await work();
  response.setHeader("Connection", "close");
  response.end(BODY);
});
server.httpAllowHalfOpen = true; // the slot is taken until the work is done, also if the client has left
console.log(loop.acceptor(loop.serve(server)).port);
await loop.start();
