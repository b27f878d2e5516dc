// Opens the socket of a client, with or without TLS.

import { connect, isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { StreamHandle } from "../socket/handle.ts";
import { nodeTls } from "../socket/node-tls.ts";
import type { ClientOptions } from "./client-options.ts";

/** A socket that begins to connect without TLS, or the connected handle of the options. `port` is the default one. */
export function openPlain(options: ClientOptions, port: number): StreamHandle {
  // Without a prototype: the runtime reads more options than these, and must not inherit any.
  const all = { __proto__: null, ...placeOf(options, port), allowHalfOpen: true };
  return options.handle ?? connect(all as never);
}

/** A socket that begins to connect with TLS: on top of a connected handle, if there is one. */
export function openSecure(
  options: ClientOptions,
  secure: ConnectionOptions,
  on: StreamHandle | undefined = options.handle,
): StreamHandle {
  const place = placeOf(options, 443);
  // The certificate must be valid for the address, even if the client connects to a path or uses a handle.
  const name = isIP(place.host) === 0 ? { servername: place.host } : {};
  const through = on ? { host: place.host, socket: on } : place;
  return nodeTls().connect({ __proto__: null, allowHalfOpen: true, ...name, ...through, ...secure } as never);
}

function placeOf(options: ClientOptions, defaultPort: number): { readonly host: string } {
  const { address: host = "127.0.0.1", port = defaultPort, path, localAddress, family, lookup } = options;
  if (path !== undefined) return { host, path } as { host: string };
  return {
    host,
    port,
    ...(localAddress !== undefined && { localAddress }),
    ...(family !== undefined && { family }),
    ...(lookup !== undefined && { lookup }),
  } as { host: string };
}
