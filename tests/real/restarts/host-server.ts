// A server on a host of its own, behind HAProxy: raw TCP and HTTP, both with PROXY headers, and a health check without.
//
// Raw: each request is a line, and the answer is the client's address. As long as the server does not stop, the connection stays open.

import { createServer } from "node:http";
import { IOLoop } from "wasm-ioloop";

const { ADDRESS: address, PROXY: proxy = "", DELAY = "0" } = process.env;

const loop = new IOLoop();
const proxied = { address, proxyProtocol: "required", proxyTrust: [proxy] } as const;
let isHealthy = true;
loop.on("finish", () => (isHealthy = false));

loop.server({ ...proxied, port: 7001 }, (loop, stream) => {
  stream.on("read", (stream) => {
    // An answer takes a while.
    loop.timer(0.005, () => {
      stream.write(`${stream.remoteAddress}\n`);
      stream.closeGracefully();
    });
  });
});
const server = createServer((request, response) => {
  setTimeout(() => response.end(request.socket.remoteAddress), 5);
});
loop.serve(server, { ...proxied, port: 7002 });
const health = createServer((_request, response) => response.writeHead(isHealthy ? 200 : 503).end());
loop.serve(health, { address, port: 7003, exempt: true });

process.once("SIGTERM", () => void loop.stopGracefully({ delay: Number(DELAY), timeout: 10 }));
console.log("ready");
await loop.start();
