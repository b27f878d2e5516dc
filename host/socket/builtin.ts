// Modules of the runtime that many programs never use. They are loaded at their first use, so that a program that starts need not wait
// for them: `node:cluster` alone brings a dozen others.

import type { Cluster } from "node:cluster";
import type * as Crypto from "node:crypto";
import type * as Channels from "node:diagnostics_channel";
import type * as Events from "node:events";
import type * as Fs from "node:fs";
import type * as Https from "node:https";
import { createRequire } from "node:module";
import type * as Path from "node:path";
import type * as Streams from "node:stream";
import type * as Tls from "node:tls";
import type * as Util from "node:util";
import { builtinModule } from "../base/runtime.ts";

/** `node:crypto`. */
export const crypto = (): typeof Crypto => load("node:crypto") as typeof Crypto;
/** `node:diagnostics_channel`. */
export const channels = (): typeof Channels => load("node:diagnostics_channel") as typeof Channels;
/** `node:events`. */
export const events = (): typeof Events => load("node:events") as typeof Events;
/** `node:fs`. */
export const fs = (): typeof Fs => load("node:fs") as typeof Fs;
/** `node:https`. */
export const https = (): typeof Https => load("node:https") as typeof Https;
/** `node:path`. */
export const paths = (): typeof Path => load("node:path") as typeof Path;
/** `node:stream`. */
export const streams = (): typeof Streams => load("node:stream") as typeof Streams;
/** `node:tls`. */
export const tls = (): typeof Tls => load("node:tls") as typeof Tls;
/** `node:util`. */
export const util = (): typeof Util => load("node:util") as typeof Util;

/**
 * Whether this process is a worker of a cluster: then the primary binds its sockets, and other workers may hold them too. Only a process
 * that was forked can be one, so the others need not load the module.
 */
export function isClusterWorker(): boolean {
  return typeof process.send === "function" && (load("node:cluster") as Cluster).isWorker;
}

function load(name: string): unknown {
  // Node has `getBuiltinModule` since 20.16.
  return builtinModule(name) ?? createRequire("/")(name);
}
