// The runtime's TLS, loaded when it is needed first: many loops speak none, and on Node 26 it is half of what an import takes.

import { createRequire } from "node:module";
import type * as Tls from "node:tls";

let loaded: typeof Tls | undefined;

/** `node:tls`. */
export function nodeTls(): typeof Tls {
  // Node has `getBuiltinModule` from 20.16 on.
  return (loaded ??= process.getBuiltinModule?.("node:tls") ?? (createRequire("/")("node:tls") as typeof Tls));
}
