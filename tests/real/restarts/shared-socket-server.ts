// A server on the listening socket that its parent has opened as descriptor 3. Each answer names the process that sent it.
//
// `waits`: begins on request of its parent. `workers`: ends after a few clients.

import { IOLoop } from "wasm-ioloop";

const LONG_SECONDS = 2;
const isWorker = process.argv[2] === "workers";

if (!isWorker) await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();

const loop = new IOLoop({ maxAccepts: isWorker ? 8 : 0 });
loop.on("closing", () => console.log("closing"));
loop.server({ fd: 3 }, (loop, stream) => {
  stream.on("read", (stream, chunk) => {
    const isLong = chunk.toString() === "long";
    if (isLong) console.log("long");
    loop.timer(isLong ? LONG_SECONDS : 0, () => stream.write(`from ${process.pid}`).closeGracefully());
  });
});
process.once("SIGTERM", () => loop.stopGracefully({ timeout: 10 }));
loop.timer(0, () => console.log("listening"));
await loop.start();
console.log("stopped");
