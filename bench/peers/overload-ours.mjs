// A server of wasm-ioloop with more clients than it can serve: overload-ours.mjs QUEUE [finishing]. It prints its port, and that of an exempt
// server for health checks. `finishing`: a graceful stop begins at once, and goes on accepting for as long as the server runs.

import { IOLoop } from "wasm-ioloop";
import { RESPONSE, SERVICE_MILLISECONDS, SLOTS } from "./overloaded.mjs";

const LONG = 3600; // seconds

const [queue, phase] = process.argv.slice(2);
const loop = new IOLoop({ maxConnections: SLOTS, multiAccept: SLOTS, queue });
// With halfOpen the slot is taken until the work is done, also if the client has left
const id = loop.server({ halfOpen: true }, (loop, stream) => {
  stream.once("read", () => {
    loop.timer(SERVICE_MILLISECONDS / 1000, () => stream.write(RESPONSE).closeGracefully());
  });
  stream.on("end", () => {}); // the request was before it
});
const health = loop.server({ exempt: true }, (_loop, stream) => {
  stream.once("read", () => stream.write(RESPONSE).closeGracefully());
});
for (const one of [id, health]) console.log(loop.acceptor(one).port);
const running = loop.start();
if (phase === "finishing") void loop.stopGracefully({ delay: LONG });
await running;
