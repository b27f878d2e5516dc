// Helpers of servers: their events, a free port, whether the loop still accepts, a notice when other code closes the server of the runtime, late connections.

import { IOLoopError } from "../base/errors.ts";
import { namesOf } from "../base/event-emitter.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { SocketHandle } from "../socket/handle.ts";
import { type AddressInfo, Server, type Socket, createServer } from "node:net";

export interface ServerEvents {
  /** A client has been admitted; with TLS, after its handshake. The handle is paused; with TLS, it is a `tls.TLSSocket`. */
  accept: [handle: SocketHandle];
  /** Listening failed. The acceptor is closed, and its id is spent. */
  error: [error: NodeJS.ErrnoException];
}

/** Their names. */
export const SERVER_EVENTS: readonly string[] = /* @__PURE__ */ namesOf<ServerEvents>({ accept: true, error: true });

/** A port that was free a moment ago, on 127.0.0.1. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host: "127.0.0.1", port: 0 }, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Calls `close` when other code closes the handle while `isOurs()`. The handle emits `close` later, when its last connection has ended. */
export function whenClosed(handle: Server, isOurs: () => boolean, close: () => void): void {
  handle.close = (ended) => {
    if (!isOurs()) return Server.prototype.close.call(handle, ended);
    if (ended) handle.once("close", () => ended());
    close(); // closes the handle
    return handle;
  };
}

/** Destroys a connection of a server that accepts no more. */
export function refuse(socket: Socket): void {
  socket.destroy();
}

/** Throws if a graceful stop has ended accepting. `what` is the called method. */
export function checkAccepting({ admission }: Pick<LoopEngine, "admission">, what: string): void {
  if (!admission.hasEnded) return;
  const message = `${what}: the loop is stopping gracefully and accepts no more clients`;
  throw new IOLoopError("ERR_IOLOOP_STOPPING", message);
}
