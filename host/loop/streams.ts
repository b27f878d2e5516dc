// From a connection to a stream of the loop: one way for those that are accepted, one for those that are opened.

import type { Id } from "../core/ids.ts";
import { Client } from "../net/client.ts";
import { Server } from "../net/server.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { Stream } from "../stream/stream.ts";

/** A server whose connections become streams of the loop. */
export function streamServer(reactor: Reactor, accepted: (stream: Stream, id: Id) => unknown): Server {
  const server = new Server({ reactor });
  server.taker = (handle) => {
    const stream = new Stream(handle, { reactor });
    return accepted(stream, stream.join());
  };
  return server;
}

/** An attempt to connect whose connection becomes a stream of the loop: `done` is called once. */
export function streamClient(
  reactor: Reactor,
  done: (error: Error | undefined, stream: Stream | undefined) => unknown,
): Client {
  const client = new Client({ reactor });
  client.on("error", (_client, error) => done(error, undefined));
  client.on("connect", (_client, handle) => {
    const stream = new Stream(handle, { reactor });
    try {
      stream.join();
    } catch (error) {
      return done(error as Error, undefined); // a handle of the caller's that is closed, or not free
    }
    return done(undefined, stream);
  });
  return client;
}
