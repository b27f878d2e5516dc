// Forwards every connection to another server, and never buffers much more than the high-water mark: a side that reads
// slowly slows the other one down.
//
//   node examples/tcp-proxy.mjs [PORT] [TARGET_PORT] [TARGET_ADDRESS] [ADDRESS]
//
// Listens on port 8080, or a free one for 0, of 127.0.0.1, and forwards to port 80 of 127.0.0.1. Ctrl-C, or SIGTERM: no
// more clients are accepted; connected ones have five seconds to finish.

import { IOLoop } from "wasm-ioloop";

const [port = "8080", targetPort = "80", target = "127.0.0.1", address = "127.0.0.1"] = process.argv.slice(2);
const HIGH_WATER_MARK = 262_144;
const IDLE_SECONDS = 300;

let count = 0;

/** Sends the input of one stream to the other. Returns an object whose `most` is the maximum of buffered bytes. */
function forward(from, to) {
  const waited = { most: 0 };
  to.highWaterMark = HIGH_WATER_MARK;

  from.on("read", (from, chunk) => {
    to.write(chunk);
    waited.most = Math.max(waited.most, to.bytesWaiting);
    if (!to.canWrite) from.stop();
  });
  to.on("drain", () => from.start());

  // A side that ends may still be answered: both ends pass through. What waits for the other side is still sent
  from.on("end", () => to.end());
  from.on("close", () => to.closeGracefully());
  return waited;
}

const id = IOLoop.server({ port: Number(port), address, halfOpen: true }, (loop, near) => {
  const number = ++count;
  near.timeout = IDLE_SECONDS;
  near.stop(); // do not read from the client until the target is connected

  const attempt = loop.client({ address: target, port: Number(targetPort), halfOpen: true }, (_loop, err, far) => {
    near.unsubscribe("close", giveUp);
    if (err) {
      console.log(`#${number} ${err.message}`);
      return near.close();
    }
    far.timeout = IDLE_SECONDS;
    const [there, back] = [forward(near, far), forward(far, near)];
    console.log(`#${number} connected`);
    near.on("close", () => {
      const most = Math.max(there.most, back.most);
      console.log(`#${number} closed: ${near.bytesRead} bytes there, ${far.bytesRead} back, ${most} at most waiting`);
    });
    near.start();
  });
  const giveUp = near.on("close", () => loop.remove(attempt));
});

const server = IOLoop.acceptor(id);
await server.ready;
console.log(`Listening on ${address}:${server.port}`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => IOLoop.stopGracefully({ timeout: 5 }));

await IOLoop.start();
console.log("Bye");
