// Sends back what clients send. While a client does not read the answer, the server does not read from it either.
//
//   node examples/echo-server.mjs [PORT] [ADDRESS]      port 3000, or a free one for 0; address 127.0.0.1
//
// Ctrl-C, or SIGTERM: no more clients are accepted; connected ones have five seconds to leave.

import { IOLoop } from "wasm-ioloop";

const [port = "3000", address = "127.0.0.1"] = process.argv.slice(2);

const id = IOLoop.server({ port: Number(port), address }, (_loop, stream) => {
  stream.timeout = 60;

  stream.on("read", (stream, chunk) => {
    stream.write(chunk);
    if (!stream.canWrite) stream.stop();
  });
  stream.on("drain", (stream) => stream.start());
});

const server = IOLoop.acceptor(id);
await server.ready;
console.log(`Listening on ${address}:${server.port}`);

// The second signal ends the process at once, by default
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => IOLoop.stopGracefully({ timeout: 5 }));

await IOLoop.start();
console.log("Bye");
