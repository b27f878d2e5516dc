// The options of a listening server.

import type { AcceptorLimits } from "../engine/acceptors.ts";
import { ACTIVATION, areOurs, takePassedSocket } from "./activation.ts";
import { type Listening, checkSupport } from "./bind.ts";
import {
  BOOLEAN,
  COUNT,
  HOST,
  OVERFLOW,
  PORT,
  type Rule,
  SECONDS,
  SIGNAL,
  checkApart,
  checkOptions,
  oneOf,
} from "../base/checks.ts";
import { withCode } from "../base/errors.ts";
import { NETWORKS } from "./addresses.ts";
import { SOCKET_PATH } from "./socket-file.ts";
import { isClusterWorker } from "../socket/builtin.ts";
import { TCP_RULES, type TcpOptions } from "../socket/tcp-options.ts";
import { SERVER_TLS_RULES, type ServerTlsOptions } from "../socket/tls-options.ts";

/** Options of `Server#listen`, and of a loop's `server`. */
export interface ListenerOptions extends TcpOptions, ServerTlsOptions {
  /** The address to listen on; default `"127.0.0.1"`. */
  address?: string | undefined;
  /** The port. Without it, and for 0, a free one, which `port` of the server returns. */
  port?: number | undefined;
  /**
   * The path of a UNIX domain socket, instead of address and port. Replaces a socket file that no process has open. The file is removed
   * when the server closes.
   */
  path?: string | undefined;
  /** The permissions of the socket file, such as `0o660`. Without it, those of any new file of the process. */
  mode?: number | undefined;
  /** Accept no IPv4 clients on the IPv6 address `"::"`; default false. */
  ipv6Only?: boolean | undefined;
  /** The inherited descriptor of a listening socket, instead of address and port. */
  fd?: number | undefined;
  /**
   * A socket that systemd has passed (socket activation), instead of address and port: `true` for the only one, or its name. Each can be
   * taken once.
   */
  activation?: true | string | undefined;
  /** How many clients may wait to be admitted; default 511. Also the backlog of the system, if it is more than 511. */
  backlog?: number | undefined;
  /** Seconds a client may wait to be admitted before it is reset; default 60, 0 for no limit. */
  waitTimeout?: number | undefined;
  /** What happens to clients when no slot is free: `"wait"` (the default) queues them, `"drop"` resets them at once. */
  overflow?: "wait" | "drop" | undefined;
  /**
   * The PROXY protocol, versions 1 and 2: each connection begins with a header, in which a proxy says who the client is. `"required"` resets
   * clients without one, `"optional"` also takes those, and waits for their first bytes. Default: no header is read.
   */
  proxyProtocol?: "required" | "optional" | undefined;
  /** The addresses and networks of proxies: headers of others are not believed. Default loopback. UNIX domain sockets are always trusted. */
  proxyTrust?: readonly string[] | undefined;
  /** Share the port with other processes (SO_REUSEPORT); default false. Throws if the runtime cannot. */
  reuse?: boolean | undefined;
  /** Closes the server when it is aborted, and not its connections. */
  signal?: AbortSignal | undefined;
  /** Admit only one client per tick; default false. */
  singleAccept?: boolean | undefined;
  /** How many of its clients may be open at once, within the loop's `maxConnections`; default no limit of its own, or 100 with `exempt`. */
  maxConnections?: number | undefined;
  /**
   * For health checks, metrics, an operator: its clients count against no limit of the loop and wait for no rate, and they are admitted in
   * a full loop and during a graceful stop, too, which does not wait for them. Default false.
   */
  exempt?: boolean | undefined;
  /** Whether a loop's streams stay open when the peer has ended its side; default false. */
  halfOpen?: boolean | undefined;
  /** The initial `timeout` of a loop's streams, in seconds; default 15, 0 for never. */
  idleTimeout?: number | undefined;
  /** The initial `lifetime` of a loop's streams, in seconds from their admission; default 0, no limit. */
  lifetime?: number | undefined;
}

const SYSTEM_BACKLOG = 511; // for clients that connect within one turn; then they wait in our queue
const UNLIMITED = 2 ** 31 - 1;
const EXEMPT_CONNECTIONS = 100;

const MODE: Rule = {
  allowed: "permissions from 0 to 0o777",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isInteger(value) && value >= 0 && value <= 0o777,
};

/** The rule of each option. */
const RULES: Readonly<Record<string, Rule>> = {
  address: HOST,
  port: PORT,
  path: SOCKET_PATH,
  fd: COUNT,
  activation: ACTIVATION,
  backlog: COUNT,
  waitTimeout: SECONDS,
  overflow: OVERFLOW,
  proxyProtocol: oneOf("required", "optional"),
  proxyTrust: NETWORKS,
  reuse: BOOLEAN,
  signal: SIGNAL,
  singleAccept: BOOLEAN,
  maxConnections: COUNT,
  exempt: BOOLEAN,
  mode: MODE,
  ipv6Only: BOOLEAN,
  halfOpen: BOOLEAN,
  idleTimeout: SECONDS,
  lifetime: SECONDS,
  ...TCP_RULES,
  ...SERVER_TLS_RULES,
};

// Whether a connection of a served server stays half open is that server's setting.
const { halfOpen: _, ...SERVE_RULES } = RULES;

/** Checks the options, and returns them, each read once. Throws if one is invalid, or the runtime would ignore it. */
export function checkListenerOptions(what: string, options: ListenerOptions): ListenerOptions {
  const given = checkOptions(what, options, what === "serve" ? SERVE_RULES : RULES);
  checkApart(what, given, "activation", "fd", "path", "port", "address", "mode", "ipv6Only", "reuse");
  checkApart(what, given, "fd", "path", "port", "address");
  checkApart(what, given, "path", "port", "address");
  if (given.proxyTrust && !given.proxyProtocol) {
    const message = `${what}: option "proxyTrust" requires "proxyProtocol"`;
    throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
  }
  checkSupport(what, given);
  return given;
}

/** Whether other processes may hold the socket, too. */
export function isShared({ fd, activation, reuse }: ListenerOptions): boolean {
  return fd !== undefined || activation !== undefined || (isClusterWorker() && reuse !== true);
}

/**
 * Converts to options of the runtime's `listen`. Takes the socket that `activation` asks for, and throws if there is none. The system's queue
 * of such a socket is as long as the system allows: clients need it while no process accepts.
 */
export function whereToListen(what: string, options: ListenerOptions): Listening {
  const { address = "127.0.0.1", port = 0, path, activation, backlog = 0, reuse, ipv6Only = false } = options;
  const isPassed = activation !== undefined;
  const fd = isPassed ? takePassedSocket(what, activation) : options.fd;
  const where = fd !== undefined ? { fd } : path !== undefined ? { path } : { host: address, port, ipv6Only };
  return {
    ...where,
    ...(reuse && { reusePort: true }),
    ...(isPassed && isClusterWorker() && areOurs() && { isOwn: true }),
    backlog: isPassed ? UNLIMITED : Math.max(backlog, SYSTEM_BACKLOG),
  };
}

/** The limits of the acceptor. */
export function limitsOf(options: ListenerOptions): AcceptorLimits {
  const { backlog = 511, overflow, waitTimeout = 60, singleAccept: single = false, exempt = false } = options;
  const { maxConnections = exempt ? EXEMPT_CONNECTIONS : UNLIMITED } = options;
  return { backlog: overflow === "drop" ? 0 : backlog, waitTimeout, single, maxConnections };
}
