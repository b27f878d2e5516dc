// Servers of node:net and node:http with more clients than they can serve, limited in the usual ways: overload-node.mjs WAY.

import { createServer } from "node:http";
import { createServer as createNetServer } from "node:net";
import { load } from "../packages.mjs";
import { BACKLOG, BODY, RESPONSE, SLOTS, work } from "./overloaded.mjs";

async function handle(_request, response) {
  await work();
  response.setHeader("Connection", "close");
  response.end(BODY);
}

// At most SLOTS requests at a time; others wait in order of arrival. `isWanted` says whether the answer still is.
function limited(handler, isWanted) {
  const waiting = [];
  let running = 0;
  const next = () => {
    while (running < SLOTS && waiting.length > 0) {
      const { request, response } = waiting.shift();
      if (isWanted(response)) void begin(request, response);
    }
  };
  const begin = async (request, response) => {
    running++;
    try {
      await handler(request, response);
    } finally {
      running--;
      next();
    }
  };
  return (request, response) => {
    if (running < SLOTS) return begin(request, response);
    if (waiting.length < BACKLOG) return waiting.push({ request, response });
    response.writeHead(503, { Connection: "close" });
    return response.end();
  };
}

const ways = {
  "node-net-max": () => {
    const server = createNetServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", async () => {
        await work();
        socket.end(RESPONSE);
      });
    });
    server.maxConnections = SLOTS;
    return server;
  },
  "http-limit": () => createServer(limited(handle, () => true)),
  "http-limit-closed": () => createServer(limited(handle, (response) => !response.destroyed)),
  "express-queue": () => {
    const app = load("express")();
    app.use(load("express-queue")({ activeLimit: SLOTS, queuedLimit: BACKLOG }));
    app.get("/", (request, response) => void handle(request, response));
    return createServer(app);
  },
  "node-http": () => createServer(handle),
};

const server = ways[process.argv[2]]();
server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(server.address().port));
