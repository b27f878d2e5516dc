// The agent check of HAProxy: it connects to a port of its own, and reads one line that says what to do with the server.

import { check } from "../base/checks.ts";
import type { IOLoop, ServerCallback } from "../index.ts";
import { LOOP, readiness } from "./health.ts";

// `ready` ends an earlier `drain`.
const READY = "ready up 100%\n";
const DRAIN = "drain\n";

/**
 * Returns a callback for an exempt server that answers the agent checks of HAProxy: `ready` while new clients can be admitted, otherwise
 * `drain`, so that HAProxy sends no new ones and leaves open connections alone.
 *
 * ```js
 * loop.server({ exempt: true, port: 3001 }, agentCheck(loop));
 * ```
 */
export function agentCheck(loop: IOLoop): ServerCallback {
  check("agentCheck: loop", loop, LOOP);
  return (_loop, stream) => {
    stream.write(readiness(loop).isWell ? READY : DRAIN).closeGracefully();
  };
}
