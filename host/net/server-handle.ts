// Helpers on servers of the runtime: to find a free port, to notice when other code closes a server, and to refuse late connections.

import { type AddressInfo, Server, type Socket, createServer } from "node:net";

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
