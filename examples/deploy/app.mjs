// A program for the command: npx wasm-ioloop app.mjs

import { setTimeout as sleep } from "node:timers/promises";
import { admin } from "wasm-ioloop/admin";

export default async (request, response) => {
  await sleep(20); // some work
  response.end(`Hello from ${process.pid}\n`);
};

export async function setUp(loop) {
  await admin(loop, { port: Number(process.env.ADMIN_PORT ?? 3001) }).ready; // GET /healthz and /readyz
}
