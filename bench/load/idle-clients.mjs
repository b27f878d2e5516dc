// Clients that get one answer and are then idle: idle-clients.mjs PORT COUNT. Prints "ready" when all have been answered, and
// ends with an error if the server closes one.

import { connect } from "node:net";

const AT_A_TIME = 100;
const [port, count] = process.argv.slice(2).map(Number);
let opened = 0;
let answered = 0;

function open() {
  if (opened === count) return;
  const number = opened++;
  // Several addresses, so that none runs out of ports
  const socket = connect({ host: "127.0.0.1", port, localAddress: `127.0.0.${2 + (number % 8)}` });
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  socket.once("data", () => {
    answered++;
    if (answered === count) console.log("ready");
    open();
  });
  socket.on("close", () => fail("a connection was closed"));
  socket.on("error", (error) => fail(error.message));
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

for (let i = 0; i < AT_A_TIME; i++) open();
