// A server of node:http behind wasm-ioloop, stopped as documented, with a delay of WAY seconds.

import { createServer } from "node:http";
import { IOLoop } from "wasm-ioloop";
import { LIMIT_SECONDS, WAY, closeUpgraded, handler, upgrade } from "./stopping.mjs";

const loop = new IOLoop();
const server = createServer(handler).on("upgrade", upgrade);
const id = loop.serve(server, { port: 0 });
loop.on("finish", closeUpgraded);
process.on("SIGTERM", () => loop.stopGracefully({ delay: Number(WAY), timeout: LIMIT_SECONDS }));
console.log(loop.acceptor(id).port);
await loop.start();
