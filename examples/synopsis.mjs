// A server, a client and a timer: the first program of docs/getting-started.md.

import { IOLoop } from "wasm-ioloop";

// Listen on a free port
const server = IOLoop.server({ address: "127.0.0.1" }, (loop, stream) => {
  stream.on("read", (stream, chunk) => {
    // Process input chunk
    console.log(`Server: ${chunk}`);

    // Write response
    stream.write("HTTP/1.1 200 OK\r\n\r\n");

    // Disconnect client
    stream.closeGracefully();
  });
});

// Connect to that port
const port = IOLoop.acceptor(server)?.port;
IOLoop.client({ port }, (loop, err, stream) => {
  if (err) throw err;
  stream.on("read", (stream, chunk) => {
    // Process input
    console.log(`Client: ${chunk}`);
  });

  // Write request
  stream.write("GET / HTTP/1.1\r\n\r\n");
});

// Add a timer
IOLoop.timer(3, (loop) => {
  console.log("Timeout");
  // Shutdown server
  loop.remove(server);
});

// Start event loop if necessary
if (!IOLoop.isRunning()) await IOLoop.start();
