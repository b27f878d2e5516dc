// A server of node:http, as in its documentation: listening by itself, or behind a loop.

import { createServer } from "node:http";
import { BACKLOG, MODE, collectOnSignal } from "./serving.mjs";

const BODY = "x".repeat(Number(process.argv[2]));

const server = createServer((_request, response) => {
  response.setHeader("Content-Length", BODY.length);
  response.end(BODY);
});
collectOnSignal();
if (MODE === "behind") {
  const { IOLoop } = await import("wasm-ioloop");
  const loop = new IOLoop({ maxConnections: 20_000 });
  const id = loop.serve(server, { backlog: BACKLOG });
  console.log(loop.acceptor(id).port);
  await loop.start();
} else {
  server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, () => console.log(server.address().port));
}
