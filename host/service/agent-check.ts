// The agent check of HAProxy: it connects to a port of its own, and reads one line that says what to do with the server.

import type { IOLoop, Server } from "../index.ts";
import { type AdminOptions, exemptServer } from "./exempt-server.ts";
import { readiness } from "./health.ts";

// `ready` ends an earlier `drain`.
const READY = "ready up 100%\n";
const DRAIN = "drain\n";

/**
 * Starts a server on a loop that answers the agent checks of HAProxy: `ready` while the loop accepts new clients, and otherwise `drain`, so that
 * HAProxy sends no new ones and leaves open connections alone. Exempt, as {@link admin}.
 */
export function agentCheck(loop: IOLoop, options: AdminOptions = {}): Server {
  return exemptServer("agentCheck", loop, options, "server", (given) =>
    loop.server(given, (_loop, stream) => {
      stream.write(readiness(loop).isWell ? READY : DRAIN).closeGracefully();
    }),
  );
}
