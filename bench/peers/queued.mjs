// A server of wasm-ioloop with half as many slots as clients: each second one waits in the queue. Its mode: `off`, the defaults, or `all`, every
// setting of the queue.

import { IOLoop } from "wasm-ioloop";
import { BACKLOG, MODE, RESPONSE, requestCounter } from "./serving.mjs";

const SLOTS = 32;
const MANY = 1e6;

const settings = {
  off: {},
  all: {
    queue: "adaptive",
    targetWait: 0.1,
    acceptRate: MANY, // a second: high enough to hold nobody back
    acceptBurst: MANY,
    fairness: "address",
    maxPerAddress: BACKLOG,
    displaceIdle: 1,
  },
};

const loop = new IOLoop({ maxConnections: SLOTS, multiAccept: SLOTS, ...settings[MODE] });
const id = loop.server({ backlog: BACKLOG }, (_loop, stream) => {
  const requestsIn = requestCounter();
  stream.on("read", (stream, chunk) => {
    if (requestsIn(chunk) > 0) stream.write(RESPONSE).closeGracefully();
  });
});
console.log(loop.acceptor(id).port);
await loop.start();
