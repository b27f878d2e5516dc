// A program for the command `wasm-ioloop`: an HTTP handler, and a function that runs first in each worker.
//
//   npx wasm-ioloop examples/command/app.mjs --workers 2 --max-connections 100
//
// Then: curl http://127.0.0.1:3000/
// Ctrl-C, or SIGTERM: GET /health answers 503, pending requests are answered, and the workers end. SIGUSR2: new workers replace them.

let isEnding = false;
let worker;

// Runs before the first request. Here a program would connect to its database, or make other servers
export async function setUp(loop, itself) {
  worker = itself;
  loop.on("finish", () => (isEnding = true)); // a stop has begun
  loop.on("drop", (_loop, { reason }) => console.error(`Worker ${worker.id}: a client was dropped: ${reason}`));
}

// With Express or Koa: export default app. With Fastify: export default app, too
export default function handler(request, response) {
  if (request.url === "/health") {
    response.statusCode = isEnding ? 503 : 200;
    response.end(isEnding ? "ending\n" : "ok\n");
  } else {
    response.end(`Hello from process ${process.pid}, worker ${worker.id} of generation ${worker.generation}\n`);
  }
}
