// An HTTP server with three preforked workers.

import { createServer } from "node:http";
import { prefork } from "wasm-ioloop/prefork";

const port = Number(process.env["PORT"]);
const sharing = process.env["SHARING"] === "reusePort" ? "reusePort" : "cluster";

await prefork({ workers: 3, accepts: 2000, sharing, log: (line) => console.log(line) }, async (loop, worker) => {
  const server = createServer((_request, response) => response.end(`from ${worker.pid}\n`));
  await loop.acceptor(loop.serve(server, { port }))?.ready;
});
