// Both ends of a proxied connection: two-way.mjs MB [CERT KEY]. Prints the port of the target, reads that of the proxy from stdin, and sends so
// many megabytes each way at once, with TLS if there is a certificate. Prints the bytes that have come to each end.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as net from "node:net";
import * as tls from "node:tls";

const [megabytes, certFile, keyFile] = process.argv.slice(2);
const block = Buffer.alloc(1 << 20, "x");
const secured = certFile && { cert: readFileSync(certFile), key: readFileSync(keyFile) };
const { connect, createServer } = secured ? tls : net;

/** Sends everything, and resolves with the number of bytes received when the other side has ended. */
async function exchange(socket) {
  let received = 0;
  socket.on("data", (chunk) => (received += chunk.length));
  const ended = once(socket, "end");
  for (let left = Number(megabytes); left > 0; left--) if (!socket.write(block)) await once(socket, "drain");
  socket.end();
  await ended;
  return received;
}

const target = createServer({ allowHalfOpen: true, ...secured });
const accepted = once(target, secured ? "secureConnection" : "connection");
await once(target.listen(0, "127.0.0.1"), "listening");
console.log(target.address().port);
const [port] = await once(process.stdin, "data");
const client = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true, rejectUnauthorized: false });
await once(client, secured ? "secureConnect" : "connect");
const [server] = await accepted;
console.log((await Promise.all([exchange(client), exchange(server)])).join(" "));
process.exit(0);
