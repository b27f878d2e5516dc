// Puts a server under load by autocannon, with persistent connections, until standard input ends. Runs in its own process, and prints
// its results as JSON.

import { library } from "./install.ts";

const [, , port, connections] = process.argv;
const { default: autocannon } = await library("autocannon");

let whole = 0;
let last = performance.now();
const instance = autocannon({
  url: `http://127.0.0.1:${port}`,
  connections: Number(connections),
  duration: 3600,
  timeout: 30,
});
instance.on("response", () => {
  whole++;
  last = performance.now();
});
process.stdin.on("data", () => {});
process.stdin.on("end", () => {
  // Pending answers arrive before this ends.
  const quiet = setInterval(() => {
    if (performance.now() - last < 500) return;
    clearInterval(quiet);
    instance.stop();
  }, 50);
});
const { non2xx } = await instance;
process.stdout.write(`${JSON.stringify({ whole, non2xx })}\n`, () => process.exit());
