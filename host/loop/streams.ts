// Makes streams of the loop from connections: from accepted ones, and from those that the loop opens.

import type { Id } from "../core/ids.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { Client } from "../net/client.ts";
import type { ClientOptions } from "../net/client-options.ts";
import type { ListenerOptions } from "../net/listener-options.ts";
import { Server } from "../net/server.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { connectedTo } from "../stream/start-tls.ts";
import { Stream } from "../stream/stream.ts";
import { OwnOptions } from "../stream/stream-options.ts";

/** A server whose connections become streams of the loop. */
export function streamServer(
  reactor: Reactor,
  options: ListenerOptions,
  accepted: (stream: Stream, id: Id) => unknown,
  server: Server = new Server({ reactor }),
  what = "server",
): Server {
  let idleTimeout: number | undefined;
  let lifetime: number | undefined;
  const own = new OwnOptions(reactor); // one for all its streams
  server.taker = (handle) => {
    const stream = new Stream(handle, own);
    if (idleTimeout !== undefined) stream.timeout = idleTimeout;
    if (lifetime !== undefined) stream.lifetime = lifetime;
    return accepted(stream, join(stream));
  };
  ({ idleTimeout, lifetime, halfOpen: own.halfOpen } = server.begin(what, options));
  return server;
}

/** Begins an attempt to connect, whose connection becomes a stream of the loop. `done` is called once. Returns the id of the attempt. */
export function streamClient(
  reactor: Reactor,
  options: ClientOptions,
  done: (error: Error | undefined, stream: Stream | undefined) => unknown,
  what = "client",
): Id {
  let idleTimeout: number | undefined;
  let halfOpen: boolean | undefined;
  let address: string | undefined;
  let isOurs = false;
  const client = new Client({ reactor });
  client.on("error", (_client, error) => done(error, undefined));
  client.on("connect", (_client, handle) => {
    const stream = new Stream(handle, { reactor, halfOpen });
    if (idleTimeout !== undefined) stream.timeout = idleTimeout;
    if (address !== undefined) connectedTo(stream, address);
    try {
      if (isOurs) join(stream);
      else stream.join();
    } catch (error) {
      return done(error as Error, undefined); // the caller's handle is closed or in use
    }
    return done(undefined, stream);
  });
  const id = client.begin(what, options);
  ({ idleTimeout, halfOpen, address } = client.options);
  isOurs = client.options.handle === undefined;
  return id;
}

/** Gives up an attempt to connect. */
export function removeConnection(engine: LoopEngine, id: Id): void {
  engine.connections.find(id, Client)?.close();
}

// Closes the connection if it cannot become a stream: nothing else refers to it.
function join(stream: Stream): Id {
  try {
    return stream.join();
  } catch (error) {
    stream.close();
    throw error;
  }
}
