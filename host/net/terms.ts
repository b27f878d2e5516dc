// What is done with the clients of a server: fixed when it begins to listen.

import type { Socket } from "node:net";
import type { BareSocket } from "../socket/bare-socket.ts";
import type { Handshakes } from "../socket/tls-handshake.ts";
import type { Tuning } from "../socket/tuning.ts";
import type { ProxiedClients } from "./proxied-clients.ts";

/** For the clients of one call of `listen`. They keep these while they wait, also if the server listens again with other options. */
export interface Terms {
  readonly tuning: Tuning;
  /** If they speak TLS. */
  readonly handshakes: Handshakes | undefined;
  /** Of a connection in its handshake. */
  readonly lifetime: number;
  /** If they come through a proxy. */
  readonly proxied: ProxiedClients | undefined;
  /** Called with each client that the core admits. */
  readonly admitted: (socket: Socket | BareSocket, id: number) => void;
}
