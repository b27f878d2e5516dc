// Bun's own server, stopped by its own method.

import { BODY, begin } from "./stopping.mjs";

const { Bun } = globalThis;
const GOING_AWAY = 1001;
const sockets = new Set();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request, server) {
    if (server.upgrade(request)) return undefined;
    await Bun.sleep(begin(new URL(request.url).pathname));
    return new Response(BODY);
  },
  websocket: {
    open: (socket) => void sockets.add(socket),
    message() {},
    close: (socket) => void sockets.delete(socket),
  },
});
process.on("SIGTERM", async () => {
  for (const socket of sockets) socket.close(GOING_AWAY);
  await server.stop();
});
console.log(server.port);
