// What the runtime's server is asked for, beside listening: a port that is free, and to say when somebody else closes it.

import { type AddressInfo, Server, createServer } from "node:net";

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

/** Calls `close` when somebody else closes the handle, while it `isOurs`. Its event would come with the end of its last connection. */
export function whenClosed(handle: Server, isOurs: () => boolean, close: () => void): void {
  handle.close = (ended) => {
    if (!isOurs()) return Server.prototype.close.call(handle, ended);
    if (ended) handle.once("close", () => ended());
    close(); // which closes it
    return handle;
  };
}
