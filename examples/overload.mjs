// Overload: more clients than the server can serve, and none of them waits for long. Shows the effect of the order of the queue.
//
// The server has 20 slots and needs 50 ms for each client, so it can serve 400 clients per second. Twice as many arrive, and each gives
// up after 0.3 s.
//
//   node examples/overload.mjs [SECONDS]      duration of the load for each order; default 8

import { connect } from "node:net";
import { IOLoop } from "wasm-ioloop";

const SLOTS = 20;
const SERVICE = 0.05; // seconds
const PATIENCE = 300; // ms
const CAPACITY = SLOTS / SERVICE; // clients per second
const LOAD = 2;
const TICK = 0.005; // seconds, between two looks at how many clients are due
const LATE = 5; // ms: if timers are later than this on average, the machine is too busy for these clients
const SECONDS = Number(process.argv[2] ?? 8);

async function overload(queue) {
  const loop = new IOLoop({ maxConnections: SLOTS, multiAccept: 50, queue });
  const id = loop.server({ port: 0 }, (loop, stream) => {
    loop.timer(SERVICE, () => stream.write("served").closeGracefully());
  });
  const { port } = loop.acceptor(id);

  const counts = { served: 0, late: 0 };
  const client = () => {
    const socket = connect(port, "127.0.0.1");
    const impatient = setTimeout(() => {
      counts.late++;
      socket.destroy();
    }, PATIENCE);
    socket.on("error", () => {}); // reset by the queue
    socket.once("data", () => {
      clearTimeout(impatient);
      counts.served++;
    });
    socket.once("close", () => clearTimeout(impatient));
  };
  const start = performance.now();
  let sent = 0;
  let ticks = 0;
  loop.recurring(TICK, () => {
    ticks++;
    const due = ((performance.now() - start) / 1000) * CAPACITY * LOAD;
    for (; sent < due; sent++) client();
  });
  loop.timer(SECONDS, () => loop.stopGracefully({ timeout: 1, waiting: "reset" }));
  await loop.start();
  const late = (performance.now() - start) / ticks - TICK * 1000;
  loop.reset();
  return { share: (counts.served / SECONDS / CAPACITY) * 100, late };
}

console.log(
  `${CAPACITY} clients per second can be served, ${CAPACITY * LOAD} arrive, and each waits for ${PATIENCE} ms.`,
);
let latest = 0; // ms
for (const queue of ["fifo", "adaptive"]) {
  const { share, late } = await overload(queue);
  const bar = "#".repeat(Math.round(share / 2.5)).padEnd(40, ".");
  console.log(`${queue.padEnd(9)} ${bar} ${share.toFixed(0)} % of what the server could serve`);
  latest = Math.max(latest, late);
}
if (latest > LATE) {
  const ms = latest.toFixed(0);
  console.log(
    `This machine is busy: timers were ${ms} ms late on average. The figures are not those of an idle machine.`,
  );
}
