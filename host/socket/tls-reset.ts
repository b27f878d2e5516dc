// Resets an encrypted connection. Except Bun, the runtimes can only reset plain sockets, so this resets the connection beneath TLS, which is
// not documented. If it cannot be found, on Deno, and with IOLOOP_FAST=0, the connection is closed by `destroy`.

import { Socket } from "node:net";
import { isFastWanted } from "./node-internals.ts";
import { systemPeer } from "./proxy-info.ts";

type Encrypted = Socket & {
  readonly _parent?: unknown;
  readonly _handle?: { readonly _parent?: { close?: unknown; reset?: unknown } | null } | null;
};

/* oxlint-disable no-underscore-dangle -- the runtime's names */

/** Whether our end is on its way. Then Node cannot reset a socket: it would neither close, nor could it be closed any more. */
export function isEnding({ writableEnded, writableFinished, writableLength }: Socket): boolean {
  return writableEnded && !writableFinished && writableLength === 0;
}

/** Closes an encrypted socket, with a reset (RST) if the runtime supports that. */
export function resetTls(socket: Socket): void {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return void socket.resetAndDestroy();
  const { _parent: beneath, _handle: handle } = socket as Encrypted;
  try {
    if (deno !== undefined || !isFastWanted() || isEnding(socket)) return;
    if (beneath instanceof Socket) {
      if (systemPeer(beneath).remotePort !== undefined) beneath.resetAndDestroy();
      return;
    }
    // Without a socket beneath, the TLS handle closes the TCP handle. Its `close` and `reset` take the same arguments.
    const raw = handle?._parent;
    if (typeof raw?.reset === "function" && typeof raw.close === "function") raw.close = raw.reset;
  } finally {
    socket.destroy();
  }
}
