// A server of wasm-ioloop, as in the README. By default it closes an idle connection after 15 seconds.

import { IOLoop } from "wasm-ioloop";
import { BACKLOG, IDLE_SECONDS, MODE, PARTS, RESPONSE, collectOnSignal, requestCounter } from "./serving.mjs";

const answers = {
  keep: (stream) => stream.write(RESPONSE),
  three: (stream) => {
    for (const part of PARTS) stream.write(part);
  },
  close: (stream) => {
    stream.write(RESPONSE);
    stream.closeGracefully();
  },
};
const answer = answers[MODE];

// What answers through the Duplex of a stream, as a program for node:net would.
function serveDuplex(stream) {
  const requestsIn = requestCounter();
  const duplex = stream.duplex();
  duplex.on("data", (chunk) => {
    for (let left = requestsIn(chunk); left > 0; left--) duplex.write(RESPONSE);
  });
}

const isFull = MODE === "refuse";
const loop = new IOLoop({ maxConnections: isFull ? 0 : 20_000 });
const id = loop.server({ backlog: BACKLOG, overflow: isFull ? "drop" : "wait" }, (loop, stream) => {
  if (IDLE_SECONDS !== 15) stream.timeout = IDLE_SECONDS;
  if (MODE === "duplex") return serveDuplex(stream);
  const requestsIn = requestCounter();
  stream.on("read", (stream, chunk) => {
    for (let left = requestsIn(chunk); left > 0; left--) answer(stream);
  });
});
collectOnSignal();
console.log(loop.acceptor(id).port);
await loop.start();
