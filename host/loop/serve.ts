// Servers of the runtime behind the loop, which admits their connections, limits them, and ends them.

import { withCode } from "../base/errors.ts";
import type { Id } from "../core/ids.ts";
import type { DropReason } from "../engine/connections.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { ListenerOptions } from "../net/listener-options.ts";
import { Server } from "../net/server.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { nextTurn } from "../time/clock.ts";
import { usesTls } from "../socket/tls-options.ts";
import { Stream } from "../stream/stream.ts";
import { OwnOptions } from "../stream/stream-options.ts";
import type { HttpConnection } from "./http-connection.ts";
import { HttpDrain } from "./http-drain.ts";
import { type AnyServer, checkServer, emitClose, passClients, speaksHttp1, speaksHttp2, speaksTls } from "./served.ts";

/** Options of a loop's `serve`: those of `server`, except `halfOpen`, which is a setting of the served server. `idleTimeout` is 0 by default. */
export type ServeOptions = Omit<ListenerOptions, "halfOpen">;

/** Makes a loop accept for a server. `accepted` runs for each connection before the server gets it. Returns the acceptor's id. */
export function serve(
  reactor: Reactor,
  given: unknown,
  options: ServeOptions,
  accepted: ((stream: Stream, id: Id) => unknown) | undefined,
): Id {
  if (Object.hasOwn(options, "halfOpen")) {
    const message =
      'serve: option "halfOpen" is not allowed; set allowHalfOpen of a net or tls server, httpAllowHalfOpen of an http server';
    throw withCode(new TypeError(message), "ERR_IOLOOP_UNKNOWN_OPTION");
  }
  const server = checkServer(given, usesTls("serve", options));
  const acceptor = new ServingServer({ reactor });
  const { engine } = reactor;
  let idleTimeout = 0;
  let lifetime: number | undefined;
  let drain: HttpDrain | undefined;
  const own = new OwnOptions(reactor);
  acceptor.taker = (handle) => {
    const stream = new Stream(handle, own);
    stream.timeout = idleTimeout;
    if (lifetime !== undefined) stream.lifetime = lifetime;
    give(engine, server, drain, stream, accepted);
  };
  const listening = acceptor.begin("serve", options);
  ({ idleTimeout = 0, lifetime } = listening);
  const closed = (): void => acceptor.close();
  acceptor.whenOver = () => {
    try {
      server.off("close", closed);
    } finally {
      drain?.acceptorEnded();
    }
  };
  try {
    if (speaksHttp1(server) || speaksHttp2(server)) drain = HttpDrain.of(engine, server);
    if (listening.proxyProtocol && speaksTls(server)) passClients(engine, server);
    emitClose(server);
    server.on("close", closed);
  } catch (error) {
    acceptor.close(); // it listens already
    throw error;
  }
  return acceptor.record();
}

/** A server that calls `whenOver` when it accepts no more. */
class ServingServer extends Server {
  whenOver: (() => void) | undefined;

  override closeFor(reason: DropReason): void {
    super.closeFor(reason);
    this.#over();
  }

  override end(): void {
    super.end();
    this.#over();
  }

  #over(): void {
    const { whenOver } = this;
    this.whenOver = undefined;
    whenOver?.();
  }
}

// Gives a connection to the server. If that throws, only this connection is closed.
function give(
  engine: LoopEngine,
  server: AnyServer,
  drain: HttpDrain | undefined,
  stream: Stream,
  accepted: ((stream: Stream, id: Id) => unknown) | undefined,
): void {
  let connection: HttpConnection | undefined;
  let id: Id;
  try {
    id = stream.lend((socket) => (connection = drain?.add(stream, socket)), speaksTls(server));
  } catch (error) {
    stream.close();
    throw error;
  }
  if (accepted) engine.guard.call(() => accepted(stream, id), stream, "accept");
  const socket = stream.isOpen ? stream.lent : undefined;
  if (!socket) return; // the callback has closed or stolen it
  try {
    socket.allowHalfOpen = server.allowHalfOpen ?? speaksHttp1(server);
    if (!server.emit("connection", socket)) return stream.close();
    // A server that speaks TLS starts reading itself, and would miss data that was read before.
    if (!speaksTls(server) && server.pauseOnConnect !== true) {
      // On Node an HTTP/2 session takes what was read before in a later tick.
      if (socket.readableLength > 0 && speaksHttp2(server))
        nextTurn(() => engine.guard.run("accept", () => socket.resume()));
      else socket.resume();
    }
    if (drain && connection) drain.given(connection);
  } catch (error) {
    stream.close();
    throw error;
  }
}
