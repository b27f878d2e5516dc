// Clients that do not wait for long: impatient.mjs PORT RATE WARM_UP SECONDS SEED. They arrive at random, RATE in a second, send one
// request, and leave after 0.3 s if they have no answer.
//
// After the first WARM_UP seconds they are counted, for SECONDS; then more arrive for as long as one waits, so that the last ones are no better off. Prints, as JSON,
// how many were answered in time, and the longest time for which this process itself was held up.

import { connect } from "node:net";
import { percentile, randomFrom } from "../measure.mjs";

const PATIENCE_MILLISECONDS = 300;
const LOOK_MILLISECONDS = 1;
const LAST_MILLISECONDS = 50; // until the patience of the last one has surely ended
const ADDRESSES = 64; // so that none runs out of ports
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const OK = "HTTP/1.1 200 ";

const [port, rate, warmUp, seconds, seed] = process.argv.slice(2).map(Number);
const random = randomFrom(seed * 2 + 1);
const times = []; // of those served
let [arrived, served, late, refused, number, stalled] = [0, 0, 0, 0, 0, 0];

const begin = performance.now();
let next = 0; // milliseconds after it
let looked = 0;
const isCounted = (time) => time >= warmUp * 1000 && time < (warmUp + seconds) * 1000;
const timer = setInterval(() => {
  const now = performance.now() - begin;
  stalled = Math.max(stalled, now - looked);
  looked = now;
  for (; next <= now; next -= (Math.log(random() || 1) / rate) * 1000) {
    client(isCounted(next));
  }
  if (now > (warmUp + seconds) * 1000 + PATIENCE_MILLISECONDS + LAST_MILLISECONDS) finish();
}, LOOK_MILLISECONDS);

function client(counts) {
  const localAddress = `127.0.0.${2 + (number++ % ADDRESSES)}`;
  const began = performance.now();
  const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
  let isOver = false;
  const over = () => {
    if (isOver) return false;
    isOver = true;
    clearTimeout(impatient);
    return counts;
  };
  const impatient = setTimeout(() => {
    if (over()) late++;
    socket.destroy();
  }, PATIENCE_MILLISECONDS);
  if (counts) arrived++;
  socket.write(REQUEST);
  socket.once("data", (chunk) => {
    const isServed = chunk.toString("latin1").startsWith(OK);
    if (!over()) return;
    if (isServed) {
      served++;
      times.push(performance.now() - began);
    } else refused++;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (over()) refused++;
  });
}

function finish() {
  clearInterval(timer);
  times.sort((a, b) => a - b);
  const [p50, p99] = [50, 99].map((hundredths) => (served > 0 ? percentile(times, hundredths) : PATIENCE_MILLISECONDS));
  console.log(JSON.stringify({ arrived, served, late, refused, p50, p99, stalled }));
  process.exit(0);
}
