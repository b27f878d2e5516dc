// Servers of node:http, stopped by their own methods, and by packages from npm as documented by each.

import { createServer } from "node:http";
import { load } from "../packages.mjs";
import { LIMIT_SECONDS, WAY, closeUpgraded, handler, upgrade } from "./stopping.mjs";

const LIMIT = LIMIT_SECONDS * 1000;
const LEAD = 1100; // milliseconds during which answers announce that the connection closes

let isStopping = false;
const server = createServer((request, response) => {
  if (isStopping && WAY === "by-hand") response.setHeader("Connection", "close");
  handler(request, response);
});
server.on("upgrade", upgrade);

const close = () => {
  server.close();
  server.closeIdleConnections();
};

// Each returns the function to call at SIGTERM; undefined if the package listens to signals itself.
const ways = {
  "close-idle": () => close,
  "by-hand": () => () => {
    isStopping = true;
    setTimeout(() => {
      close();
      setTimeout(() => server.closeAllConnections(), LIMIT).unref();
    }, LEAD);
  },
  stoppable: () => {
    load("stoppable")(server, LIMIT);
    return () => server.stop();
  },
  terminus: () => {
    load("@godaddy/terminus").createTerminus(server, { timeout: LIMIT, useExit0: true });
  },
  "http-shutdown": () => {
    load("http-shutdown")(server);
    return () => {
      server.shutdown();
      setTimeout(() => server.forceShutdown(), LIMIT).unref();
    };
  },
  "http-terminator": () => {
    const { createHttpTerminator } = load("http-terminator");
    const { terminate } = createHttpTerminator({ server, gracefulTerminationTimeout: LIMIT });
    return terminate;
  },
};

const stop = ways[WAY]();
process.on("SIGTERM", () => {
  closeUpgraded();
  stop?.();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
