// Resetting an encrypted connection. The runtimes only reset plain sockets, except Bun: so what TLS stands on is reset, which has no documented
// name. Where it cannot be found, on Deno, and with IOLOOP_FAST=0, the connection ends as by `destroy`.

import { Socket } from "node:net";
import { isFastWanted } from "./node-internals.ts";

type Encrypted = Socket & {
  readonly _parent?: unknown;
  readonly _handle?: { readonly _parent?: { close?: unknown; reset?: unknown } | null } | null;
};

/* oxlint-disable no-underscore-dangle -- the runtime's names */

/** Closes an encrypted socket, with a reset (RST) if the runtime can. */
export function resetTls(socket: Socket): void {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return void socket.resetAndDestroy();
  const { _parent: beneath, _handle: handle } = socket as Encrypted;
  try {
    if (deno !== undefined || !isFastWanted()) return;
    if (beneath instanceof Socket) {
      if (beneath.remotePort !== undefined) beneath.resetAndDestroy();
      return;
    }
    // One that was encrypted from the beginning: its handle closes that of TCP, and both ways of closing take the same.
    const raw = handle?._parent;
    if (typeof raw?.reset === "function" && typeof raw.close === "function") raw.close = raw.reset;
  } finally {
    socket.destroy();
  }
}
