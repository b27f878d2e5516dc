// Counts down, with a recurring timer that is removed at the end.
//
//   node examples/countdown.mjs [FROM] [SECONDS]      from 10, one second per step
//
// Ctrl-C, or SIGTERM, aborts it.

import { IOLoop } from "wasm-ioloop";

const [from = "10", seconds = "1"] = process.argv.slice(2);

let left = Number(from);
console.log(left);

const ticker = IOLoop.recurring(Number(seconds), (loop) => {
  left--;
  if (left > 0) return console.log(left);

  console.log("Liftoff!");
  loop.remove(ticker); // nothing is left to wait for, so the loop stops
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await IOLoop.stopGracefully();
    console.log(`Aborted at ${left}`);
  });
}

await IOLoop.start();
