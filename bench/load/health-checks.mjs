// Health checks, from a process of their own, as an orchestrator's: health-checks.mjs PORT WARM_UP SECONDS. One connection and one request each, at
// regular intervals. Prints, as JSON, how long those took that began after the first WARM_UP seconds, and which share was answered.

import { connect } from "node:net";
import { percentile } from "../measure.mjs";

const INTERVAL_MILLISECONDS = 20;
const LIMIT_MILLISECONDS = 1000;
const REQUEST = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

const [port, warmUp, seconds] = process.argv.slice(2).map(Number);
const times = [];
let [checks, answered] = [0, 0];
const begin = performance.now();
const timer = setInterval(() => {
  const now = performance.now() - begin;
  if (now < warmUp * 1000) return check(() => {});
  if (now > (warmUp + seconds) * 1000) return finish();
  checks++;
  check((time, isAnswered) => {
    times.push(time);
    if (isAnswered) answered++;
  });
}, INTERVAL_MILLISECONDS);

// Calls back once: with the time from the connect to the end of the answer, or to the limit if there was none.
function check(done) {
  const began = performance.now();
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  let text = "";
  let isOver = false;
  const over = (isAnswered) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(late);
    socket.destroy();
    done(isAnswered ? performance.now() - began : LIMIT_MILLISECONDS, isAnswered);
  };
  const late = setTimeout(() => over(false), LIMIT_MILLISECONDS);
  socket.write(REQUEST);
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("end", () => over(text.startsWith("HTTP/1.1 200 ")));
  socket.on("error", () => {});
  socket.on("close", () => over(false));
}

function finish() {
  clearInterval(timer);
  times.sort((a, b) => a - b);
  for (let left = checks - times.length; left > 0; left--) times.push(LIMIT_MILLISECONDS);
  const [p50, p99] = [50, 99].map((hundredths) => percentile(times, hundredths));
  console.log(JSON.stringify({ p50, p99, answered: answered / checks }));
  process.exit(0);
}
