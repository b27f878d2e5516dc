// Connections that the manager was handing to a worker when it died.
//
// The cluster of the runtime waits for a worker to confirm each connection. If the worker dies first, the manager would keep the connection
// open without serving it. So a refusal is put in the place of the confirmation: then the cluster gives the connection to another
// worker. The message is not documented; if it has another form, this does nothing. Bun does the same by itself, and on Deno a connection
// cannot be given a second time.

import type { Worker } from "node:cluster";
import { setting } from "../base/runtime.ts";

interface Message {
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

const unconfirmed = new Set<number>();

/** Whether connections are being handed to workers. */
export function hasHandoffs(): boolean {
  return unconfirmed.size > 0;
}

/** Returns connections that a worker has not confirmed to the cluster when it dies. */
export function returnHandoffs(worker: Worker): void {
  const { process: child } = worker;
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined || deno !== undefined || setting("IOLOOP_FAST") === "0") return;
  if (typeof child.send !== "function") return;
  const pending = new Set<number>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]) => {
    const message = args[0] as Message | null;
    if (message?.act === "newconn" && typeof message.seq === "number") {
      pending.add(message.seq);
      unconfirmed.add(message.seq);
    }
    return send(...args);
  };
  child.on("internalMessage", (message: Message) => {
    if (typeof message.ack !== "number") return;
    pending.delete(message.ack);
    unconfirmed.delete(message.ack);
  });
  // Both events, as the first does not always come. After either, nothing more of the worker is read.
  const refuse = (): void => {
    if (child.connected) return;
    for (const ack of pending) child.emit("internalMessage", { cmd: "NODE_CLUSTER", ack, accepted: false }, undefined);
    for (const ack of pending) unconfirmed.delete(ack);
    pending.clear();
  };
  child.once("disconnect", refuse);
  child.once("exit", refuse);
}
