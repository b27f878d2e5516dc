// The options of TCP for the connections of a server. One call of the system for each connection is a noticeable part of what it costs to
// accept one: on Linux they inherit TCP_NODELAY from the listening socket.

import type { Server } from "node:net";
import type { BareSocket } from "./bare-socket.ts";
import type { StreamHandle } from "./handle.ts";
import { inheritNoDelay } from "./node-socket.ts";
import { type TcpOptions, tune } from "./tcp-options.ts";

interface Guard {
  run(event: string, task: () => void): void;
}

export class Tuning {
  #options: TcpOptions;
  readonly #guard: Guard;
  #early = 0; // connections that may have come before they could inherit anything

  constructor(options: TcpOptions, guard: Guard) {
    this.#options = options;
    this.#guard = guard;
  }

  /** The server listens, with a queue of the system of this length: clients that are in it already have inherited nothing. */
  inherit(server: Server, backlog: number): void {
    const { noDelay, keepAlive } = this.#options;
    if (!noDelay || !inheritNoDelay(server)) return;
    this.#early = backlog + 1; // as many as Linux takes
    this.#options = { noDelay: false, keepAlive };
  }

  /** The server has accepted its next connection. */
  accepted(socket: StreamHandle | BareSocket): void {
    if (this.#early === 0) return;
    this.#early--;
    this.#guard.run("accept", () => tune(socket, {}));
  }

  /** A connection has been admitted. */
  admitted(socket: StreamHandle | BareSocket): void {
    tune(socket, this.#options);
  }
}
