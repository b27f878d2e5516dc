// An accepted connection without the runtime's socket around it: on Node and Bun.
//
// A `net.Socket` is two streams with states, queues and listeners, and a loop's stream needs none of them: they are a large part of
// what accepting costs, and of the memory of an idle connection. So the loop takes what the runtime would make its socket of, and
// stands in the socket's place. Whoever asks for the socket gets one, made there and then.

import { channel } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";

/** Who hears a connection. */
export interface Listener {
  received(chunk: Buffer): void;
  failed(error: Error): void;
  /** The connection is closed, or, with `ended`, the peer has ended its side. */
  closed(ended: boolean): void;
}

/** Where a connection comes from; nothing where it has no address, or is none any more. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Where a connection ends on this side, likewise. */
export interface Local {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Called once when a piece has been taken, or cannot be. */
export type Done = (error?: Error | null) => void;

/** What a listening server has that its types don't say. */
export type Accepting = Server & {
  /** Whether its connections send small pieces at once. */
  noDelay?: boolean;
  _connections: number;
  _emitCloseIfDrained?(): void;
  blockList?: unknown;
};

/** A connection, silent until it is heard and resumed. */
export abstract class BareSocket {
  /** Whether it is closed, or has become a socket. */
  destroyed = false;
  /** Whether the peer has ended its side. */
  readableEnded = false;
  /** Whether our side has ended. */
  writableEnded = false;
  listener: Listener | undefined;
  /** Whether it is resumed. */
  isReading = false;
  protected readonly server: Accepting;

  constructor(server: Accepting) {
    this.server = server;
  }

  /** It has no events: there is its listener, and while it has none, nothing happens to it. */
  on(_name: string, _callback: unknown): this {
    return this;
  }

  off(_name: string, _callback: unknown): this {
    return this;
  }

  /** Without effect: the listener decides when our side ends. */
  set allowHalfOpen(_on: boolean) {}

  /** What has come is told at once. */
  get readableLength(): number {
    return 0;
  }

  /** Tells a listener what comes. */
  hear(listener: Listener): void {
    this.listener = listener;
  }

  abstract pause(): void;
  abstract resume(): void;
  abstract ref(): void;
  abstract unref(): void;
  /** That of TCP; other connections have none, and take no notice. */
  abstract setNoDelay(on: boolean): void;
  abstract setKeepAlive(on: boolean, milliseconds: number): void;
  /** Writes; `done` is called before this returns, where the system has taken it all. */
  abstract send(piece: Buffer | string, encoding: BufferEncoding, done: Done): void;
  /** Ends our side, once. False where the runtime's socket is needed for that. */
  end(): boolean {
    return this.writableEnded || (this.writableEnded = this.shut());
  }

  protected abstract shut(): boolean;
  /** Closes at once. All that was written and has been taken is sent still. */
  abstract destroy(error?: Error): void;
  abstract peer(): Peer;
  abstract local(): Local;
  /** Closes at once, and has the peer know that it was not the end. */
  abstract reset(): void;
  /** Makes the runtime's socket of it, paused, and heard by nobody. */
  abstract toSocket(): Socket;

  /** The server has one connection less. */
  protected left(): void {
    // oxlint-disable no-underscore-dangle -- the runtime's names
    this.server._connections--;
    this.server._emitCloseIfDrained?.();
  }
}

// Looked up once: the runtime holds its channels weakly, and looking one up shows in what it costs to accept.
const accepted = channel("net.server.socket");

/** Whether anybody but us looks at the sockets of a server. */
export function isOfInterest(server: Accepting): boolean {
  return (
    server.listenerCount("connection") > 1 ||
    (server.maxConnections ?? undefined) !== undefined ||
    (server.blockList ?? undefined) !== undefined ||
    accepted.hasSubscribers
  );
}
