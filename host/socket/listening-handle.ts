// What a listening socket of the runtime keeps to itself: how many clients the system may queue for it, and how it accepts them.

import type { Server } from "node:net";
import { isFastWanted } from "./node-internals.ts";

type Listening = Server & { _handle?: { listen?(backlog: number): number } | null };

/**
 * Makes the system queue no more clients for a listening socket; those that are queued can still be accepted. To listen again with
 * another backlog is documented by the system, and the runtime's handle of the socket has a method for it on Node. Where it has none, and
 * with IOLOOP_FAST=0, nothing happens.
 *
 * The backlog belongs to the socket, not to the process: not for a socket that another process holds too.
 */
export function queueNoMore(server: Server): void {
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  if (!isFastWanted() || deno !== undefined || bun !== undefined) return;
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  const handle = (server as Listening)._handle;
  if (typeof handle?.listen === "function") handle.listen(0);
}

/**
 * Whether the runtime accepts all clients that the system has queued before it reports the first. It resets the others if the socket is
 * closed meanwhile; it has reported them all when the turn ends.
 */
export function acceptsInBatches(): boolean {
  return (process.versions as Record<string, string | undefined>)["deno"] !== undefined;
}

/**
 * Whether a listening socket that closes in a turn in which clients have come takes others along: on Bun, which resets three times as many
 * then as in the turn after.
 */
export function closesBestWhenQuiet(): boolean {
  return (process.versions as Record<string, string | undefined>)["bun"] !== undefined;
}
