// Protects HTTP servers that do not listen from clients that send a request too slowly: by the server's own checks, or by ours.

import type { Id } from "../core/ids.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { HttpConnection } from "./http-connection.ts";
import type { AnyServer } from "./served.ts";

const TRACKING = "setupConnectionsTracking";

/**
 * Makes a server check its connections as if it listened: `headersTimeout`, `requestTimeout`, `closeIdleConnections`. Returns whether it does.
 * The runtime begins that in its own subscriber to the server's event `listening`; other subscribers are not called.
 */
export function trackConnections(server: AnyServer): boolean {
  if (process.versions["bun"] !== undefined) return false; // its subscriber does nothing
  const own = server.listeners("listening").find((listener) => listener.name === TRACKING);
  if (own) own.call(server);
  else server.emit("listening");
  return true;
}

/** Checks at intervals for connections whose request is not complete in time, as a listening server does on Node. */
export class SlowClients {
  readonly #engine: LoopEngine;
  readonly #server: AnyServer;
  readonly #connections: ReadonlyMap<unknown, HttpConnection>;
  readonly #since = new WeakMap<HttpConnection, number>(); // when the current header or body began, in milliseconds
  #timer: Id | undefined;

  constructor(engine: LoopEngine, server: AnyServer, connections: ReadonlyMap<unknown, HttpConnection>) {
    this.#engine = engine;
    this.#server = server;
    this.#connections = connections;
  }

  /** A connection has been opened: the time of its first header begins. */
  added(connection: HttpConnection): void {
    this.#since.set(connection, this.#engine.now);
    const { headersTimeout = 0, requestTimeout = 0 } = this.#server;
    const shortest = Math.min(...[headersTimeout, requestTimeout].filter((milliseconds) => milliseconds > 0));
    if (this.#timer !== undefined || shortest === Infinity) return;
    const seconds = Math.min(shortest / 2000, 30);
    this.#timer = this.#engine.timers.make(seconds, true, () => this.#look()) as Id;
  }

  /** A header is complete: the time of the body begins. */
  began(connection: HttpConnection): void {
    this.#since.set(connection, this.#engine.now);
  }

  /** An answer is complete: the time of the next header begins when a check first sees a part of it. */
  answered(connection: HttpConnection): void {
    this.#since.delete(connection);
  }

  /** Ends the checks. */
  end(): void {
    if (this.#timer !== undefined) this.#engine.timers.remove(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#connections.size === 0) return this.end();
    const { headersTimeout = 0, requestTimeout = 0 } = this.#server;
    const { now } = this.#engine;
    for (const connection of this.#connections.values()) {
      const isHeader = connection.isNew || connection.hasBegun;
      const limit = isHeader ? headersTimeout : connection.isReceiving ? requestTimeout : 0;
      const since = this.#since.get(connection);
      if (limit === 0) this.#since.delete(connection);
      else if (since === undefined) this.#since.set(connection, now);
      else if (now - since >= limit) connection.refuse();
    }
  }
}
