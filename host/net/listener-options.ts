// Where to listen, and how many may wait.

import type { ListenOptions } from "node:net";
import { checkSupport } from "./bind.ts";
import { BOOLEAN, COUNT, HOST, OVERFLOW, PORT, type Rule, SECONDS, checkApart, checkOptions } from "../base/checks.ts";
import { SOCKET_PATH } from "./socket-file.ts";
import { TCP_RULES, type TcpOptions } from "../socket/tcp-options.ts";
import { SERVER_TLS_RULES, type ServerTlsOptions } from "../socket/tls-options.ts";

/** Options of `Server#listen`, and of a loop's `server`. */
export interface ListenerOptions extends TcpOptions, ServerTlsOptions {
  /** The address to listen on; default `"127.0.0.1"`. */
  address?: string | undefined;
  /** The port; default, and for 0, a free one: see `port`. */
  port?: number | undefined;
  /** The path of a UNIX domain socket, instead of address and port. A socket file that nobody has open is replaced; it goes with the server. */
  path?: string | undefined;
  /** The permissions of that socket's file, such as `0o660`; default what the process gives to new files. */
  mode?: number | undefined;
  /** Take no IPv4 clients on the IPv6 address `"::"`; default false. */
  ipv6Only?: boolean | undefined;
  /** An inherited descriptor that listens, instead of address and port. */
  fd?: number | undefined;
  /** How many clients may wait to be admitted; default 511. Also the backlog of the system, where it is more than that. */
  backlog?: number | undefined;
  /** Seconds a client may wait to be admitted before it is reset; default 60, 0 for no limit. */
  waitTimeout?: number | undefined;
  /** `"wait"` (the default), or `"drop"`: clients for whom `maxConnections` has no room are reset at once. */
  overflow?: "wait" | "drop" | undefined;
  /** Share the port with other processes (SO_REUSEPORT), where the runtime can; default false. */
  reuse?: boolean | undefined;
  /** Admit one client a tick; default false. */
  singleAccept?: boolean | undefined;
  /** Whether a loop's streams stay open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
  /** What the `timeout` of a loop's streams begins with, in seconds; default 15. */
  idleTimeout?: number | undefined;
  /** Seconds that a connection of a loop's stream may live at all, from its admission; default 0, no limit. */
  lifetime?: number | undefined;
}

const MODE: Rule = {
  allowed: "permissions from 0 to 0o777",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= 0o777,
};

/** What each must be. */
const RULES: Readonly<Record<string, Rule>> = {
  address: HOST,
  port: PORT,
  path: SOCKET_PATH,
  fd: COUNT,
  backlog: COUNT,
  waitTimeout: SECONDS,
  overflow: OVERFLOW,
  reuse: BOOLEAN,
  singleAccept: BOOLEAN,
  mode: MODE,
  ipv6Only: BOOLEAN,
  halfOpen: BOOLEAN,
  idleTimeout: SECONDS,
  lifetime: SECONDS,
  ...TCP_RULES,
  ...SERVER_TLS_RULES,
};

/** The options, each read once. Throws unless they are those of a listener. */
export function checkListenerOptions(what: string, options: ListenerOptions): ListenerOptions {
  const given = checkOptions(what, options, RULES);
  checkApart(what, given, "fd", "path", "port", "address");
  checkApart(what, given, "path", "port", "address");
  checkSupport(what, given);
  return given;
}

/** What the runtime's `listen` gets of them. */
export function whereToListen(options: ListenerOptions): ListenOptions {
  const { address = "127.0.0.1", port = 0, path, fd, reuse, ipv6Only = false } = options;
  const where = fd !== undefined ? { fd } : path !== undefined ? { path } : { host: address, port, ipv6Only };
  return { ...where, ...(reuse && { reusePort: true }) };
}
