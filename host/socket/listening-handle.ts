// Undocumented details of the runtime's listening sockets: how many clients the system may queue, and how they are accepted.

import type { Server } from "node:net";
import { isFastWanted } from "./node-internals.ts";

type Listening = Server & { _handle?: { listen?(backlog: number): number } | null };

/**
 * Makes the system queue no more clients for a listening socket; those in the queue can still be accepted. The system documents that
 * `listen` may be called again with another backlog, and on Node the runtime's handle has a method for it. If there is none, and
 * with IOLOOP_FAST=0, this does nothing.
 *
 * The backlog belongs to the socket, not to the process: do not use this if another process has the same socket.
 */
export function queueNoMore(server: Server): void {
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  if (!isFastWanted() || deno !== undefined || bun !== undefined) return;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  const handle = (server as Listening)._handle;
  if (typeof handle?.listen === "function") handle.listen(0);
}

/**
 * Whether the runtime accepts all clients in the system's queue before it reports the first. If the socket closes meanwhile, it resets
 * the others; it has reported all of them by the end of the event-loop iteration.
 */
export function acceptsInBatches(): boolean {
  return (process.versions as Record<string, string | undefined>)["deno"] !== undefined;
}

/**
 * Whether a listening socket should not close in an event-loop iteration in which clients have arrived: on Bun, which then resets three
 * times as many queued clients as in the next iteration.
 */
export function closesBestWhenQuiet(): boolean {
  return (process.versions as Record<string, string | undefined>)["bun"] !== undefined;
}
