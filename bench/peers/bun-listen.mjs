// A server of Bun's own sockets. They do not keep data that the system does not take, so the program must.

import { IDLE_SECONDS, MODE, RESPONSE, requestCounter } from "./serving.mjs";

const response = Buffer.from(RESPONSE);
const nothing = Buffer.alloc(0);

function send(socket) {
  const { data } = socket;
  const sent = socket.write(data.rest);
  data.rest = sent < data.rest.length ? data.rest.subarray(Math.max(sent, 0)) : nothing;
  if (MODE === "close" && data.rest.length === 0) socket.end();
}

const refuse = { open: (socket) => socket.terminate(), data() {} };

const serve = {
  open(socket) {
    socket.data = { requestsIn: requestCounter(), rest: nothing };
    socket.setNoDelay(true);
    socket.timeout(IDLE_SECONDS);
  },
  data(socket, chunk) {
    const { data } = socket;
    socket.timeout(IDLE_SECONDS);
    const requests = data.requestsIn(chunk);
    if (requests === 0) return;
    // All answers to one chunk are sent together
    const answers = requests === 1 ? response : Buffer.concat(Array.from({ length: requests }, () => response));
    const waits = data.rest.length > 0;
    data.rest = waits ? Buffer.concat([data.rest, answers]) : answers;
    if (!waits) send(socket);
  },
  drain(socket) {
    if (socket.data.rest.length > 0) send(socket);
  },
  timeout: (socket) => socket.terminate(),
  error: (socket) => socket.terminate(),
};

const server = globalThis.Bun.listen({ hostname: "127.0.0.1", port: 0, socket: MODE === "refuse" ? refuse : serve });
console.log(server.port);
