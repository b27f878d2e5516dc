// Servers beside those of the application: exempt, and of one process.

import cluster from "node:cluster";
import { OBJECT, check } from "../base/checks.ts";
import type { IOLoop, Id, ServeOptions, Server } from "../index.ts";
import { LOOP, leaving } from "./health.ts";

/** Options of {@link admin} and {@link agentCheck}: those of a loop's `serve`. The server is always exempt. */
export type AdminOptions = Omit<ServeOptions, "exempt">;

/** Opens a server by a method of the loop. `what` is the function that was called, for messages. */
export function exemptServer(
  what: string,
  loop: IOLoop,
  options: AdminOptions,
  by: "server" | "serve",
  open: (options: ServeOptions) => Id,
): Server {
  check(`${what}: loop`, loop, LOOP);
  check(`${what}: options`, options, OBJECT);
  const server = loop.acceptor(named(by, what, () => open({ ...options, exempt: true })))!;
  // The workers of a cluster share its port. If one of them stops, the others answer for the service.
  if (cluster.isWorker)
    loop.once("finish", () => {
      leaving.add(loop);
      server.close();
    });
  return server;
}

/** Runs a task. In the message of an error, the function that was called replaces the method that it calls. */
function named<T>(inner: string, called: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(`${inner}: `))
      error.message = called + error.message.slice(inner.length);
    throw error;
  }
}
