// The options of a client.

import { type TcpSocketConnectOpts, isIP } from "node:net";
import {
  BOOLEAN,
  FUNCTION,
  HOST,
  OPTIONS,
  PEER_PORT,
  type Rule,
  SECONDS,
  SIGNAL,
  TEXT,
  checkApart,
  checkOptions,
} from "../base/checks.ts";
import { HANDLE, type StreamHandle } from "../socket/handle.ts";
import { TCP_RULES, type TcpOptions } from "../socket/tcp-options.ts";
import { CLIENT_TLS_RULES, type ClientTlsOptions } from "../socket/tls-options.ts";
import type { ProxyHeaderOptions } from "./proxy-header.ts";
import { SOCKET_PATH } from "./socket-file.ts";

/** Options of `Client#connect`, and of a loop's `client`. */
export interface ClientOptions extends TcpOptions, ClientTlsOptions {
  /** The address or name to connect to; default `"127.0.0.1"`. */
  address?: string | undefined;
  /** The port; default 80, with `tls` 443. */
  port?: number | undefined;
  /** The path of a UNIX domain socket, instead of address and port. */
  path?: string | undefined;
  /** A connected handle, instead of address and port. */
  handle?: StreamHandle | undefined;
  /** The address to connect from. */
  localAddress?: string | undefined;
  /** Which addresses of a name to use: those of IPv4 (4), those of IPv6 (6), or both (0, the default). */
  family?: 0 | 4 | 6 | undefined;
  /** The function that looks up names, with the arguments of `dns.lookup`, which is the default. */
  lookup?: NonNullable<TcpSocketConnectOpts["lookup"]> | undefined;
  /** Send a PROXY header first, in plain, before TLS: it says for which client of this program the connection is. */
  proxyHeader?: ProxyHeaderOptions | undefined;
  /** Whether a loop's stream stays open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
  /** The initial `timeout` of a loop's stream, in seconds; default 15, 0 for never. */
  idleTimeout?: number | undefined;
  /** Gives the attempt up when it is aborted, with the reason of the signal as the error. An open connection stays. */
  signal?: AbortSignal | undefined;
  /** Seconds for the whole attempt, including the look-up of the name; default 10, 0 for no limit. */
  timeout?: number | undefined;
}

const ADDRESS: Rule = { ...TEXT, allowed: "an IP address", range: (value: string) => isIP(value) !== 0 };

const FAMILY: Rule = {
  allowed: "0, 4 or 6",
  type: (value) => typeof value === "number",
  range: (value: number) => value === 0 || value === 4 || value === 6,
};
/** The rule of each option. */
const RULES: Readonly<Record<string, Rule>> = {
  address: HOST,
  port: PEER_PORT,
  path: SOCKET_PATH,
  handle: HANDLE,
  localAddress: ADDRESS,
  family: FAMILY,
  lookup: FUNCTION,
  proxyHeader: OPTIONS,
  halfOpen: BOOLEAN,
  idleTimeout: SECONDS,
  signal: SIGNAL,
  timeout: SECONDS,
  ...TCP_RULES,
  ...CLIENT_TLS_RULES,
};

/** Checks the options, and returns them, each read once. */
export function checkClientOptions(what: string, given: ClientOptions): ClientOptions {
  const options = checkOptions(what, given, RULES);
  checkApart(what, options, "path", "port", "handle", "localAddress");
  checkApart(what, options, "handle", "localAddress");
  return options;
}

/** Where a client connects to, in words. */
export function whereTo({ address, port, path, handle, tls }: ClientOptions): string {
  if (path !== undefined) return path;
  if (handle) return "the other side of the handle";
  const host = address ?? "127.0.0.1";
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port ?? (tls ? 443 : 80)}`;
}
