// The admin server of a loop: health checks over HTTP.

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { IOLoop, Server } from "../index.ts";
import { type AdminOptions, exemptServer } from "./exempt-server.ts";
import { type Health, liveness, readiness } from "./health.ts";

export { agentCheck } from "./agent-check.ts";
export type { AdminOptions } from "./exempt-server.ts";

type Page = (loop: IOLoop) => Health;

const PAGES: ReadonlyMap<string, Page> = new Map([
  ["/healthz", liveness],
  ["/readyz", readiness],
]);
const METHODS = ["GET", "HEAD"];
const IDLE_SECONDS = 30;

/**
 * Starts an admin server on a loop: `GET /healthz` answers 200 as long as the loop runs, `GET /readyz` 200 while the loop accepts new clients
 * and otherwise 503. It is exempt: it answers in a full loop and during a graceful stop, too, and ends with it. Listens on a free port of
 * 127.0.0.1 unless the options say otherwise.
 */
export function admin(loop: IOLoop, options: AdminOptions = {}): Server {
  const server = createServer((request, response) => answer(loop, request, response));
  return exemptServer("admin", loop, options, "serve", (given) =>
    loop.serve(server, { idleTimeout: IDLE_SECONDS, ...given }),
  );
}

function answer(loop: IOLoop, { method = "", url = "" }: IncomingMessage, response: ServerResponse): void {
  const page = PAGES.get(url.replace(/\?.*/s, ""));
  if (!page) return send(response, 404, { status: "not found", known: [...PAGES.keys()] });
  if (!METHODS.includes(method)) {
    response.setHeader("Allow", METHODS.join(", "));
    return send(response, 405, { status: "method not allowed" });
  }
  const { isWell, status } = page(loop);
  send(response, isWell ? 200 : 503, { status, ...loop.toJSON() });
}

function send(response: ServerResponse, code: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    "Cache-Control": "no-store",
    Connection: "close", // in a cluster, the next request may be for another worker
    "Content-Length": Buffer.byteLength(text),
    "Content-Type": "application/json",
  });
  response.end(text); // the runtime leaves the body out of answers to HEAD
}
