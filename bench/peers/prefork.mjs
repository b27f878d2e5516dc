// The server of ours.mjs as the only worker of prefork. The port is printed by the worker.

import cluster from "node:cluster";
import { createServer } from "node:net";
import { prefork } from "wasm-ioloop/prefork";
import { BACKLOG, MODE, RESPONSE, requestCounter } from "./serving.mjs";

// With SO_REUSEPORT the port must be known before the worker listens.
if (cluster.isPrimary) process.env.PORT = String(await freePort());

await prefork({ workers: 1, accepts: 0, sharing: MODE }, async (loop) => {
  loop.maxConnections = 20_000;
  const id = loop.server({ port: Number(process.env.PORT), backlog: BACKLOG }, (loop, stream) => {
    const requestsIn = requestCounter();
    stream.on("read", (stream, chunk) => {
      for (let left = requestsIn(chunk); left > 0; left--) stream.write(RESPONSE);
    });
  });
  await loop.acceptor(id).ready;
  console.log(loop.acceptor(id).port);
});

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
