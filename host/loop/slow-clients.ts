// Clients that send a request too slowly, of HTTP servers that do not listen: the server's own protection, or ours.

import type { Id } from "../core/ids.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { HttpConnection } from "./http-connection.ts";
import type { AnyServer } from "./served.ts";

const TRACKING = "setupConnectionsTracking";

/**
 * Has a server look after its connections as if it listened: `headersTimeout`, `requestTimeout`, `closeIdleConnections`. Whether it does. The
 * runtime begins that at the server's event `listening`, by a subscriber of its own; others that subscribe to it are not called.
 */
export function trackConnections(server: AnyServer): boolean {
  if (process.versions["bun"] !== undefined) return false; // it has the subscriber, which does nothing
  const own = server.listeners("listening").find((listener) => listener.name === TRACKING);
  if (own) own.call(server);
  else server.emit("listening");
  return true;
}

/** Looks now and then for connections whose request does not come to its end, as a server that listens does on Node. */
export class SlowClients {
  readonly #engine: LoopEngine;
  readonly #server: AnyServer;
  readonly #connections: ReadonlyMap<unknown, HttpConnection>;
  readonly #since = new WeakMap<HttpConnection, number>(); // when what they are sending began, in milliseconds
  #timer: Id | undefined;

  constructor(engine: LoopEngine, server: AnyServer, connections: ReadonlyMap<unknown, HttpConnection>) {
    this.#engine = engine;
    this.#server = server;
    this.#connections = connections;
  }

  /** A connection has been opened: its first header counts from here. */
  added(connection: HttpConnection): void {
    this.#since.set(connection, this.#engine.now);
    const { headersTimeout = 0, requestTimeout = 0 } = this.#server;
    const shortest = Math.min(...[headersTimeout, requestTimeout].filter((milliseconds) => milliseconds > 0));
    if (this.#timer !== undefined || shortest === Infinity) return;
    const seconds = Math.min(shortest / 2000, 30);
    this.#timer = this.#engine.timers.make(seconds, true, () => this.#look()) as Id;
  }

  /** A header has come to its end: the body counts from here. */
  began(connection: HttpConnection): void {
    this.#since.set(connection, this.#engine.now);
  }

  /** The next header counts from when it is seen first. */
  answered(connection: HttpConnection): void {
    this.#since.delete(connection);
  }

  /** Looks no more. */
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
