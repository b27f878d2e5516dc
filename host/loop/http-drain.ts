// Ends the connections of an HTTP server behind the loop in a graceful stop, without cutting off a request.

import type { IncomingMessage } from "node:http";
import type { Http2Session } from "node:http2";
import type { Drained } from "../engine/admission.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { SocketHandle } from "../socket/handle.ts";
import type { Stream } from "../stream/stream.ts";
import { type Drain, HttpConnection } from "./http-connection.ts";
import { alongside, endAll, watchAnswers, watchRequests } from "./http-requests.ts";
import { type AnyServer, speaksHttp1, speaksHttp2, streamOf } from "./served.ts";
import { SlowClients, trackConnections } from "./slow-clients.ts";

// Deno closes a connection after the first answer if the server has not accepted the socket itself.
const ANSWERS_ONCE = process.versions["deno"] !== undefined;

/** Seconds between the notice to HTTP/2 clients and the end of new streams. */
const NOTICE = 0.1;

// One drain for a loop and a server, even if the server has several acceptors.
const drains = new WeakMap<LoopEngine, WeakMap<AnyServer, HttpDrain>>();

/** Tracks the connections of one server, from its first acceptor to its last connection. */
export class HttpDrain implements Drain, Drained {
  readonly server: AnyServer;
  readonly connections: Map<Stream, HttpConnection> = new Map();
  readonly #engine: LoopEngine;
  readonly #ends: (() => void)[] = [];
  readonly #slow: SlowClients | undefined;
  #acceptors = 0;
  #watchesAnswers = false;

  /** Returns the drain of a server, and counts one more acceptor. */
  static of(engine: LoopEngine, server: AnyServer): HttpDrain {
    let ofEngine = drains.get(engine);
    if (!ofEngine) drains.set(engine, (ofEngine = new WeakMap()));
    let drain = ofEngine.get(server);
    if (!drain) ofEngine.set(server, (drain = new HttpDrain(engine, server)));
    drain.#acceptors++;
    return drain;
  }

  private constructor(engine: LoopEngine, server: AnyServer) {
    this.server = server;
    this.#engine = engine;
    if (speaksHttp1(server) && !trackConnections(server))
      this.#slow = new SlowClients(engine, server, this.connections);
  }

  /** Whether answers must say `Connection: close`. */
  get closesAnswers(): boolean {
    return ANSWERS_ONCE || this.isFinishing;
  }

  /** Whether a graceful stop has begun. */
  get isFinishing(): boolean {
    return this.#engine.admission.isFinishing;
  }

  /** Whether a graceful stop has ended accepting. */
  get isClosing(): boolean {
    return this.#engine.admission.hasEnded;
  }

  /** Adds a connection of the server. */
  add(stream: Stream, socket: SocketHandle): HttpConnection {
    this.#watch();
    const connection = new HttpConnection(this, stream, socket, this.#slow);
    this.#slow?.added(connection);
    this.connections.set(stream, connection);
    return connection;
  }

  /** The server has received the connection. */
  given(connection: HttpConnection): void {
    if (this.isClosing) connection.settle();
  }

  forget(connection: HttpConnection): void {
    this.connections.delete(connection.stream);
    this.#endIfOver();
  }

  followerOf(socket: object): HttpConnection | undefined {
    const stream = streamOf(this.#engine, socket);
    return stream && this.connections.get(stream);
  }

  guarded(task: () => void): void {
    this.#engine.guard.run("request", task);
  }

  finishing(): void {
    this.#watchAnswers();
    for (const connection of this.connections.values()) connection.closeAfterAnswer();
  }

  closing(): void {
    for (const connection of this.connections.values()) {
      connection.warn();
      connection.settle();
    }
    if (speaksHttp2(this.server)) this.#goAwayLater();
  }

  /** One of the acceptors has ended. */
  acceptorEnded(): void {
    this.#acceptors--;
    this.#endIfOver();
  }

  // Clients may still wait in the queue of an acceptor that has ended: `add` watches again.
  #endIfOver(): void {
    if (this.#acceptors > 0 || this.connections.size > 0) return;
    this.#engine.admission.drained.delete(this);
    this.#slow?.end();
    endAll(this.#ends);
  }

  #watch(): void {
    this.#engine.admission.drained.add(this);
    if (this.#ends.length > 0) return;
    const { server } = this;
    const upgraded = (request: IncomingMessage): void => this.followerOf(request.socket)?.upgraded();
    try {
      this.#ends.push(watchRequests(server, this));
      for (const name of ["upgrade", "connect"]) this.#ends.push(alongside(server, name, upgraded));
      if (speaksHttp2(server)) this.#watchSessions();
      if (this.isFinishing) this.#watchAnswers();
    } catch (error) {
      endAll(this.#ends); // the next connection tries again
      throw error;
    }
  }

  #watchAnswers(): void {
    if (!speaksHttp1(this.server) || this.#watchesAnswers) return;
    this.#watchesAnswers = true;
    const end = watchAnswers();
    this.#ends.push(() => {
      this.#watchesAnswers = false;
      end();
    });
  }

  #watchSessions(): void {
    const opened = (session: Http2Session): void => {
      const connection = this.followerOf(session.socket);
      if (!connection) return;
      connection.speaksHttp2(session);
      if (!this.isClosing) return;
      connection.warn();
      this.#goAwayLater();
    };
    this.server.on("session", opened);
    this.#ends.push(() => this.server.off("session", opened));
  }

  // Streams that clients begin before they receive the notice are still served.
  #goAwayLater(): void {
    this.#engine.timers.make(NOTICE, false, () => {
      for (const connection of this.connections.values()) connection.goAway();
    });
  }
}
