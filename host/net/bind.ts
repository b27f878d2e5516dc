// Makes a server listen: synchronously if the runtime can, and in place of a socket file that no process has open.

import { type ListenOptions, type Server, isIP } from "node:net";
import { IOLoopError } from "../base/errors.ts";
import type { BareSocket } from "../socket/bare-socket.ts";
import { channels, isClusterWorker } from "../socket/builtin.ts";
import { listenOnBun } from "../socket/bun-socket.ts";
import type { SocketFile } from "./socket-file.ts";

// UV_TCP_IPV6ONLY, the flag of the runtime for `ipv6Only`.
const IPV6_ONLY = 1;
// Other processes may bind to a path at the same time.
const TRIES = 5;

// Undocumented. On Node and Deno `server.listen({ host })` looks up even an address literal asynchronously, so that `address()` is
// null when it returns. After the look-up it calls `_listen2`, which binds before it returns. If a runtime has no `_listen2`, this
// calls `listen` (on Bun, that binds at once).
type Binding = Server & {
  _listen2?: (
    address: string | null,
    port: number | null,
    addressType: 4 | 6 | null,
    backlog: number,
    fd: number | undefined,
    flags: number | undefined,
  ) => void;
};

/** Where a server listens. `isOwn`: this process has the descriptor itself, also as a worker of a cluster. */
export type Listening = ListenOptions & { backlog: number; fd?: number; isOwn?: boolean };

/**
 * Makes a server listen, at the path of `file` if it is given. Calls `accepted` with connections for which the runtime needs no socket,
 * `notAccepted` with errors thrown meanwhile, and `failed` with errors of listening. Throws what the runtime throws.
 */
export function bind(
  server: Server,
  options: Listening,
  file: SocketFile | undefined,
  accepted: (socket: BareSocket) => void,
  notAccepted: (error: unknown) => void,
  failed: (error: Error) => void,
): void {
  const begin = (): void => {
    listenOnBun(server, accepted, notAccepted, () => listen(server, options));
    if (server.listening) file?.bound();
  };
  const tryAgain = (): void => {
    if (file!.isClosed) return;
    try {
      begin();
    } catch (failure) {
      try {
        server.close();
      } finally {
        failed(failure as Error);
      }
    }
  };
  let tries = 0;
  server.on("error", (error: NodeJS.ErrnoException) => {
    if (!file || error.code !== "EADDRINUSE" || isClusterWorker() || ++tries > TRIES) return failed(error);
    void file.makeWay().then((isFree) => (isFree ? tryAgain() : failed(error)));
  });
  file?.guard(server);
  // The primary shares one socket between the first attempts of all workers, and another between the second ones: so a worker tries once.
  if (file && isClusterWorker()) void file.makeWay().then(tryAgain);
  else begin();
}

function listen(server: Server, { isOwn = false, ...options }: Listening): void {
  const { host, port = 0, fd, backlog } = options;
  const family = isIP(host ?? "");
  const binding = server as Binding;
  const flags = options.ipv6Only ? IPV6_ONLY : undefined;
  // In a cluster the primary binds for its workers, asynchronously: they call `listen`. The same for a descriptor, unless it is their own.
  const bindsHere = isClusterWorker() ? isOwn : family !== 0 && !options.reusePort;
  // oxlint-disable no-underscore-dangle -- that is its name
  if (!bindsHere || typeof binding._listen2 !== "function") {
    server.listen(isOwn ? { ...options, exclusive: true } : options);
    return;
  }
  // `listen` publishes its beginning on this channel. Its end and its failure are published by code that `_listen2` runs, too.
  const begins = channels().channel("tracing:net.server.listen:asyncStart");
  if (begins.hasSubscribers) begins.publish({ server, options });
  if (isOwn) binding._listen2(null, null, null, backlog, fd, undefined);
  else binding._listen2(host!, port, family as 4 | 6, backlog, undefined, flags);
}

/** Throws if the runtime would ignore an option. */
export function checkSupport(
  what: string,
  { reuse, ipv6Only }: { reuse?: boolean | undefined; ipv6Only?: boolean | undefined },
): void {
  const { deno, node } = process.versions;
  if (reuse && !canReusePort()) {
    const message = `${what}: option "reuse" needs Linux and Node 22.12, 23.1 or Bun; this is Node ${node} on ${process.platform}`;
    throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", message);
  }
  if (ipv6Only && deno !== undefined) {
    throw new IOLoopError("ERR_IOLOOP_UNSUPPORTED", `${what}: Deno ignores option "ipv6Only"`);
  }
}

// Node has `reusePort` since 22.12 and 23.1. Older versions ignore it.
function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return process.platform === "linux" && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}
