// Health checks: one connection and one request each, at regular intervals, from the process of the other clients.

import { connect } from "node:net";
import { percentile } from "../measure.mjs";

const INTERVAL_MILLISECONDS = 20;
const LIMIT_MILLISECONDS = 1000;
const REQUEST = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** Checks a port until `end` is called, which returns the figures: those of the checks that began while `counts` was true. */
export function healthChecks(port, counts) {
  const times = [];
  let [checks, answered] = [0, 0];
  const timer = setInterval(() => {
    if (!counts()) return check(port, () => {});
    checks++;
    check(port, (time, isAnswered) => {
      times.push(time);
      if (isAnswered) answered++;
    });
  }, INTERVAL_MILLISECONDS);
  return {
    end() {
      clearInterval(timer);
      times.sort((a, b) => a - b);
      for (let left = checks - times.length; left > 0; left--) times.push(LIMIT_MILLISECONDS);
      const [p50, p99] = [50, 99].map((hundredths) => percentile(times, hundredths));
      return { p50, p99, answered: answered / checks };
    },
  };
}

// Calls back once: with the time from the connect to the end of the answer, or to the limit if there was none.
function check(port, done) {
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
