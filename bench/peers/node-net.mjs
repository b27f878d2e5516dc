// A server of node:net, as in its documentation; on Bun and Deno, of their node:net.

import { connect, createServer } from "node:net";
import { BACKLOG, IDLE_SECONDS, MODE, PARTS, RESPONSE, collectOnSignal, requestCounter } from "./serving.mjs";

const three = (socket) => {
  for (const part of PARTS) socket.write(part);
};
const keep = (socket) => socket.write(RESPONSE);
const answers = {
  keep,
  cork: keep,
  three,
  "three-cork": three,
  end: (socket) => socket.end(RESPONSE),
  "destroy-soon": (socket) => {
    socket.write(RESPONSE);
    socket.destroySoon();
  },
};
const answer = answers[MODE];
const isCorked = MODE.endsWith("cork");

const refuse = (socket) => {
  socket.on("error", () => socket.destroy());
  socket.resetAndDestroy();
};

const serve = (socket) => {
  const requestsIn = requestCounter();
  socket.setNoDelay(true);
  socket.setTimeout(IDLE_SECONDS * 1000);
  socket.on("timeout", () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    if (isCorked) socket.cork();
    for (let left = requestsIn(chunk); left > 0; left--) answer(socket);
    if (isCorked) socket.uncork();
  });
};

const server = createServer(MODE === "reset" ? refuse : serve);
collectOnSignal();
server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, () => {
  const { port } = server.address();
  if (MODE !== "limit") return console.log(port);
  // The single client that it has room for
  server.maxConnections = 1;
  server.once("connection", (socket) => socket.setTimeout(0));
  connect({ port, host: "127.0.0.1" }, () => console.log(port));
});
