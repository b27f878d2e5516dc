// A server of wasm-ioloop with more clients than it can serve: overload-ours.mjs QUEUE.

import { IOLoop } from "wasm-ioloop";
import { RESPONSE, SERVICE_MILLISECONDS, SLOTS } from "./overloaded.mjs";

const [queue] = process.argv.slice(2);
const loop = new IOLoop({ maxConnections: SLOTS, multiAccept: SLOTS, queue });
// With halfOpen the slot is taken until the work is done, also if the client has left
const id = loop.server({ halfOpen: true }, (loop, stream) => {
  stream.once("read", () => {
    loop.timer(SERVICE_MILLISECONDS / 1000, () => stream.write(RESPONSE).closeGracefully());
  });
  stream.on("end", () => {}); // the request was before it
});
console.log(loop.acceptor(id).port);
await loop.start();
