// Forwards every connection to another server. A side that reads slowly slows the other one down.
//
//   node examples/tcp-proxy.mjs [PORT] [TARGET_PORT] [TARGET_ADDRESS] [ADDRESS]       8080 80 127.0.0.1 127.0.0.1
//
// Port 0 is a free one. Ctrl-C, or SIGTERM: no more clients are accepted; connected ones have five seconds to finish.
import { IOLoop } from "wasm-ioloop";

const [port = 8080, targetPort = 80, target, address] = process.argv.slice(2);
const settings = { halfOpen: true, idleTimeout: 300 };

const id = IOLoop.server({ port: Number(port), address, ...settings }, async (loop, near) => {
  try {
    const far = await loop.connect({ port: Number(targetPort), address: target, ...settings });
    const { sent, received } = await near.splice(far);
    console.log(`Closed: ${received} bytes there, ${sent} back`);
  } catch (err) {
    console.log(err.message);
    near.close();
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => IOLoop.stopGracefully({ timeout: 5 }));
await IOLoop.acceptor(id).ready;
console.log(`Listening on ${address ?? "127.0.0.1"}:${IOLoop.acceptor(id).port}`);
await IOLoop.start();
