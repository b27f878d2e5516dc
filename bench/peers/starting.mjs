// The time until a program has a loop, or a server of node:net: starting.mjs SIDE. Prints milliseconds.

const began = performance.now();
if (process.argv[2] === "ours") {
  const { IOLoop } = await import("wasm-ioloop");
  new IOLoop().server({}, () => {});
} else {
  const { createServer } = await import("node:net");
  createServer(() => {}).listen(0, "127.0.0.1");
}
console.log(JSON.stringify({ start: performance.now() - began }));
process.exit(0);
