// A server of node:net that answers at once, and has nothing else to do: the floor of the health checks.

import { createServer } from "node:net";
import { RESPONSE } from "./overloaded.mjs";

const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", () => socket.end(RESPONSE));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
