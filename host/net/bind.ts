// How a server comes to listen: at once where the runtime can, and in place of a socket file that nobody serves any more.

import cluster from "node:cluster";
import { lstat, unlink } from "node:fs/promises";
import { type ListenOptions, type Server, connect, isIP } from "node:net";

// The one use of something undocumented. `server.listen({ host })` looks even an address literal up asynchronously on Node
// and Deno, so that `address()` is null when it returns. `_listen2` is what `listen` calls after the look-up; it binds before it
// returns. Where there is none, the documented way is taken (on Bun, that binds at once).
type Binding = Server & {
  _listen2?: (address: string, port: number, addressType: 4 | 6, backlog: number) => void;
};

/** Has a server listen. Failure is its `error` event. */
export function listen(server: Server, options: ListenOptions & { backlog: number }): void {
  const family = isIP(options.host ?? "");
  // In a cluster the primary does the binding: asynchronously, by the documented way.
  if (family !== 0 && !options.reusePort && cluster.isPrimary) {
    const binding = server as Binding;
    // oxlint-disable no-underscore-dangle -- that is its name
    if (typeof binding._listen2 === "function") {
      binding._listen2(options.host!, options.port ?? 0, family as 4 | 6, options.backlog);
      return;
    }
  }
  server.listen(options);
}

/** Whether another process binds the sockets of this one: the primary of a cluster. Other workers may hold them too. */
export function isBoundElsewhere(): boolean {
  return cluster.isWorker;
}

/** Removes a socket file that no process listens on. Whether it has: a live one, and any other file, stays. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined);
  if (!file?.isSocket()) return false;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
  if (alive) return false;
  return unlink(path).then(
    () => true,
    () => false,
  );
}

/** Whether several processes can share a port. Node has it since 22.12 and 23.1, and ignores the option before. */
export function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return process.platform === "linux" && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}
