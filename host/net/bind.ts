// How a server comes to listen: at once where the runtime can, and in place of a socket file that nobody has open.

import cluster from "node:cluster";
import { channel } from "node:diagnostics_channel";
import { type ListenOptions, type Server, isIP } from "node:net";
import { IOLoopError } from "../base/errors.ts";
import type { BareSocket } from "../socket/bare-socket.ts";
import { listenOnBun } from "../socket/bun-socket.ts";
import type { SocketFile } from "./socket-file.ts";

// UV_TCP_IPV6ONLY, what the runtime makes of `ipv6Only`.
const IPV6_ONLY = 1;
// Others may bind to a path at the same moment.
const TRIES = 5;

// The one use of something undocumented. `server.listen({ host })` looks even an address literal up asynchronously on Node
// and Deno, so that `address()` is null when it returns. `_listen2` is what `listen` calls after the look-up; it binds before it
// returns. Where there is none, the documented way is taken (on Bun, that binds at once).
type Binding = Server & {
  _listen2?: (
    address: string,
    port: number,
    addressType: 4 | 6,
    backlog: number,
    fd: undefined,
    flags: number | undefined,
  ) => void;
};

type Listening = ListenOptions & { backlog: number };

/**
 * Has a server listen, at the path of a file where one is given. `accepted` gets the connections that the runtime can do without a socket
 * for, and `notAccepted` what is thrown meanwhile. Throws what the runtime throws; `failed` gets every other error.
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
    if (!file || error.code !== "EADDRINUSE" || isBoundElsewhere() || ++tries > TRIES) return failed(error);
    void file.makeWay().then((isFree) => (isFree ? tryAgain() : failed(error)));
  });
  file?.guard(server);
  // The primary shares what two workers ask for at their first attempt, or both at their second one: so there is only one.
  if (file && isBoundElsewhere()) void file.makeWay().then(tryAgain);
  else begin();
}

// `listen` says there that it begins; its end and its failure are told further down, where `_listen2` comes by too.
const begins = channel("tracing:net.server.listen:asyncStart");

function listen(server: Server, options: Listening): void {
  const family = isIP(options.host ?? "");
  // In a cluster the primary does the binding: asynchronously, by the documented way.
  if (family !== 0 && !options.reusePort && cluster.isPrimary) {
    const binding = server as Binding;
    const flags = options.ipv6Only ? IPV6_ONLY : undefined;
    // oxlint-disable no-underscore-dangle -- that is its name
    if (typeof binding._listen2 === "function") {
      if (begins.hasSubscribers) begins.publish({ server, options });
      binding._listen2(options.host!, options.port ?? 0, family as 4 | 6, options.backlog, undefined, flags);
      return;
    }
  }
  server.listen(options);
}

/** Whether another process binds the sockets of this one: the primary of a cluster. Other workers may hold them too. */
export function isBoundElsewhere(): boolean {
  return cluster.isWorker;
}

/** Throws where the runtime would ignore what an option asks for. */
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

// Node has it since 22.12 and 23.1, and ignores the option before.
function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return process.platform === "linux" && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}
