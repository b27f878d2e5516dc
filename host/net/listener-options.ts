// Where to listen, and how many may wait.

import { BOOLEAN, COUNT, OVERFLOW, PORT, type Rule, SECONDS, TEXT } from "../base/checks.ts";
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
  /** Seconds a client may wait to be admitted before it is reset; default 60, 0 for ever. */
  waitTimeout?: number | undefined;
  /** `"wait"` (the default), or `"drop"`: clients for whom `maxConnections` has no room are reset at once. */
  overflow?: "wait" | "drop" | undefined;
  /** Share the port with other processes (SO_REUSEPORT), where the runtime can; default false. */
  reuse?: boolean | undefined;
  /** Admit one client a tick; default false. */
  singleAccept?: boolean | undefined;
  /** What the `timeout` of a loop's streams begins with, in seconds; default 15. */
  idleTimeout?: number | undefined;
}

const MODE: Rule = {
  allowed: "permissions from 0 to 0o777",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= 0o777,
};

/** What each must be. */
export const LISTENER_RULES: Readonly<Record<string, Rule>> = {
  address: TEXT,
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
  idleTimeout: SECONDS,
  ...TCP_RULES,
  ...SERVER_TLS_RULES,
};
