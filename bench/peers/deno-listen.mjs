// A server of Deno's own sockets.

import { BACKLOG, IDLE_SECONDS, MODE, RESPONSE, requestCounter } from "./serving.mjs";

const { Deno } = globalThis;
const response = new TextEncoder().encode(RESPONSE.toString());

async function writeAll(connection, bytes) {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(sent === 0 ? bytes : bytes.subarray(sent));
}

/** The answers to one chunk, which are sent together. */
function answersTo(requests) {
  if (requests === 1) return response;
  const answers = new Uint8Array(requests * response.length);
  for (let at = 0; at < requests; at++) answers.set(response, at * response.length);
  return answers;
}

async function serve(connection) {
  const requestsIn = requestCounter();
  const buffer = new Uint8Array(16_384);
  let last = performance.now();
  // One timer per connection, which checks when data was last read and continues from there
  const look = () => {
    const left = last + IDLE_SECONDS * 1000 - performance.now();
    if (left > 0) timer = setTimeout(look, left);
    else close();
  };
  let timer = setTimeout(look, IDLE_SECONDS * 1000);
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    connection.close();
  };
  connection.setNoDelay(true);
  try {
    for (;;) {
      const bytes = await connection.read(buffer);
      if (bytes === null) break;
      last = performance.now();
      const requests = requestsIn(buffer.subarray(0, bytes));
      if (requests > 0) await writeAll(connection, answersTo(requests));
      if (MODE === "close" && requests > 0) break;
    }
  } catch {
    // The peer has disconnected, or was idle for too long
  }
  close();
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: BACKLOG });
console.log(listener.addr.port);
for await (const connection of listener) void serve(connection);
